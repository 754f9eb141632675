//go:build fault

package approval

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

const anotherPlan = "it is for another plan"

// byHand sets the reserved concurrency by hand, and lets the operator see it.
func (s *stage) byHand(n int32) {
	GinkgoHelper()
	s.Reserve(backend, n)
	s.mark = s.World.Ledger().Len()
}

// replan lets the operator notice what changed in AWS.
func (s *stage) replan() *v1alpha1.Remediation {
	GinkgoHelper()
	was := s.Get(name).Status.PlanNumber
	s.look(name)
	rem := s.Get(name)
	Expect(rem.Status.PlanNumber).To(Equal(was + 1))
	return rem
}

// ends lets the change be looked at until the Remediation ended.
func (s *stage) ends() {
	GinkgoHelper()
	for range 30 {
		s.look(name)
		if s.Get(name).Status.EndedAt != nil {
			return
		}
		s.after(time.Minute)
	}
	Fail(name + " does not end")
}

var _ = Describe("An Approval does not count", func() {
	It("of a plan that nobody made", func() {
		s.waiting()
		s.Approve(scene.Alice, name, func(a *v1alpha1.Approval) { a.Spec.PlanDigest = "sha256:" + strings.Repeat("a", 64) })
		s.refused(name, anotherPlan)
	})

	It("of another Remediation's plan", func() {
		s.waiting()
		other := s.waiting(func(r *v1alpha1.Remediation) { r.Name = "other" })
		Expect(other.Status.Plan.Calls).To(Equal(s.Get(name).Status.Plan.Calls), "both would do the same")
		s.Approve(scene.Alice, name, func(a *v1alpha1.Approval) { a.Spec.PlanDigest = other.Status.Plan.Digest })
		s.refused(name, anotherPlan)
	})

	It("when the function changed after it, and before the operator looked", func() {
		s.waiting()
		s.Approve(scene.Alice, name)
		s.byHand(150)
		s.refused(name, anotherPlan)
		Expect(s.Reserved(backend)).To(BeEquivalentTo(150))
	})

	It("when it was given for the plan before the function changed", func() {
		old := s.waiting()
		s.byHand(150)
		s.replan()
		Expect(s.As(scene.Alice).Create(s.ctx, builder.Approval(old))).To(Succeed())
		s.refused(name, anotherPlan)
		Expect(s.Reserved(backend)).To(BeEquivalentTo(150))
	})

	It("when the function changed and came back: the plan is another one", func() {
		old := s.waiting()
		s.byHand(150)
		s.replan()
		s.byHand(before)
		Expect(s.replan().Status.Plan.Calls).To(Equal(old.Status.Plan.Calls), "it would do the same as at first")
		Expect(s.As(scene.Alice).Create(s.ctx, builder.Approval(old))).To(Succeed())
		s.refused(name, anotherPlan)
	})

	It("when the plan expired before the operator looked", func() {
		s.waiting()
		s.Approve(scene.Alice, name)
		s.after(30 * time.Minute)
		s.refused(name, anotherPlan)
	})

	It("when it is given to a plan that expired", func() {
		old := s.waiting()
		s.after(30 * time.Minute)
		s.replan()
		Expect(s.As(scene.Alice).Create(s.ctx, builder.Approval(old))).To(Succeed())
		s.refused(name, anotherPlan)
	})

	It("when the Remediation was deleted and created again under the same name", func() {
		old := s.waiting()
		a := s.Approve(scene.Alice, name)
		Expect(s.Admin.Delete(s.ctx, old)).To(Succeed())
		again := s.Ask(s.inTime)
		Expect(again.Name).To(Equal(old.Name))
		s.refused(name, "Approval "+a.Name+" does not count: it is for another Remediation of this name, with the UID "+string(old.UID))
	})

	It("when it is for the Remediation before that one, and is given now", func() {
		old := s.waiting()
		Expect(s.Admin.Delete(s.ctx, old)).To(Succeed())
		s.waiting()
		Expect(s.As(scene.Alice).Create(s.ctx, builder.Approval(old))).To(Succeed())
		s.refused(name, "it is for another Remediation of this name")
	})

	It("when somebody else replays it for a second Remediation", func() {
		s.waiting()
		a := s.Approve(scene.Alice, name)
		second := s.Planned(s.inTime, func(r *v1alpha1.Remediation) {
			r.Name, r.Spec.Target.FunctionName = "second", reactstocks.NewsSyncFunction
		})
		s.mark = s.World.Ledger().Len()
		replay := builder.Approval(second)
		replay.Spec.Approver = a.Spec.Approver
		s.Seam = nil
		Expect(s.As(scene.Mallory).Create(s.ctx, replay)).To(MatchError(ContainSubstring(scene.Mallory + " may not approve")))
		Expect(s.Driver.Settle(s.ctx)).To(Succeed())
		Expect(s.Get("second").Status.Approvals).To(BeEmpty())
		s.unchanged()
	})

	It("when the person replays it for a second Remediation that does the same", func() {
		s.waiting()
		a := s.Approve(scene.Alice, name)
		s.changed()
		s.byHand(before)
		s.ends()
		second := s.waiting(func(r *v1alpha1.Remediation) { r.Name = "second" })
		replay := builder.Approval(second)
		replay.Spec = *a.Spec.DeepCopy()
		replay.Spec.RemediationRef = v1alpha1.UIDReference{Name: "second", UID: string(second.UID)}
		Expect(s.As(scene.Alice).Create(s.ctx, replay)).To(Succeed())
		s.refused("second", anotherPlan)
	})
})

var _ = Describe("An Approval that was used", func() {
	It("does not make the change again when somebody sets the function back, nor when it is created once more", func() {
		rem := s.waiting()
		a := s.Approve(scene.Alice, name)
		s.changed()
		s.byHand(before)
		s.look(name)
		s.unchanged()
		Expect(s.Admin.Delete(s.ctx, a)).To(Succeed())
		again := builder.Approval(rem, func(o *v1alpha1.Approval) { o.Name, o.GenerateName = a.Name, "" })
		Expect(s.As(scene.Alice).Create(s.ctx, again)).To(Succeed())
		Expect(s.As(scene.Bob).Create(s.ctx, builder.Approval(rem))).To(Succeed())
		s.ends()
		s.unchanged()
		Expect(s.Reason(name, v1alpha1.ConditionSucceeded)).To(Equal(v1alpha1.ReasonHeld))
		Expect(s.notes(rem)).To(ContainElement(ContainSubstring("somebody else changed it")))
	})
})
