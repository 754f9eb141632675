//go:build fault

package approval

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

const (
	notAsShipped = "no approval counts while the admission policies are not as shipped; install config/admission again: "
	tooEarly     = "after the admission policies were first seen in force, no Approval counts: create another Approval"
)

// loosenings are what an administrator of the cluster may do to the policy that authorizes approvals, and what the
// operator says of it.
var loosenings = []TableEntry{
	Entry("the policy was deleted", func() { s.Remove(scene.Validating, scene.Authorize) },
		"ValidatingAdmissionPolicy authorize-approval.runbook-operator.io is missing"),
	Entry("its binding was deleted", func() { s.Remove(scene.ValidatingBinding, scene.Authorize) },
		"ValidatingAdmissionPolicyBinding authorize-approval.runbook-operator.io is missing"),
	Entry("a match condition was added", edited(scene.Validating, func(spec map[string]any) {
		spec["matchConditions"] = []any{map[string]any{"name": "others", "expression": "request.userInfo.username != '" + scene.Mallory + "'"}}
	}), "differs in spec.matchConditions"),
	Entry("all validations but the first were removed", edited(scene.Validating, func(spec map[string]any) {
		spec["validations"] = spec["validations"].([]any)[:1]
	}), "differs in spec.validations"),
	Entry("the resource rule was narrowed to names", edited(scene.Validating, func(spec map[string]any) {
		resources(spec)["resourceNames"] = []any{"harmless"}
	}), "differs in spec.matchConstraints"),
	Entry("the resource rule was narrowed to updates", edited(scene.Validating, func(spec map[string]any) {
		resources(spec)["operations"] = []any{"UPDATE"}
	}), "differs in spec.matchConstraints"),
	Entry("resources were excluded", edited(scene.Validating, func(spec map[string]any) {
		spec["matchConstraints"].(map[string]any)["excludeResourceRules"] = []any{map[string]any{
			"apiGroups": []any{"*"}, "apiVersions": []any{"*"}, "resources": []any{"approvals"}, "operations": []any{"*"}, "scope": "*",
		}}
	}), "differs in spec.matchConstraints"),
	Entry("errors are ignored, and one was put in", edited(scene.Validating, func(spec map[string]any) {
		spec["failurePolicy"] = "Ignore"
		spec["validations"] = []any{map[string]any{"expression": "object.spec.approver.groups[1000] == ''"}}
	}), "differs in spec.failurePolicy"),
	Entry("the binding audits only", edited(scene.ValidatingBinding, func(spec map[string]any) {
		spec["validationActions"] = []any{"Audit"}
	}), "differs in spec.validationActions"),
	Entry("the binding selects namespaces", edited(scene.ValidatingBinding, func(spec map[string]any) {
		spec["matchResources"] = map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"guarded": "yes"}}}
	}), "differs in spec.matchResources"),
	Entry("the binding selects objects", edited(scene.ValidatingBinding, func(spec map[string]any) {
		spec["matchResources"] = map[string]any{"objectSelector": map[string]any{"matchLabels": map[string]any{"guarded": "yes"}}}
	}), "differs in spec.matchResources"),
	Entry("the binding is of another policy", func() {
		s.Remove(scene.ValidatingBinding, scene.Authorize)
		Expect(s.Bound(scene.Authorize, scene.Keep)).To(Succeed())
	}, "differs in spec.policyName"),
}

// edited edits the policy that authorizes approvals, or its binding.
func edited(kind string, change func(map[string]any)) func() {
	return func() { s.Edit(kind, scene.Authorize, change) }
}

func resources(spec map[string]any) map[string]any {
	return spec["matchConstraints"].(map[string]any)["resourceRules"].([]any)[0].(map[string]any)
}

// forge makes Mallory approve as Alice, as soon as the API server lets her.
func (s *stage) forge(rem *v1alpha1.Remediation) *v1alpha1.Approval {
	GinkgoHelper()
	forged := builder.Approval(rem)
	forged.Spec.Approver = s.whoami(s.As(scene.Alice))
	s.Await("Mallory can approve as Alice", func(ctx context.Context) bool {
		trial := forged.DeepCopy()
		return s.As(scene.Mallory).Create(ctx, trial, client.DryRunAll) == nil && trial.Spec.Approver.Username == scene.Alice
	})
	Expect(s.As(scene.Mallory).Create(s.ctx, forged)).To(Succeed())
	Expect(forged.Spec.Approver).To(Equal(s.whoami(s.As(scene.Alice))), "the forgery worked")
	return forged
}

// restored brings back exactly what is shipped, now.
func (s *stage) restored() {
	GinkgoHelper()
	Expect(s.Replace()).To(Succeed())
	s.Overtake()
}

// later lets a day pass on the clock that approvals are compared by: what was forged must not become valid by waiting.
func (s *stage) later() { s.Wall.Step(24 * time.Hour) }

var _ = Describe("While an admission policy is not as shipped", func() {
	DescribeTable("no approval counts, and none that was forged counts afterwards:", func(loosen func(), difference string) {
		rem := s.waiting()
		s.Remove(scene.MutatingBinding, scene.Stamp) // it would write down who Mallory is
		loosen()
		s.Approved(rem)
		s.refused(name, notAsShipped)
		s.refused(name, difference)
		forged := s.forge(rem)
		s.refused(name, difference)
		s.restored()
		s.nudge()
		s.refused(name, tooEarly)
		Expect(s.counted(forged.Name)).To(ContainSubstring(tooEarly))
		s.later()
		s.nudge()
		s.refused(name, tooEarly)
	}, loosenings)

	DescribeTable("an approval that is forged does not count either where the operator never saw it so:", func(loosen func(), _ string) {
		rem := s.waiting()
		s.Remove(scene.MutatingBinding, scene.Stamp)
		loosen()
		forged := s.forge(rem)
		s.restored()
		s.refused(name, tooEarly)
		Expect(s.counted(forged.Name)).To(ContainSubstring(tooEarly))
		s.later()
		s.nudge()
		s.refused(name, tooEarly)
	}, loosenings)

	DescribeTable("an honest approval does not count where nothing can be forged either:", func(tamper func(), difference string) {
		rem := s.waiting()
		tamper()
		s.Approved(rem)
		s.refused(name, difference)
		s.restored()
		s.nudge()
		s.refused(name, "the admission policies were first seen in force") // of the Approval, or of the Remediation
	},
		Entry("errors are ignored", edited(scene.Validating, func(spec map[string]any) { spec["failurePolicy"] = "Ignore" }),
			"differs in spec.failurePolicy"),
		Entry("other claims tell people apart", edited(scene.Validating, func(spec map[string]any) {
			spec["variables"].([]any)[0].(map[string]any)["expression"] = "['anything']"
		}), "differs in spec.variables"),
		Entry("specs may be edited", func() { s.Remove(scene.Validating, scene.Keep) },
			"ValidatingAdmissionPolicy keep-spec.runbook-operator.io is missing"),
		Entry("requesters are not confirmed", func() { s.Remove(scene.ValidatingBinding, scene.Confirm) },
			"ValidatingAdmissionPolicyBinding confirm-requester.runbook-operator.io is missing"),
		Entry("somebody else is filled in", func() { s.Edit(scene.Mutating, scene.Stamp, stampAlice) },
			"MutatingAdmissionPolicy stamp-approver.runbook-operator.io differs in spec.mutations"),
	)

	It("says so once and not at every look", func() {
		rem := s.waiting()
		s.Remove(scene.Validating, scene.Authorize)
		s.Approved(rem)
		s.refused(name, notAsShipped)
		was := len(s.Events(rem))
		for range 4 {
			s.after(5 * time.Minute)
			s.look(name)
		}
		Expect(s.Events(rem)).To(HaveLen(was))
	})

	It("and long after it is restored, a new approval makes the change, once", func() {
		rem := s.waiting()
		s.Remove(scene.ValidatingBinding, scene.Authorize)
		old := s.Approved(rem)
		s.refused(name, notAsShipped)
		s.Restore()
		Expect(s.Admin.Delete(s.ctx, old)).To(Succeed())
		s.settlePolicies()
		s.Approve(scene.Alice, name)
		s.changed()
	})
})

// stampAlice makes the policy that fills in who approves fill in Alice, as a webhook of an attacker would.
func stampAlice(spec map[string]any) {
	spec["mutations"] = []any{map[string]any{"patchType": "JSONPatch", "jsonPatch": map[string]any{"expression": `
		[JSONPatch{op: "add", path: "/spec/approver", value: Object.spec.approver{
			username: "` + scene.Alice + `", groups: ["system:authenticated"]
		}}]`}}}
}

var _ = Describe("Where something fills in Alice whoever approves", func() {
	It("the API server refuses everybody else", func() {
		rem := s.waiting()
		s.Edit(scene.Mutating, scene.Stamp, stampAlice)
		s.Await("Alice is filled in", func(ctx context.Context) bool {
			err := s.As(scene.Bob).Create(ctx, builder.Approval(rem), client.DryRunAll)
			return err != nil
		})
		s.forbidden(s.As(scene.Mallory), builder.Approval(rem), notYou)
		s.forbidden(s.As(scene.Bob), builder.Approval(rem), notYou)
	})

	It("and nothing compares, what was forged never counts", func() {
		rem := s.waiting()
		s.Edit(scene.Mutating, scene.Stamp, stampAlice)
		s.Edit(scene.Validating, scene.Authorize, func(spec map[string]any) { spec["validations"] = spec["validations"].([]any)[:1] })
		forged := s.forge(rem)
		s.restored()
		s.refused(name, tooEarly)
		Expect(s.counted(forged.Name)).To(ContainSubstring(tooEarly))
	})
})

// nudge lets the operator look again at a Remediation that waits, as it does by itself after some minutes.
func (s *stage) nudge() { s.look(name) }

// Approved is an Approval that Alice really made.
func (s *stage) Approved(rem *v1alpha1.Remediation) *v1alpha1.Approval {
	GinkgoHelper()
	a := builder.Approval(rem)
	a.Spec.Approver = s.whoami(s.As(scene.Alice))
	Expect(s.As(scene.Alice).Create(s.ctx, a)).To(Succeed())
	return a
}

// counted is what the status says of an Approval.
func (s *stage) counted(approval string) string {
	GinkgoHelper()
	for _, c := range s.Get(name).Status.Approvals {
		if c.Name == approval {
			return c.Message
		}
	}
	return "nothing"
}
