//go:build fault

package approval

import (
	"context"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

// whoami is whom the API server takes a client for, as the record of an Approval.
func (s *stage) whoami(c client.Client) *v1alpha1.Person {
	GinkgoHelper()
	review := &authenticationv1.SelfSubjectReview{}
	Expect(c.Create(s.ctx, review)).To(Succeed())
	info := review.Status.UserInfo
	p := &v1alpha1.Person{Username: info.Username, UID: info.UID, Groups: info.Groups}
	if arn, ok := info.Extra["arn"]; ok {
		p.Extra = []v1alpha1.PersonClaim{{Key: "arn", Values: arn}}
	}
	return p
}

// forgeries are what somebody may write into a record of a person to be another one.
var forgeries = []TableEntry{
	Entry("the name", func(p *v1alpha1.Person) { p.Username = scene.Bob }),
	Entry("the uid", func(p *v1alpha1.Person) { p.UID = "uid-of-" + scene.Bob }),
	Entry("no uid", func(p *v1alpha1.Person) { p.UID = "" }),
	Entry("the groups", func(p *v1alpha1.Person) { p.Groups = []string{"managers"} }),
	Entry("one more group", func(p *v1alpha1.Person) { p.Groups = append(p.Groups, "system:masters") }),
	Entry("no groups", func(p *v1alpha1.Person) { p.Groups = nil }),
	Entry("the claim", func(p *v1alpha1.Person) { p.Extra[0].Values = []string{"arn:aws:iam::123456789012:user/bob"} }),
	Entry("one more claim", func(p *v1alpha1.Person) {
		p.Extra = append(p.Extra, v1alpha1.PersonClaim{Key: "sessionName", Values: []string{"bob"}})
	}),
	Entry("no claim", func(p *v1alpha1.Person) { p.Extra = nil }),
	Entry("all of another person", func(p *v1alpha1.Person) {
		*p = v1alpha1.Person{Username: scene.Bob, UID: "uid-of-" + scene.Bob, Groups: []string{"on-call", "system:authenticated"}, Extra: []v1alpha1.PersonClaim{
			{Key: "arn", Values: []string{"arn:aws:sts::123456789012:assumed-role/on-call/bob"}},
		}}
	}),
}

const notYou = "spec.approver must be the user who creates the Approval"

var _ = Describe("A person who forges", func() {
	DescribeTable("where the API server fills in who approves, is recorded as who it is, and counts once:",
		func(forge func(*v1alpha1.Person)) {
			s.demand(approvers(2, false))
			rem := s.waiting()
			alice := s.AsUser(with(scene.Alice, "alice"))
			Expect(alice.Create(s.ctx, builder.Approval(rem))).To(Succeed())
			forged := builder.Approval(rem)
			forged.Spec.Approver = s.whoami(alice)
			forge(forged.Spec.Approver)
			Expect(alice.Create(s.ctx, forged)).To(Succeed())
			Expect(forged.Spec.Approver).To(Equal(s.whoami(alice)), "nothing of what was forged is kept")
			s.refused(name, scene.Alice+" approved already with")
		}, forgeries)

	DescribeTable("and may approve nothing, is refused with the name of who may as well:",
		func(forge func(*v1alpha1.Person)) {
			rem := s.waiting()
			mallory := s.AsUser(with(scene.Mallory, "mallory"))
			forged := builder.Approval(rem)
			forged.Spec.Approver = s.whoami(mallory)
			forge(forged.Spec.Approver)
			s.forbidden(mallory, forged, scene.Mallory+" may not approve remediations/setReservedConcurrency named "+name)
		}, forgeries)

	Context("where nothing fills in who approves", Ordered, func() {
		BeforeAll(func() {
			s.unstamp()
			DeferCleanup(func() { s.unstamped = false })
		})
		DescribeTable("is refused, and told how to be honest:", func(forge func(*v1alpha1.Person)) {
			rem := s.waiting()
			alice := s.AsUser(with(scene.Alice, "alice"))
			forged := builder.Approval(rem)
			forged.Spec.Approver = s.whoami(alice)
			forge(forged.Spec.Approver)
			s.forbidden(alice, forged, notYou)
		}, forgeries)
		It("makes the change when it is honest", func() {
			rem := s.waiting()
			honest := builder.Approval(rem)
			honest.Spec.Approver = s.whoami(s.AsUser(with(scene.Alice, "alice")))
			Expect(s.AsUser(with(scene.Alice, "alice")).Create(s.ctx, honest)).To(Succeed())
			s.changed()
		})
	})
})

// unstamp makes the API server fill in nobody, as before Kubernetes 1.36, for all specs until unstamped is false again.
func (s *stage) unstamp() {
	GinkgoHelper()
	s.Remove(scene.MutatingBinding, scene.Stamp)
	s.unstamped = true
	s.Await("nothing fills in who approves", func(ctx context.Context) bool {
		err := s.As(scene.Alice).Create(ctx, builder.Approval(nothing(s.Namespace)), client.DryRunAll)
		return err != nil && strings.Contains(err.Error(), notYou)
	})
	s.settlePolicies()
}

// nothing is a Remediation that does not exist, with a plan.
func nothing(namespace string) *v1alpha1.Remediation {
	rem := builder.Remediation(namespace)
	rem.UID = "any"
	rem.Status.Plan = &v1alpha1.Plan{Digest: "sha256:" + strings.Repeat("0", 64)}
	return rem
}

var _ = Describe("An Approval", func() {
	DescribeTable("is refused by the API server of whoever is no person, also with every right:", func(user rest.ImpersonationConfig) {
		rem := s.waiting()
		s.forbidden(s.AsUser(user), builder.Approval(rem), user.UserName+" is not a person: an Approval is created by a person, not by a service account, node or component")
	},
		Entry("a service account", masters("system:serviceaccount:argocd:sync", "system:serviceaccounts")),
		Entry("the operator itself", masters("system:serviceaccount:"+env.SystemNamespace+":runbook-operator", "system:serviceaccounts")),
		Entry("a node", masters("system:node:ip-10-0-0-1", "system:nodes")),
		Entry("a component", masters("system:kube-controller-manager")),
		Entry("a certificate of the masters", masters("system:admin")),
		Entry("nobody", masters("system:anonymous", "system:unauthenticated")),
	)

	It("is refused of a person without the verb, who is told what to ask for", func() {
		rem := s.waiting()
		s.forbidden(s.As(scene.Mallory), builder.Approval(rem), scene.Mallory+" may not approve remediations/setReservedConcurrency named "+
			name+" in namespace "+s.Namespace+": ask for a role with the verb approve on it")
	})

	It("is refused of a person with the verb for another action", func() {
		rem := s.waiting()
		s.forbidden(s.As(dave), builder.Approval(rem), dave+" may not approve remediations/setReservedConcurrency named "+name)
	})

	It("that says another action does not count for this one", func() {
		rem := s.waiting()
		Expect(s.As(dave).Create(s.ctx, builder.Approval(rem, func(a *v1alpha1.Approval) { a.Spec.Action = v1alpha1.ActionSetTimeout }))).To(Succeed())
		s.refused(name, "it is for the action setTimeout, and this is setReservedConcurrency")
	})

	It("is refused of a person who may approve another Remediation only", func() {
		rem := s.waiting()
		s.forbidden(s.As(erin), builder.Approval(rem), erin+" may not approve remediations/setReservedConcurrency named "+name)
	})

	It("that names the one that the person may approve, and means this one, counts for neither", func() {
		rem := s.waiting()
		s.waiting(func(r *v1alpha1.Remediation) {
			r.Name, r.Spec.Target.FunctionName = "other", reactstocks.NewsSyncFunction
		})
		Expect(s.As(erin).Create(s.ctx, builder.Approval(rem, func(a *v1alpha1.Approval) { a.Spec.RemediationRef.Name = "other" }))).To(Succeed())
		s.refused("other", "it is for another Remediation of this name, with the UID "+string(rem.UID))
		Expect(s.Get(name).Status.Approvals).To(BeEmpty())
	})

	It("does not count any more when the right of the person was taken away", func() {
		const frank = "frank@example.com"
		binding := s.allow(frank, rule("approvals", "create"), rule("remediations/setReservedConcurrency", "approve"))
		may := func() bool { return s.May(s.ctx, frank, "approve", "remediations/setReservedConcurrency") }
		s.Await("Frank may approve", func(context.Context) bool { return may() })
		rem := s.waiting()
		Expect(s.As(frank).Create(s.ctx, builder.Approval(rem))).To(Succeed())
		Expect(s.Admin.Delete(s.ctx, binding)).To(Succeed())
		s.Await("Frank may not approve", func(context.Context) bool { return !may() })
		s.refused(name, frank+" may not approve remediations/setReservedConcurrency in namespace "+s.Namespace+" any more")
	})

	It("of a person who may approve makes the change, once", func() {
		s.waiting()
		s.Approve(scene.Alice, name)
		s.changed()
	})
})

// masters is a user to whom the authorizer allows everything.
func masters(username string, groups ...string) rest.ImpersonationConfig {
	return rest.ImpersonationConfig{UserName: username, Groups: append(groups, "system:masters")}
}
