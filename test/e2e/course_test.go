package e2e

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

// ended lets time pass until the Remediation ended.
func (w *walk) ended(limit time.Duration) *v1alpha1.Remediation {
	GinkgoHelper()
	w.until("the Remediation ends", limit, func() bool { return w.remediation().Status.EndedAt != nil })
	return w.remediation()
}

func (w *walk) expectNothingChanged() {
	GinkgoHelper()
	Expect(w.changes()).To(BeEmpty())
	Expect(w.World.Ledger().Count(ledger.Changed(), ledger.ByRole("runbook-operator-react-stocks"))).To(BeZero())
}

var _ = Describe("After the change", func() {
	It("holds a change that does not help, and leaves the Incident open for a person", func() {
		w := begin(reactstocks.Throttling)
		Expect(w.approve(alice, w.proposed())).To(Succeed())
		w.until("the change is made", patient, func() bool { return w.reason(v1alpha1.ConditionApplied) == v1alpha1.ReasonApplied })
		w.offer(400) // more than the 200 that were reserved

		rem := w.ended(time.Hour)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionVerified, metav1.ConditionFalse, v1alpha1.ReasonNotFixed))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonHeld))
		Expect(rem.Status.Verification.Bad).To(Equal(rem.Status.Plan.Verification.FailureLimit))
		Expect(w.Driver.RunFor(w.ctx, 30*time.Minute)).To(Succeed())
		Expect(w.incident()).To(HaveCondition(v1alpha1.ConditionResolved, metav1.ConditionFalse, v1alpha1.ReasonHeldForPerson))
		Expect(w.changes()).To(HaveLen(1), "a change that is held is neither repeated nor undone")
	})

	It("cannot tell without traffic, although the alarm is OK", func() {
		w := begin(reactstocks.Throttling)
		Expect(w.approve(alice, w.proposed())).To(Succeed())
		w.until("the change is made", patient, func() bool { return w.reason(v1alpha1.ConditionApplied) == v1alpha1.ReasonApplied })
		w.offer(0)

		rem := w.ended(2 * time.Hour)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionVerified, metav1.ConditionFalse, v1alpha1.ReasonInconclusive))
		Expect(rem.Status.Verification.Message).To(ContainSubstring("no traffic"))
		Expect(rem.Status.Verification.Observations).To(BeNumerically(">", 16))
		Expect(w.incident()).NotTo(HaveCondition(v1alpha1.ConditionResolved, metav1.ConditionTrue, v1alpha1.ReasonRemediated))
	})

	It("cannot tell when somebody else changed the function meanwhile", func() {
		w := begin(reactstocks.Throttling)
		Expect(w.approve(alice, w.proposed())).To(Succeed())
		w.until("the change is made", patient, func() bool { return w.reason(v1alpha1.ConditionApplied) == v1alpha1.ReasonApplied })
		w.reserve(250)

		rem := w.ended(time.Hour)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionVerified, metav1.ConditionFalse, v1alpha1.ReasonInconclusive))
		Expect(rem.Status.Verification.Message).To(ContainSubstring("somebody else changed it"))
	})
})

var _ = Describe("Before the change", func() {
	It("withdraws a plan when the application recovers by itself", func() {
		w := begin(reactstocks.RecoversByItself)
		w.proposed()

		rem := w.ended(2 * time.Hour)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonWithdrawn))
		Expect(rem).To(HaveNoCondition(v1alpha1.ConditionStalled))
		w.until("the Incident is over", patient, func() bool {
			return conditions.IsTrue(w.incident().Status.Conditions, v1alpha1.ConditionResolved)
		})
		inc := w.incident()
		Expect(inc).To(HaveCondition(v1alpha1.ConditionResolved, metav1.ConditionTrue, v1alpha1.ReasonRecoveredWithoutChange))
		over := inc.Status.RecoveredSince.Time
		Expect(w.Clock.Now().Sub(over)).To(BeNumerically(">=", 5*time.Minute), "the default of recovery.stableFor")
		w.expectNothingChanged()
	})

	It("asks a person, with what to do, where the account has nothing left to reserve", func() {
		w := begin(reactstocks.Throttling)
		_, err := w.byHand().PutFunctionConcurrency(w.ctx, &lambda.PutFunctionConcurrencyInput{
			FunctionName: aws.String(reactstocks.CheckoutFunction), ReservedConcurrentExecutions: aws.Int32(800), // and 100 are the backend's
		})
		Expect(err).NotTo(HaveOccurred())
		w.until("the Incident is diagnosed", patient, func() bool {
			all := w.incidents()
			return len(all) == 1 && conditions.Reason(all[0].Status.Conditions, v1alpha1.ConditionResolved) == v1alpha1.ReasonInstructed
		})
		Expect(w.incident()).To(HaveCondition(v1alpha1.ConditionDiagnosed, metav1.ConditionTrue, "NothingLeftToReserve"))
		Expect(w.incident().Status.Causes[0].Instruction).To(ContainSubstring("Lower a reservation"))
		Expect(w.remediation()).To(BeNil(), "a change that gives nothing is not proposed")
		w.expectNothingChanged()
	})

	It("changes nothing when the cause is gone at the time of the approval", func() {
		w := begin(reactstocks.RecoversByItself)
		rem := w.proposed()
		w.until("the alarm recovers", time.Hour, func() bool { return w.incident().Status.RecoveredSince != nil })
		Expect(w.approve(alice, rem)).To(Succeed())

		rem = w.ended(4 * time.Minute)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonNoLongerNeeded))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionApproved, metav1.ConditionTrue, v1alpha1.ReasonApproved))
		w.expectNothingChanged()
	})

	It("plans anew when the function moved, and an approval of the old plan does not count", func() {
		w := begin(reactstocks.Throttling)
		old := w.proposed()
		w.reserve(110)
		Expect(w.approve(alice, old)).To(Succeed())
		w.until("there is another plan", patient, func() bool { return w.remediation().Status.PlanNumber == 2 })

		rem := w.remediation()
		Expect(rem.Status.Plan.Digest).NotTo(Equal(old.Status.Plan.Digest))
		Expect(rem.Status.Plan.Calls[0].Before[0].Value).To(HaveValue(Equal("110")))
		Expect(w.Driver.RunFor(w.ctx, 6*time.Minute)).To(Succeed())
		Expect(w.remediation()).To(HaveCondition(v1alpha1.ConditionApproved, metav1.ConditionFalse, v1alpha1.ReasonAwaitingApproval))
		w.expectNothingChanged()

		By("coming back to where it was, which does not revive the first approval")
		w.reserve(100)
		w.until("there is a third plan", patient, func() bool { return w.remediation().Status.PlanNumber == 3 })
		Expect(w.remediation().Status.Plan.Calls).To(Equal(old.Status.Plan.Calls))
		Expect(w.Driver.RunFor(w.ctx, 6*time.Minute)).To(Succeed())
		w.expectNothingChanged()
	})

	It("gives up a target that somebody else keeps changing", func() {
		w := begin(reactstocks.Throttling)
		w.proposed()
		for i, n := range []int32{101, 102, 103} {
			w.reserve(n)
			w.until("the plan went stale", patient, func() bool {
				rem := w.remediation()
				return rem.Status.PlanNumber == int64(i+2) || rem.Status.EndedAt != nil
			})
		}
		rem := w.ended(patient)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonTargetUnstable))
		w.expectNothingChanged()
	})

	It("waits for approval, under a new number when a plan expires, and never changes anything without", func() {
		w := begin(reactstocks.Throttling)
		first := w.proposed()
		Expect(w.Driver.RunFor(w.ctx, 35*time.Minute)).To(Succeed())

		rem := w.remediation()
		Expect(rem).To(HaveCondition(v1alpha1.ConditionApproved, metav1.ConditionFalse, v1alpha1.ReasonAwaitingApproval))
		Expect(rem.Status.PlanNumber).To(Equal(first.Status.PlanNumber+1), "a plan waits 30 minutes by default")
		Expect(rem.Status.Plan.Calls).To(Equal(first.Status.Plan.Calls))
		w.expectNothingChanged()

		By("an approval of the expired plan")
		Expect(w.approve(alice, first)).To(Succeed())
		Expect(w.Driver.RunFor(w.ctx, 6*time.Minute)).To(Succeed())
		w.expectNothingChanged()
	})

	It("gives up a change that was not begun in time", func() {
		w := begin(reactstocks.Steady)
		ExpectApplied(w.ctx, w.Admin, builder.Remediation(w.Namespace, func(r *v1alpha1.Remediation) {
			r.Spec.NotAfter = metav1.NewTime(w.Clock.Now().Add(10 * time.Minute))
		}))
		w.proposed()
		rem := w.ended(patient)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonExpired))
		w.expectNothingChanged()
	})

	It("keeps the number and the digest of a plan that is worked out again and did not change", func() {
		w := begin(reactstocks.Throttling)
		first := w.proposed()
		Expect(w.Driver.RunFor(w.ctx, 12*time.Minute)).To(Succeed())
		rem := w.remediation()
		Expect(rem.Status.Plan.Number).To(Equal(first.Status.Plan.Number))
		Expect(rem.Status.Plan.Digest).To(Equal(first.Status.Plan.Digest))
		Expect(w.World.Ledger().Count(ledger.ByAction("lambda:GetFunction"))).To(BeNumerically(">", 2), "it was worked out again")
	})

	It("refuses a person without the verb at the API server, and changes nothing", func() {
		w := begin(reactstocks.Throttling)
		rem := w.proposed()
		Expect(w.approve(carol, rem)).To(MatchError(ContainSubstring("may not approve remediations/setReservedConcurrency")))
		Expect(w.approve(bob, rem)).To(MatchError(ContainSubstring(`cannot create resource "approvals"`)))
		Expect(w.Driver.RunFor(w.ctx, 6*time.Minute)).To(Succeed())
		w.expectNothingChanged()
	})

	It("ends at one rejection", func() {
		w := begin(reactstocks.Throttling)
		rem := w.proposed()
		Expect(w.approve(alice, rem, func(a *v1alpha1.Approval) { a.Spec.Decision = v1alpha1.DecisionRejected })).To(Succeed())
		rem = w.ended(patient)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonRejected))
		Expect(w.Driver.RunFor(w.ctx, 6*time.Minute)).To(Succeed())
		Expect(w.incident()).To(HaveCondition(v1alpha1.ConditionResolved, metav1.ConditionFalse, v1alpha1.ReasonHeldForPerson))
		w.expectNothingChanged()
	})
})

var _ = Describe("The modes", func() {
	It("Observe investigates and diagnoses, and proposes nothing", func() {
		w := begin(reactstocks.Throttling, func(a *v1alpha1.ServerlessApplication) { a.Spec.Mode = v1alpha1.ModeObserve })
		w.until("there is a diagnosis", patient, func() bool {
			return len(w.incidents()) == 1 && conditions.IsTrue(w.incident().Status.Conditions, v1alpha1.ConditionDiagnosed)
		})
		Expect(w.Driver.RunFor(w.ctx, 10*time.Minute)).To(Succeed())
		Expect(w.remediation()).To(BeNil())
		Expect(w.incident()).To(HaveCondition(v1alpha1.ConditionResolved, metav1.ConditionFalse, v1alpha1.ReasonModeObserve))
		w.expectNothingChanged()
	})

	It("Propose plans and takes approvals, and changes nothing until the mode is Act", func() {
		w := begin(reactstocks.Throttling, func(a *v1alpha1.ServerlessApplication) { a.Spec.Mode = v1alpha1.ModePropose })
		Expect(w.approve(alice, w.proposed())).To(Succeed())
		w.until("the change is held", patient, func() bool { return w.reason(v1alpha1.ConditionApplied) == v1alpha1.ReasonModePropose })
		Expect(w.remediation()).To(HaveCondition(v1alpha1.ConditionApproved, metav1.ConditionTrue, v1alpha1.ReasonApproved))
		Expect(w.Driver.RunFor(w.ctx, 10*time.Minute)).To(Succeed())
		w.expectNothingChanged()
	})
})
