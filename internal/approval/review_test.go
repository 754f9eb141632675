package approval

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

var _ = Describe("A review of a plan", func() {
	var (
		ns       string
		wall     *clocktesting.FakePassiveClock
		reviewer Reviewer
		rem      *v1alpha1.Remediation
		policy1  = Pin(nil, v1alpha1.ActionSetReservedConcurrency)
		now      = planned.Add(time.Minute)
	)

	// plan makes a Remediation that an owner asks for, and plans it.
	plan := func(ctx SpecContext, owner user) *v1alpha1.Remediation {
		GinkgoHelper()
		r := remediation(ns, "fix")
		Eventually(func() error { return as(owner).Create(ctx, r) }).WithContext(ctx).Should(Succeed())
		p := examplePlan()
		p.Digest = Digest(p, string(r.UID))
		r.Status.Plan = &p
		Expect(admin.Status().Update(ctx, r)).To(Succeed())
		return r
	}
	review := func(ctx SpecContext) Verdict {
		GinkgoHelper()
		verdict, err := reviewer.Review(ctx, rem, nil, policy1, now)
		Expect(err).NotTo(HaveOccurred())
		return verdict
	}

	BeforeEach(func(ctx SpecContext) {
		ns = namespace(ctx)
		allow(ctx, ns, "runbook-operator-editor", bob)
		allow(ctx, ns, "runbook-operator-approver", alice, bob)
		rem = plan(ctx, bob)
		// The policies were first seen long before anything here.
		wall = clocktesting.NewFakePassiveClock(rem.CreationTimestamp.Add(-time.Hour))
		policies, err := NewAdmissionPolicies(admin, admin, ns, wall, nil)
		Expect(err).NotTo(HaveOccurred())
		reviewer = Reviewer{Reader: admin, Policies: policies, Authorizer: Authorizer{Client: admin}}
		Expect(review(ctx).State).To(Equal(Awaiting))
		Eventually(func() error { return as(alice).Create(ctx, approvalOf(rem), client.DryRunAll) }).WithContext(ctx).Should(Succeed())
	})

	It("approves it upon the word of a person who did not ask for it", func(ctx SpecContext) {
		own := approvalOf(rem)
		Expect(as(bob).Create(ctx, own)).To(Succeed())
		verdict := review(ctx)
		Expect(verdict.State).To(Equal(Awaiting))
		Expect(verdict.Counted[0].Message).To(Equal("bob@example.com asked for the change, and somebody else has to approve it"))

		a := approvalOf(rem)
		Expect(as(alice).Create(ctx, a)).To(Succeed())
		verdict = review(ctx)
		Expect(verdict.State).To(Equal(Approved))
		Expect(verdict.By).To(Equal([]string{a.Name}))
	})

	It("takes the command that the Remediation shows as it is", func(ctx SpecContext) {
		manifest := strings.TrimSuffix(strings.TrimPrefix(Command(rem), "kubectl create -f - <<'EOF'\n"), "\nEOF")
		var a v1alpha1.Approval
		Expect(yaml.UnmarshalStrict([]byte(manifest), &a)).To(Succeed())
		Expect(as(alice).Create(ctx, &a)).To(Succeed())
		Expect(a.Name).To(HavePrefix(a.GenerateName))
		Expect(review(ctx).State).To(Equal(Approved))
	})

	It("does not count a person who may not approve any more", func(ctx SpecContext) {
		Expect(as(alice).Create(ctx, approvalOf(rem))).To(Succeed())
		Expect(review(ctx).State).To(Equal(Approved))
		Expect(admin.DeleteAllOf(ctx, &rbacv1.RoleBinding{}, client.InNamespace(ns))).To(Succeed())
		Eventually(func() State { return review(ctx).State }).WithContext(ctx).Should(Equal(Awaiting))
		Expect(review(ctx).Counted[0].Message).To(Equal("alice@example.com may not approve remediations/setReservedConcurrency in namespace " + ns + " any more"))
	})

	It("does not take an approval of a Remediation for a later one of the same name", func(ctx SpecContext) {
		Expect(as(alice).Create(ctx, approvalOf(rem))).To(Succeed())
		Expect(admin.Delete(ctx, rem)).To(Succeed())
		rem = plan(ctx, bob)
		verdict := review(ctx)
		Expect(verdict.State).To(Equal(Awaiting))
		Expect(verdict.Counted[0].Message).To(HavePrefix("it is for another Remediation of this name"))
	})

	It("counts only approvals created more than ten seconds after the policies were first seen", func(ctx SpecContext) {
		a := approvalOf(rem)
		Expect(as(alice).Create(ctx, a)).To(Succeed())
		for before, state := range map[time.Duration]State{10 * time.Second: Awaiting, 11 * time.Second: Approved} {
			fresh, err := NewAdmissionPolicies(admin, admin, namespace(ctx),
				clocktesting.NewFakePassiveClock(a.CreationTimestamp.Add(-before)), nil)
			Expect(err).NotTo(HaveOccurred())
			reviewer.Policies = fresh
			Expect(review(ctx).State).To(Equal(state), before.String())
		}
	})

	It("does not count an approval that was forged while a policy was gone, once all is as shipped again", func(ctx SpecContext) {
		victim := whoami(ctx, as(alice))
		remove(ctx, vapBinding, "authorize-approval")
		remove(ctx, mapBind, "stamp-approver")
		forged := approvalOf(rem)
		forged.Spec.Approver = victim
		mallory := user{name: "mallory@example.com"}
		allowOnly(ctx, ns, mallory, map[string]string{"approvals": "create"})
		Eventually(func(g Gomega) {
			trial := forged.DeepCopy()
			g.Expect(as(mallory).Create(ctx, trial, client.DryRunAll)).To(Succeed())
			g.Expect(trial.Spec.Approver).To(Equal(victim))
		}).WithContext(ctx).Should(Succeed())
		Expect(as(mallory).Create(ctx, forged)).To(Succeed())
		Expect(forged.Spec.Approver).To(Equal(victim), "the forgery worked")
		Expect(review(ctx).State).To(Equal(PoliciesChanged))

		install(ctx)
		wall.SetTime(forged.CreationTimestamp.Add(time.Second))
		verdict := review(ctx)
		Expect(verdict.State).To(Equal(Awaiting))
		Expect(verdict.Counted[0].Message).To(HavePrefix("it was created too early: until "))
		wall.SetTime(forged.CreationTimestamp.Add(24 * time.Hour))
		Expect(review(ctx).State).To(Equal(Awaiting), "and it never does")
	})
})
