//go:build fault

package approval

import (
	"context"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

func rejected(a *v1alpha1.Approval) { a.Spec.Decision = v1alpha1.DecisionRejected }

var _ = Describe("Where two people have to approve", func() {
	var rem *v1alpha1.Remediation
	BeforeEach(func() {
		s.demand(approvers(2, false))
		rem = s.waiting()
	})

	It("one is not enough, and approves only once", func() {
		s.Approve(scene.Alice, name)
		Expect(s.Driver.Settle(s.ctx)).To(Succeed())
		Expect(s.counts()).To(Equal(1))
		s.Approve(scene.Alice, name)
		s.refused(name, scene.Alice+" approved already with")
		Expect(s.counts()).To(Equal(1))
	})

	DescribeTable("two logins of one username are one person, as far as anybody can tell:", func(first, second func() client.Client) {
		Expect(first().Create(s.ctx, builder.Approval(rem))).To(Succeed())
		Expect(second().Create(s.ctx, builder.Approval(rem))).To(Succeed())
		s.refused(name, scene.Alice+" approved already with")
	},
		Entry("with the same claim", login("alice"), login("alice")),
		Entry("with a claim and without", login("alice"), bare),
		Entry("without a claim and with one", bare, login("alice")),
	)

	It("two logins of one username with different claims are two people, as on Amazon EKS", func() {
		Expect(login("alice")().Create(s.ctx, builder.Approval(rem))).To(Succeed())
		Expect(login("bob")().Create(s.ctx, builder.Approval(rem))).To(Succeed())
		s.changed()
	})

	It("the one who asked for the change is none of them", func() {
		s.Approve(scene.Alice, name)
		s.Approve(scene.Carol, name)
		s.refused(name, scene.Carol+" asked for the change, and somebody else has to approve it")
	})

	It("approvals of two plans are not added up", func() {
		s.Approve(scene.Alice, name)
		s.byHand(150)
		s.replan()
		s.Approve(scene.Bob, name)
		s.refused(name, "has 1 of 2 approvals", "of 2 approvals")
	})

	It("two of them make the change, once", func() {
		s.Approve(scene.Alice, name)
		s.Approve(scene.Bob, name)
		s.changed()
	})
})

// login is a client of Alice's username, as the identity provider knows a session of it.
func login(session string) func() client.Client {
	return func() client.Client { return s.AsUser(with(scene.Alice, session)) }
}

func bare() client.Client { return s.As(scene.Alice) }

var _ = Describe("One rejection", func() {
	It("before the approval ends the Remediation", func() {
		s.waiting()
		s.Approve(scene.Bob, name, rejected)
		s.Approve(scene.Alice, name)
		s.refused(name, scene.Bob+" rejected plan 1")
		Expect(s.Get(name).Status.EndedAt).NotTo(BeNil())
	})

	It("after the approval ends the Remediation", func() {
		s.waiting()
		s.Approve(scene.Alice, name)
		s.Approve(scene.Bob, name, rejected)
		s.refused(name, scene.Bob+" rejected plan 1")
	})

	It("of one of three ends the Remediation that two approved", func() {
		s.demand(approvers(2, false))
		s.waiting()
		s.Approve(scene.Alice, name)
		s.Approve(scene.Bob, name)
		s.Approve(scene.Carol, name, rejected)
		s.refused(name, scene.Carol+" rejected plan 1")
	})

	It("by the person who approved ends the Remediation", func() {
		s.waiting()
		s.Approve(scene.Alice, name)
		s.Approve(scene.Alice, name, rejected)
		s.refused(name, scene.Alice+" rejected plan 1")
	})

	It("cannot be made by somebody who may not approve", func() {
		rem := s.waiting()
		s.forbidden(s.As(scene.Mallory), builder.Approval(rem, rejected), scene.Mallory+" may not approve")
	})

	It("between the last look at the approvals and the intent holds the call", func() {
		s.waiting()
		s.Approve(scene.Alice, name)
		s.afterLast("list Approval", func() { s.Approve(scene.Bob, name, rejected) })
		s.refused(name, scene.Bob+" rejected plan 1")
	})

	It("that comes when the call was made undoes nothing, and nothing is made again", func() {
		s.waiting()
		s.Approve(scene.Alice, name)
		s.changed()
		s.Approve(scene.Bob, name, rejected)
		s.changed()
		Expect(s.notes(s.Get(name))).To(ContainElement(ContainSubstring("came after the call was announced")))
	})
})

// afterLast makes an act happen between the operator's last look of a kind before the intent, and the intent. It is found
// by watching for the last read of the function before the intent, which comes after it.
func (s *stage) afterLast(look string, act func()) {
	GinkgoHelper()
	looked, acted, acting := 0, false, false
	s.Seam = func(_ context.Context, b scene.Boundary) {
		switch {
		case acted || acting:
		case b.After && b.Request == look:
			looked++
		case looked >= 2 && !b.After && strings.HasPrefix(b.Request, "lambda:Get"):
			// The second of the two looks, of approve and of gate, is the last.
			acting = true
			act()
			acted = true
		}
	}
	Expect(s.Driver.Settle(s.ctx)).To(Succeed())
	s.Seam = nil
	Expect(acted).To(BeTrue())
}

var _ = Describe("An Approval that is deleted", func() {
	It("before the operator looked counts for nothing", func() {
		s.waiting()
		a := s.Approve(scene.Alice, name)
		Expect(s.Admin.Delete(s.ctx, a)).To(Succeed())
		s.refused(name, "has 0 of 1 approvals")
	})

	It("between the last look at the approvals and the intent holds the call", func() {
		s.waiting()
		a := s.Approve(scene.Alice, name)
		s.afterLast("list Approval", func() { Expect(s.Admin.Delete(s.ctx, a)).To(Succeed()) })
		s.refused(name, "has 0 of 1 approvals")
	})

	It("when the call was announced leaves the change to be seen through, once", func() {
		s.waiting()
		a := s.Approve(scene.Alice, name)
		deleted := false
		s.Seam = func(_ context.Context, b scene.Boundary) {
			if !deleted && !b.After && b.Request == "lambda:PutFunctionConcurrency" {
				deleted = true
				Expect(s.Admin.Delete(s.ctx, a)).To(Succeed())
			}
		}
		s.changed()
		s.Seam = nil
		Expect(deleted).To(BeTrue())
		s.ends()
		Expect(s.Calls(s.mark)).To(HaveLen(1))
		Expect(s.Get(name).Status.Intents[0].Approvals).To(Equal([]string{a.Name}), "the journal keeps whose word it was")
	})
})
