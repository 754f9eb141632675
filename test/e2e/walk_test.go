package e2e

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var _ = Describe("The walk", func() {
	It("goes from the throttle alarm to Resolved with exactly one change", func() {
		w := begin(reactstocks.Throttling)
		rem := w.proposed()

		inc := w.incident()
		Expect(inc.Name).To(Equal("react-stocks-1"))
		Expect(inc).To(HaveCondition(v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted))
		Expect(inc).To(HaveCondition(v1alpha1.ConditionInvestigated, metav1.ConditionTrue, v1alpha1.ReasonComplete))
		Expect(inc).To(HaveCondition(v1alpha1.ConditionDiagnosed, metav1.ConditionTrue, "ReservedConcurrencyTooLow"))
		Expect(inc).To(HaveCondition(v1alpha1.ConditionResolved, metav1.ConditionFalse, v1alpha1.ReasonAwaitingApproval))
		Expect(inc.Status.OpenedAt.Sub(inc.Spec.Signal.TransitionedAt.Time)).To(BeNumerically("<=", 30*time.Second), "the poll is every 30 s")

		plan := rem.Status.Plan
		Expect(plan.Calls).To(HaveLen(1))
		Expect(plan.Calls[0].Call.Operation).To(Equal("lambda:PutFunctionConcurrency"))
		Expect(plan.Calls[0].Call.Writes).To(ConsistOf(HaveField("Value", HaveValue(Equal("200")))))
		Expect(plan.Calls[0].Before).To(ConsistOf(HaveField("Value", HaveValue(Equal("100")))))
		Expect(plan.Calls[0].Inverse.Writes).To(ConsistOf(HaveField("Value", HaveValue(Equal("100")))))
		Expect(plan.Verification.Alarms).To(ContainElement(reactstocks.ThrottlesAlarm))
		Expect(w.changes()).To(BeEmpty(), "nothing is changed before anybody approved")

		Expect(w.approve(alice, rem)).To(Succeed())
		w.until("the change is proved", time.Hour, func() bool { return w.reason(v1alpha1.ConditionSucceeded) == v1alpha1.ReasonSucceeded })

		rem = w.remediation()
		Expect(rem).To(HaveCondition(v1alpha1.ConditionApplied, metav1.ConditionTrue, v1alpha1.ReasonApplied))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionVerified, metav1.ConditionTrue, v1alpha1.ReasonVerified))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionDriftDebt, metav1.ConditionTrue, v1alpha1.ReasonTemplateDiffers))
		Expect(rem.Status.Intents).To(HaveLen(1))
		Expect(rem.Status.Intents[0].Outcome).To(Equal(v1alpha1.OutcomeApplied))

		v := rem.Status.Verification
		Expect(v.Good).To(BeNumerically(">=", 16), "one observation a minute over 15 minutes, both ends counted")
		Expect(v.LargestGapSeconds).To(BeNumerically("<=", 90), "no gap over one and a half periods")
		Expect(v.LastAt.Sub(v.GoodSince.Time)).To(BeNumerically(">=", 15*time.Minute))
		Expect(v.FirstAt.Sub(rem.Status.AppliedAt.Time)).To(BeNumerically(">=", time.Duration(plan.Verification.SettleSeconds)*time.Second))

		w.until("the Incident is over", patient, func() bool {
			return conditions.IsTrue(w.incident().Status.Conditions, v1alpha1.ConditionResolved)
		})
		Expect(w.incident()).To(HaveCondition(v1alpha1.ConditionResolved, metav1.ConditionTrue, v1alpha1.ReasonRemediated))

		changes := w.changes()
		Expect(changes).To(HaveLen(1))
		Expect(changes[0].Action()).To(Equal("lambda:PutFunctionConcurrency"))
		Expect(changes[0].Principal).To(ContainSubstring(string(rem.UID)), "CloudTrail names the Remediation")
		Expect(changes[0].Changed).To(BeTrue())
		Expect(w.World.Ledger().Entries(ledger.Changed(), ledger.ByRole("runbook-operator-react-stocks"))).To(HaveLen(1))

		w.until("the locks are given back", patient, func() bool { return len(w.remediation().Finalizers) == 0 })
		Expect(w.leases()).To(BeEmpty())
	})
})
