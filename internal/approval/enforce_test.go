package approval

import (
	"encoding/json"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

const notTheUser = "must be the user who creates"

var _ = Describe("Approvals", func() {
	var (
		ns  string
		rem *v1alpha1.Remediation
	)

	BeforeEach(func(ctx SpecContext) {
		ns = namespace(ctx)
		rem = remediation(ns, "fix")
		Expect(admin.Create(ctx, rem)).To(Succeed())
		allow(ctx, ns, "runbook-operator-approver", alice, argo)
		// Permissions reach the authorizer a moment after they are written.
		Eventually(func() error {
			return as(alice).Create(ctx, approvalOf(rem), client.DryRunAll)
		}).WithContext(ctx).Should(Succeed())
	})

	It("record the person who may approve, with the claims that tell people apart and no others", func(ctx SpecContext) {
		a := approvalOf(rem)
		Expect(as(alice).Create(ctx, a)).To(Succeed())
		Expect(a.Spec.Approver).To(Equal(&v1alpha1.Person{
			Username: "alice@example.com", UID: "u-alice", Groups: []string{"oncall", "developers", "system:authenticated"},
			Extra: []v1alpha1.PersonClaim{{Key: "arn", Values: []string{"arn:aws:sts::123456789012:assumed-role/oncall/alice"}}},
		}))
	})

	It("record a person without uid and claims as one", func(ctx SpecContext) {
		allow(ctx, ns, "runbook-operator-approver", carol)
		a := approvalOf(rem)
		Eventually(func() error { return as(carol).Create(ctx, a) }).WithContext(ctx).Should(Succeed())
		Expect(a.Spec.Approver).To(Equal(&v1alpha1.Person{Username: "carol@example.com", Groups: []string{"system:authenticated"}}))
	})

	It("tell people apart who share a username, as on Amazon EKS", func(ctx SpecContext) {
		person := func(session string) user {
			return user{name: "kubernetes-admin", uid: "aws-iam-authenticator:123456789012:AROAEXAMPLE", extra: map[string][]string{
				"arn":          {"arn:aws:sts::123456789012:assumed-role/admin/" + session},
				"canonicalArn": {"arn:aws:iam::123456789012:role/admin"},
				"principalId":  {"AROAEXAMPLE"},
				"sessionName":  {session}, "accessKeyId": {"ASIAEXAMPLE"},
			}}
		}
		allow(ctx, ns, "runbook-operator-approver", person(""))
		var people []v1alpha1.Person
		for _, session := range []string{"alice", "bob"} {
			a := approvalOf(rem)
			Eventually(func() error { return withToken(person(session)).Create(ctx, a) }).WithContext(ctx).Should(Succeed())
			Expect(sorted(a.Spec.Approver)).To(Equal(whoami(ctx, withToken(person(session)))))
			Expect(a.Spec.Approver.Extra).To(HaveLen(4))
			people = append(people, *a.Spec.Approver)
		}
		Expect(different(people[0], people[1])).To(BeTrue())
	})

	It("record a person of as many groups as an Approval holds", func(ctx SpecContext) {
		busy := user{name: "busy@example.com"}
		for i := range 255 {
			busy.groups = append(busy.groups, fmt.Sprintf("%s-%03d", strings.Repeat("group", 20), i))
		}
		allow(ctx, ns, "runbook-operator-approver", busy)
		a := approvalOf(rem)
		Eventually(func() error { return withToken(busy).Create(ctx, a) }).WithContext(ctx).Should(Succeed())
		Expect(a.Spec.Approver.Groups).To(HaveLen(256), "and the group system:authenticated")
	})

	It("of a person without the verb are refused, and the person is told what to ask for", func(ctx SpecContext) {
		allowOnly(ctx, ns, bob, map[string]string{"approvals": "create"})
		Eventually(func() error { return as(bob).Create(ctx, approvalOf(rem)) }).WithContext(ctx).Should(MatchError(HaveSuffix(
			"denied request: bob@example.com may not approve remediations/setReservedConcurrency named fix in namespace " + ns +
				": ask for a role with the verb approve on it")))
		Expect(apierrors.IsForbidden(as(bob).Create(ctx, approvalOf(rem)))).To(BeTrue())
	})

	It("of a person with the verb for another action are refused", func(ctx SpecContext) {
		allowOnly(ctx, ns, carol, map[string]string{"approvals": "create", "remediations/setTimeout": "approve"})
		other := approvalOf(rem)
		other.Spec.Action = v1alpha1.ActionSetTimeout
		Eventually(func() error { return as(carol).Create(ctx, other, client.DryRunAll) }).WithContext(ctx).Should(Succeed())
		Expect(as(carol).Create(ctx, approvalOf(rem))).To(MatchError(ContainSubstring(
			"carol@example.com may not approve remediations/setReservedConcurrency named fix")))
	})

	It("of service accounts and components are refused even with the verb", func(ctx SpecContext) {
		Expect(as(argo).Create(ctx, approvalOf(rem))).To(MatchError(HaveSuffix(
			"denied request: system:serviceaccount:argocd:sync is not a person: an Approval is created by a person, not by a service account, node or component")))
		masters := user{name: "system:node:ip-10-0-0-1", groups: []string{"system:masters"}}
		Expect(as(masters).Create(ctx, approvalOf(rem))).To(MatchError(ContainSubstring("system:node:ip-10-0-0-1 is not a person")))
	})

	It("keep nothing of a forged person", func(ctx SpecContext) {
		for name, forged := range forgeries(whoami(ctx, as(alice))) {
			a := approvalOf(rem)
			a.Spec.Approver = forged
			Expect(as(alice).Create(ctx, a)).To(Succeed(), name)
			Expect(a.Spec.Approver).To(Equal(whoami(ctx, as(alice))), name)
		}
	})

	It("with a forged person are refused where nothing fills the person in, and honest ones are not", func(ctx SpecContext) {
		remove(ctx, "MutatingAdmissionPolicyBinding", "stamp-approver")
		Eventually(func() error {
			return as(alice).Create(ctx, approvalOf(rem), client.DryRunAll)
		}).WithContext(ctx).Should(MatchError(ContainSubstring("spec.approver " + notTheUser)))
		for name, forged := range forgeries(whoami(ctx, as(alice))) {
			a := approvalOf(rem)
			a.Spec.Approver = forged
			Expect(as(alice).Create(ctx, a)).To(MatchError(ContainSubstring("spec.approver "+notTheUser)), name)
		}
		honest := approvalOf(rem)
		honest.Spec.Approver = whoami(ctx, as(alice))
		Expect(as(alice).Create(ctx, honest)).To(Succeed())
	})

	It("stay as they are when they are applied again, by whomever and however", func(ctx SpecContext) {
		allow(ctx, ns, "runbook-operator-admin", bob)
		allowOnly(ctx, ns, bob, map[string]string{"approvals": "*"})
		apply := func(c client.Client) (*v1alpha1.Approval, error) {
			a := approvalOf(rem)
			a.TypeMeta = metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Approval"}
			a.GenerateName, a.Name = "", "fix-1"
			text, err := json.Marshal(a)
			if err != nil {
				return nil, err
			}
			err = c.Patch(ctx, a, client.RawPatch(types.ApplyPatchType, text), client.FieldOwner("kubectl"), client.ForceOwnership)
			return a, err
		}
		allowOnly(ctx, ns, alice, map[string]string{"approvals": "patch"})
		var first *v1alpha1.Approval
		Eventually(func() (err error) { first, err = apply(as(alice)); return err }).WithContext(ctx).Should(Succeed())
		again, err := apply(as(alice))
		Expect(err).NotTo(HaveOccurred())
		Expect(again).To(Equal(first))

		Eventually(func() error { _, err := apply(as(bob)); return err }).WithContext(ctx).Should(Succeed())
		replaced := first.DeepCopy()
		replaced.Spec.Approver = nil
		Expect(as(bob).Update(ctx, replaced)).To(Succeed())
		Expect(replaced.Spec).To(Equal(first.Spec))
		Expect(replaced.Generation).To(BeEquivalentTo(1))

		replaced.Spec.Approver = whoami(ctx, as(bob))
		Expect(as(bob).Update(ctx, replaced)).To(Succeed())
		Expect(replaced.Spec.Approver).To(Equal(first.Spec.Approver))
		replaced.Spec.Decision = v1alpha1.DecisionRejected
		Expect(as(bob).Update(ctx, replaced)).To(MatchError(ContainSubstring("an Approval is never changed: create another one")))
	})

	It("are not edited either where the rule is gone from their definition", func(ctx SpecContext) {
		a := approvalOf(rem)
		Expect(as(alice).Create(ctx, a)).To(Succeed())
		crd := &apiextensionsv1.CustomResourceDefinition{}
		Expect(admin.Get(ctx, client.ObjectKey{Name: "approvals.runbook-operator.io"}, crd)).To(Succeed())
		original := crd.DeepCopy()
		spec := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
		Expect(spec.XValidations).NotTo(BeEmpty())
		spec.XValidations = nil
		crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"] = spec
		Expect(admin.Update(ctx, crd)).To(Succeed())
		DeferCleanup(func(ctx SpecContext) {
			Expect(admin.Get(ctx, client.ObjectKeyFromObject(crd), crd)).To(Succeed())
			crd.Spec = original.Spec
			Expect(admin.Update(ctx, crd)).To(Succeed())
			Eventually(func() error { return reject(ctx, a) }).WithContext(ctx).Should(MatchError(ContainSubstring("an Approval is never changed")))
		})
		Eventually(func() error { return reject(ctx, a) }).WithContext(ctx).Should(MatchError(HaveSuffix(
			"denied request: the spec of this object is never changed: create another one")))
	})
})
