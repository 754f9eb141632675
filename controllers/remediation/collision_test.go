package remediation_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

// contended is a story of two Remediations that draw on one pool: the change of the first, a, is not seen yet, and the second, b,
// waits for approval.
func contended() (s *story, first, second *v1alpha1.Remediation) {
	GinkgoHelper()
	s = begin()
	first = s.asks(named("a"), reserving(reactstocks.BackendFunction, 200))
	second = s.asks(named("b"), reserving(reactstocks.NewsSyncFunction, 20))
	s.World.Faults().Add(faults.Rule{Action: "lambda:GetFunction*", Role: role, Effect: faults.Effect{Stale: 10 * time.Second}})
	s.approves(first)
	s.until("the first one's change is not seen yet", patient, func() bool { return s.reason("a", v1alpha1.ConditionApplied) == v1alpha1.ReasonTakingEffect })
	return s, first, second
}

var _ = Describe("Two Remediations", func() {
	DescribeTable("of one function are made one after the other, and the second upon what the first left",
		func(one, other int32, expect func(later *v1alpha1.Remediation)) {
			s := begin()
			first := s.asks(named("a"), reserving(reactstocks.BackendFunction, one))
			second := s.asks(named("b"), reserving(reactstocks.BackendFunction, other))
			s.approves(first)
			s.until("the first is approved", patient, func() bool { return s.reason("a", v1alpha1.ConditionApproved) == v1alpha1.ReasonApproved })
			s.approves(second)
			Expect(s.ends(first, time.Hour)).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionTrue, v1alpha1.ReasonSucceeded))
			s.pass(10 * time.Minute)
			expect(s.get("b"))
			Expect(s.changed()).To(HaveLen(1))
			Expect(s.reserved()).To(BeEquivalentTo(one))
		},
		Entry("which no longer helps", int32(200), int32(150), func(later *v1alpha1.Remediation) {
			GinkgoHelper()
			Expect(later).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonNoHeadroom))
		}),
		Entry("which is another change and needs another approval", int32(150), int32(200), func(later *v1alpha1.Remediation) {
			GinkgoHelper()
			Expect(later).To(HaveCondition(v1alpha1.ConditionApproved, metav1.ConditionFalse, v1alpha1.ReasonAwaitingApproval))
			Expect(later.Status.PlanNumber).To(BeNumerically(">", 1))
		}),
	)

	It("that draw on the same pool wait until the first one's outcome is known", func() {
		s, first, second := contended()
		s.approves(second)
		s.until("the second waits for its turn", patient, func() bool { return s.reason("b", v1alpha1.ConditionApplied) == v1alpha1.ReasonTargetBusy })
		Expect(s.get("a")).To(HaveCondition(v1alpha1.ConditionApplied, metav1.ConditionFalse, v1alpha1.ReasonTakingEffect))
		Expect(s.changed()).To(HaveLen(1))
		Expect(s.leases()).To(Equal(2), "the function and the pool of the first, and nothing of the one that waits")
		s.until("the second is made", patient, func() bool { return s.get("b").Status.AppliedAt != nil })
		Expect(s.get("b").Status.Intents[0].At.Before(s.get("a").Status.AppliedAt)).To(BeFalse())
		Expect(s.changed()).To(HaveLen(2))
		s.ends(first, time.Hour)
		s.ends(second, time.Hour)
	})

	It("of one pool read nothing of AWS while it is not their turn, and a rejection is heard meanwhile", func() {
		s, first, second := contended()
		mark := s.World.Ledger().Len()
		s.approves(second)
		s.until("the second waits for its turn", patient, func() bool { return s.reason("b", v1alpha1.ConditionApplied) == v1alpha1.ReasonTargetBusy })
		Expect(s.get("b")).To(HaveCondition(v1alpha1.ConditionApproved, metav1.ConditionTrue, v1alpha1.ReasonApproved))
		Expect(s.get("b").Status.Approvals).To(HaveLen(1))
		Expect(s.World.Ledger().Count(ledger.After(mark), ledger.ByRole(role), ledger.ByAction("lambda:GetAccountSettings"))).To(BeZero(), "which every plan reads")
		Expect(s.World.Ledger().Count(ledger.After(mark), ledger.ByRole(role), ledger.ByAction("cloudwatch:DescribeAlarms"))).To(BeZero())
		s.World.Faults().Add(faults.Rule{Action: "cloudwatch:*", Role: role, Effect: faults.Effect{ResetBefore: true}}) // AWS is away
		s.decides(second, v1alpha1.DecisionRejected)
		Expect(s.ends(second, 5*time.Second)).To(HaveCondition(v1alpha1.ConditionApproved, metav1.ConditionFalse, v1alpha1.ReasonRejected))
		Expect(s.reason("a", v1alpha1.ConditionApplied)).To(Equal(v1alpha1.ReasonTakingEffect))
		s.ends(first, time.Hour)
		Expect(s.changed()).To(HaveLen(1))
	})

	It("are not kept apart by one that waits for another approval", func() {
		s := begin()
		first := s.asks(named("a"), reserving(reactstocks.BackendFunction, 200))
		s.approves(first)
		s.World.Faults().Add(faults.Rule{Action: put, Times: 1, Effect: faults.Effect{Throttle: true}})
		s.until("AWS refused", patient, func() bool { return s.reason("a", v1alpha1.ConditionApplied) == v1alpha1.ReasonRefused })
		app := ExpectExists(s.ctx, s.Admin, builder.ServerlessApplication(s.Namespace))
		app.Spec.Mode = v1alpha1.ModePropose
		Expect(s.Admin.Update(s.ctx, app)).To(Succeed())
		s.until("it is held", patient, func() bool { return s.reason("a", v1alpha1.ConditionApplied) == v1alpha1.ReasonModePropose })
		Expect(s.leases()).To(BeZero())
	})
})

var _ = Describe("A Remediation that is deleted", func() {
	It("before anything began is gone at once, whatever it waited for", func() {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.World.Faults().Add(faults.Rule{Action: put, Times: 1, Effect: faults.Effect{Throttle: true}})
		s.until("AWS refused", patient, func() bool { return s.reason(rem.Name, v1alpha1.ConditionApplied) == v1alpha1.ReasonRefused })
		Expect(s.get(rem.Name).Finalizers).NotTo(BeEmpty())
		Expect(s.Admin.Delete(s.ctx, rem)).To(Succeed())
		s.until("it is gone", time.Minute, func() bool { return s.gone(rem.Name) })
		s.pass(10 * time.Minute)
		Expect(s.changed()).To(BeEmpty())
		Expect(s.leases()).To(BeZero())
	})

	It("while its call is under way is seen through to the end, and then gone", func() {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.World.Faults().Add(faults.Rule{Action: put, Times: 1, Effect: faults.Effect{ResetAfter: true}})
		s.World.Faults().Add(faults.Rule{Action: "lambda:GetFunction*", Role: role, Effect: faults.Effect{Stale: 10 * time.Second}})
		s.until("the outcome is open", patient, func() bool { return s.reason(rem.Name, v1alpha1.ConditionApplied) == v1alpha1.ReasonOutcomeUnknown })
		Expect(s.Admin.Delete(s.ctx, rem)).To(Succeed())
		s.until("it is being verified", patient, func() bool {
			return s.get(rem.Name).Status.Verification.Observations > 0
		})
		s.until("it is gone", time.Hour, func() bool { return s.gone(rem.Name) })
		Expect(s.changed()).To(HaveLen(1))
		Expect(s.leases()).To(BeZero())
	})
})

var _ = Describe("An application that is deleted", func() {
	It("does not stop a change that began: it is proved with the role that it was approved for", func() {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.until("it is applied", patient, func() bool { return s.get(rem.Name).Status.AppliedAt != nil })
		Expect(s.Admin.Delete(s.ctx, builder.ServerlessApplication(s.Namespace))).To(Succeed())
		Expect(s.Admin.Delete(s.ctx, builder.ChangePolicy(s.Namespace))).To(Succeed())
		s.expectAsUndisturbed(s.ends(rem, 30*time.Minute))
	})

	It("ends a change that was not begun when its time is over", func() {
		s := begin()
		rem := s.asks(func(r *v1alpha1.Remediation) { r.Spec.NotAfter = metav1.NewTime(s.Clock.Now().Add(time.Hour)) })
		Expect(s.Admin.Delete(s.ctx, builder.ServerlessApplication(s.Namespace))).To(Succeed())
		s.pass(time.Minute)
		Expect(s.get(rem.Name)).To(HaveCondition(v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonApplicationNotFound))
		Expect(s.ends(rem, 2*time.Hour)).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonExpired))
		Expect(s.calls()).To(BeEmpty())
	})

	It("and its policy that is gone loosens nothing", func() {
		s := begin()
		policy := ExpectExists(s.ctx, s.Admin, builder.ChangePolicy(s.Namespace))
		policy.Spec.Approvals = []v1alpha1.ApprovalDemand{{Actions: []v1alpha1.ActionName{v1alpha1.ActionSetReservedConcurrency}, People: 2}}
		Expect(s.Admin.Update(s.ctx, policy)).To(Succeed())
		rem := s.asks()
		Expect(s.Admin.Delete(s.ctx, policy)).To(Succeed())
		s.pass(6 * time.Minute)
		s.approves(rem)
		s.pass(6 * time.Minute)
		Expect(s.get(rem.Name)).To(HaveCondition(v1alpha1.ConditionApproved, metav1.ConditionFalse, v1alpha1.ReasonAwaitingApproval))
		Expect(s.calls()).To(BeEmpty())
	})
})

var _ = Describe("A timeout", func() {
	It("is changed once although the answer is lost and the update takes its time", func() {
		s := begin()
		rem := s.asks(timing(reactstocks.NewsSyncFunction, 30))
		s.World.Faults().Add(faults.Rule{Action: "lambda:UpdateFunctionConfiguration", Times: 1, Effect: faults.Effect{ResetAfter: true}})
		s.approves(rem)
		s.until("the outcome is open", patient, func() bool { return s.reason(rem.Name, v1alpha1.ConditionApplied) == v1alpha1.ReasonOutcomeUnknown })
		Expect(s.get(rem.Name)).To(HaveCondition(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonOutcomeUnknown))
		rem = s.ends(rem, time.Hour)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionTrue, v1alpha1.ReasonSucceeded))
		Expect(outcomes(rem)).To(Equal([]v1alpha1.Outcome{v1alpha1.OutcomeApplied}))
		Expect(s.changed()).To(HaveLen(1))
	})

	DescribeTable("is refused where it cannot help, and nothing is changed",
		func(function v1alpha1.FunctionName, spoil func(*v1alpha1.ApplicationFunction), reason string) {
			s := begin()
			app := ExpectExists(s.ctx, s.Admin, builder.ServerlessApplication(s.Namespace))
			for i := range app.Spec.Functions {
				spoil(&app.Spec.Functions[i])
			}
			Expect(s.Admin.Update(s.ctx, app)).To(Succeed())
			rem := builder.Remediation(s.Namespace, timing(function, 60))
			Expect(s.Admin.Create(s.ctx, rem)).To(Succeed())
			rem = s.ends(rem, patient)
			Expect(rem).To(HaveCondition(v1alpha1.ConditionPlanned, metav1.ConditionFalse, reason))
			Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, reason))
			Expect(rem.Status.Plan).To(BeNil())
			Expect(s.calls()).To(BeEmpty())
		},
		Entry("behind an alias", v1alpha1.FunctionName(reactstocks.BackendFunction), func(*v1alpha1.ApplicationFunction) {}, v1alpha1.ReasonAliasServesVersion),
		Entry("behind an alias that nobody declared", v1alpha1.FunctionName(reactstocks.BackendFunction),
			func(f *v1alpha1.ApplicationFunction) { f.Alias, f.CallerTimeout = "", "2m" }, v1alpha1.ReasonAliasServesVersion),
		Entry("with a caller who gives up before", v1alpha1.FunctionName(reactstocks.NewsSyncFunction),
			func(f *v1alpha1.ApplicationFunction) { f.CallerTimeout = "29s" }, v1alpha1.ReasonBeyondCallerTimeout),
	)
})
