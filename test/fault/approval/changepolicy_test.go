//go:build fault

package approval

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

var _ = Describe("The stricter of the ChangePolicy that was pinned and the present one holds:", func() {
	It("fewer people are demanded after the plan", func() {
		s.demand(approvers(2, false))
		s.waiting()
		s.demand(approvers(1, false))
		s.Approve(scene.Alice, name)
		s.refused(name, "has 1 of 2 approvals", "of 2 approvals")
	})

	It("more people are demanded after the plan, and after the approval", func() {
		s.waiting()
		s.Approve(scene.Alice, name)
		s.demand(approvers(2, false))
		s.refused(name, anotherPlan)
		s.Approve(scene.Alice, name)
		s.refused(name, "has 1 of 2 approvals", anotherPlan)
	})

	It("the requester is allowed after the plan", func() {
		s.waiting()
		s.demand(approvers(1, true))
		s.Approve(scene.Carol, name)
		s.refused(name, scene.Carol+" asked for the change, and somebody else has to approve it")
	})

	It("the requester is forbidden after the plan and the approval", func() {
		s.demand(approvers(1, true))
		s.waiting()
		s.Approve(scene.Carol, name)
		s.demand(approvers(1, false))
		s.refused(name, anotherPlan)
		s.Approve(scene.Carol, name)
		s.refused(name, scene.Carol+" asked for the change, and somebody else has to approve it")
	})

	It("the policy is deleted after the plan", func() {
		s.demand(approvers(2, false))
		s.waiting()
		policy := &v1alpha1.ChangePolicy{}
		Expect(s.Admin.Get(s.ctx, client.ObjectKey{Namespace: s.Namespace, Name: "default"}, policy)).To(Succeed())
		DeferCleanup(func() {
			policy.ResourceVersion, policy.UID = "", ""
			Expect(s.Admin.Create(s.ctx, policy)).To(Succeed())
		})
		Expect(s.Admin.Delete(s.ctx, policy)).To(Succeed())
		s.look(name)
		s.Approve(scene.Alice, name)
		s.refused(name, "has 1 of 2 approvals", "of 2 approvals")
	})

	It("a plan may wait longer after it was made", func() {
		old := s.waiting()
		s.demand(func(p *v1alpha1.ChangePolicy) { p.Spec.PlanExpiresAfter = "10h" })
		s.Approve(scene.Alice, name)
		s.after(30 * time.Minute)
		s.refused(name, anotherPlan)
		Expect(s.As(scene.Alice).Create(s.ctx, builder.Approval(old))).To(Succeed())
		s.refused(name, anotherPlan)
	})
})

var _ = Describe("Who asked for a change", func() {
	It("does not approve it", func() {
		s.waiting()
		s.Approve(scene.Carol, name)
		s.refused(name, scene.Carol+" asked for the change, and somebody else has to approve it")
	})

	It("is whom the API server knows, also where somebody else was written down", func() {
		rem := s.waiting(func(r *v1alpha1.Remediation) { r.Spec.RequestedBy = &v1alpha1.Person{Username: scene.Bob} })
		Expect(rem.Spec.RequestedBy.Username).To(Equal(scene.Carol))
		s.Approve(scene.Carol, name)
		s.refused(name, scene.Carol+" asked for the change, and somebody else has to approve it")
	})

	It("approves it where the policy allows it", func() {
		s.demand(approvers(1, true))
		s.waiting()
		s.Approve(scene.Carol, name)
		s.changed()
	})
})
