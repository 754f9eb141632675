package remediation_test

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

const put = "lambda:PutFunctionConcurrency"

// outcomes returns how the attempts ended, in order.
func outcomes(rem *v1alpha1.Remediation) []v1alpha1.Outcome {
	var list []v1alpha1.Outcome
	for _, i := range rem.Status.Intents {
		list = append(list, i.Outcome)
	}
	return list
}

// expectAsUndisturbed compares the end with that of a run in which nothing went wrong.
func (s *story) expectAsUndisturbed(rem *v1alpha1.Remediation) {
	GinkgoHelper()
	for typ, reason := range map[string]string{
		v1alpha1.ConditionAccepted: v1alpha1.ReasonAccepted, v1alpha1.ConditionPlanned: v1alpha1.ReasonPlanned,
		v1alpha1.ConditionApproved: v1alpha1.ReasonApproved, v1alpha1.ConditionApplied: v1alpha1.ReasonApplied,
		v1alpha1.ConditionVerified: v1alpha1.ReasonVerified, v1alpha1.ConditionSucceeded: v1alpha1.ReasonSucceeded,
	} {
		Expect(rem).To(HaveCondition(typ, metav1.ConditionTrue, reason))
	}
	Expect(rem).To(HaveNoCondition(v1alpha1.ConditionStalled))
	Expect(rem).To(HaveNoCondition(v1alpha1.ConditionReconciling))
	Expect(rem.Status.PlanNumber).To(BeEquivalentTo(1))
	Expect(rem.Status.Intents[len(rem.Status.Intents)-1].Outcome).To(Equal(v1alpha1.OutcomeApplied))
	Expect(s.changed()).To(HaveLen(1), "one change of state")
	Expect(s.reserved()).To(BeEquivalentTo(200))
	s.until("the locks are given back", time.Minute, func() bool { return len(s.get(rem.Name).Finalizers) == 0 })
	Expect(s.leases()).To(BeZero())
}

var _ = DescribeTable("A call that goes wrong on its way changes the function once, and the end is that of an undisturbed run",
	func(rule faults.Rule, attempts []v1alpha1.Outcome, calls int) {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.World.Faults().Add(rule)
		rem = s.ends(rem, 30*time.Minute)
		s.expectAsUndisturbed(rem)
		Expect(outcomes(rem)).To(Equal(attempts))
		Expect(s.calls()).To(HaveLen(calls))
	},
	Entry("undisturbed", faults.Rule{Action: "lambda:Nothing"}, []v1alpha1.Outcome{"Applied"}, 1),
	Entry("applied, and the connection is reset", faults.Rule{Action: put, Times: 1, Effect: faults.Effect{ResetAfter: true}},
		[]v1alpha1.Outcome{"Applied"}, 1),
	Entry("applied, and answered with an internal error", faults.Rule{Action: put, Times: 1, Effect: faults.Effect{FailAfter: true}},
		[]v1alpha1.Outcome{"Applied"}, 1),
	Entry("applied, while reads are 20 s old", faults.Rule{Action: "lambda:GetFunction*", Role: role, Effect: faults.Effect{Stale: 20 * time.Second}},
		[]v1alpha1.Outcome{"Applied"}, 1),
	Entry("reset before it arrives", faults.Rule{Action: put, Times: 1, Effect: faults.Effect{ResetBefore: true}},
		[]v1alpha1.Outcome{"NotApplied", "Applied"}, 2),
	Entry("an internal error before anything happens", faults.Rule{Action: put, Times: 1, Effect: faults.InternalError()},
		[]v1alpha1.Outcome{"NotApplied", "Applied"}, 2),
	Entry("throttled", faults.Rule{Action: put, Times: 1, Effect: faults.Effect{Throttle: true}},
		[]v1alpha1.Outcome{"Refused", "Applied"}, 2),
	Entry("refused during another update", faults.Rule{Action: put, Times: 1, Effect: faults.Error("ResourceConflictException", "secret text", http.StatusConflict)},
		[]v1alpha1.Outcome{"Refused", "Applied"}, 2),
)

var _ = Describe("A call that AWS refuses", func() {
	It("ends the Remediation where the account's floor forbids it, in words of our own", func() {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.World.Faults().Add(faults.Rule{Action: put, Effect: faults.Error("InvalidParameterValueException",
			"Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [77].", http.StatusBadRequest)})
		rem = s.ends(rem, patient)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonUnreservedFloor))
		Expect(outcomes(rem)).To(Equal([]v1alpha1.Outcome{v1alpha1.OutcomeRefused}))
		Expect(rem.Status.Intents[0].Message).To(And(ContainSubstring("at least 77"), Not(ContainSubstring("Specified"))))
		Expect(s.changed()).To(BeEmpty())
		s.pass(time.Minute)
		Expect(s.leases()).To(BeZero())
		Expect(s.calls()).To(HaveLen(1))
	})

	It("is made again after a growing pause, not at once, upon the same approval", func() {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.World.Faults().Add(faults.Rule{Action: put, Times: 3, Effect: faults.Effect{Throttle: true}})
		rem = s.ends(rem, 40*time.Minute)
		s.expectAsUndisturbed(rem)
		at := rem.Status.Intents
		Expect(at).To(HaveLen(4))
		for i := 1; i < len(at); i++ {
			Expect(at[i].At.Sub(at[i-1].At.Time)).To(BeNumerically(">=", 15*time.Second<<(i-1)), "attempt %d", i+1)
			Expect(at[i].Approvals).To(Equal(at[0].Approvals))
		}
	})

	It("is not announced while the operator's own budget allows none", func() {
		budgets := aws.DefaultBudgets()
		budgets.LambdaChanges = aws.Budget{PerSecond: 1.0 / 120, Burst: 1}
		s := beginWith(aws.Options{Budgets: budgets})
		rem := s.asks()
		other, err := s.Deps.AWS.Session(s.ctx, aws.Access{
			AccountID: reactstocks.AccountID, Region: reactstocks.Region, RoleARN: reactstocks.GrantRoleARN, ExternalID: reactstocks.ExternalID,
		}, "another")
		Expect(err).NotTo(HaveOccurred())
		Expect(other.Lambda.PutFunctionConcurrency(s.ctx, reactstocks.NewsSyncFunction, 5)).To(Succeed())
		s.approves(rem)
		s.until("it waits", patient, func() bool { return s.reason(rem.Name, v1alpha1.ConditionApplied) == v1alpha1.ReasonAWSUnavailable })
		Expect(s.get(rem.Name).Status.Intents).To(BeEmpty())
		Expect(s.calls()).To(HaveLen(1), "that of the other")
		rem = s.ends(rem, time.Hour)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionTrue, v1alpha1.ReasonSucceeded))
		Expect(outcomes(rem)).To(Equal([]v1alpha1.Outcome{v1alpha1.OutcomeApplied}))
		Expect(s.calls()).To(HaveLen(2))
	})

	It("holds no lock while it pauses", func() {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.World.Faults().Add(faults.Rule{Action: put, Times: 1, Effect: faults.Effect{Throttle: true}})
		s.until("AWS refused", patient, func() bool { return s.reason(rem.Name, v1alpha1.ConditionApplied) == v1alpha1.ReasonRefused })
		Expect(s.leases()).To(BeZero(), "nobody else may be kept from changing the account's functions meanwhile")
	})

	It("succeeds once a person allowed it in IAM ten minutes later", func() {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		policy := iam.Allow("cloudwatch:*", "lambda:Get*", "lambda:List*")
		s.World.IAM().SetRolePolicy(reactstocks.GrantRoleARN, &policy)
		s.until("AWS refused", patient, func() bool { return s.reason(rem.Name, v1alpha1.ConditionApplied) == v1alpha1.ReasonRefused })
		Expect(s.get(rem.Name).Status.Intents[0].Message).To(ContainSubstring(put))
		s.pass(10 * time.Minute)
		s.World.IAM().SetRolePolicy(reactstocks.GrantRoleARN, nil)
		s.expectAsUndisturbed(s.ends(rem, 40*time.Minute))
	})

	It("is given up after some attempts, with a word to a person", func() {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.World.Faults().Add(faults.Rule{Action: put, Effect: faults.Effect{Throttle: true}})
		rem = s.ends(rem, time.Hour)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonHeld))
		Expect(len(rem.Status.Intents)).To(BeNumerically("<=", 16), "the bound of status.intents")
		Expect(s.changed()).To(BeEmpty())
		Expect(s.World.Ledger().Count(ledger.ByAction(put))).To(Equal(len(rem.Status.Intents)))
	})
})
