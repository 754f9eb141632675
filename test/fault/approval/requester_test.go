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

const stampRequester = "stamp-requester"

// disguised makes Carol ask for a change as Bob, as soon as the API server lets her.
func (s *stage) disguised() *v1alpha1.Remediation {
	GinkgoHelper()
	forged := builder.Remediation(s.Namespace, s.inTime)
	forged.Spec.RequestedBy = s.whoami(s.As(scene.Bob))
	s.Await("Carol can ask as Bob", func(ctx context.Context) bool {
		trial := forged.DeepCopy()
		return s.As(scene.Carol).Create(ctx, trial, client.DryRunAll) == nil && trial.Spec.RequestedBy.Username == scene.Bob
	})
	Expect(s.As(scene.Carol).Create(s.ctx, forged)).To(Succeed())
	Expect(forged.Spec.RequestedBy.Username).To(Equal(scene.Bob), "the forgery worked")
	return forged
}

var _ = Describe("A change that was asked for in the name of somebody else while that was not confirmed", func() {
	const unknown = "nobody knows who asked for the change"

	DescribeTable("is never approved by whoever asked, though the admission policies are exactly as shipped again:", func(tamper func()) {
		tamper()
		s.disguised()
		s.restored()
		Expect(s.Driver.Settle(s.ctx)).To(Succeed())
		Expect(s.Reason(name, v1alpha1.ConditionApproved)).To(Equal(v1alpha1.ReasonAwaitingApproval))
		s.Approve(scene.Carol, name)
		s.refused(name, unknown)
		s.later()
		s.nudge()
		s.refused(name, unknown)
	},
		Entry("the bindings were deleted", func() {
			s.Remove(scene.MutatingBinding, stampRequester)
			s.Remove(scene.ValidatingBinding, scene.Confirm)
		}),
		Entry("the policies matched nobody", func() {
			s.Edit(scene.Mutating, stampRequester, func(spec map[string]any) {
				spec["matchConditions"] = []any{map[string]any{"name": "never", "expression": "false"}}
			})
			s.Edit(scene.Validating, scene.Confirm, func(spec map[string]any) {
				spec["matchConditions"] = []any{map[string]any{"name": "never", "expression": "false"}}
			})
		}),
	)
})

var _ = Describe("A change that the operator proposes for an Incident that a person opened", func() {
	It("is not approved by that person, who chose the Runbook and so the change, and is by another", func() {
		runbook := builder.Runbook(s.Namespace, func(r *v1alpha1.Runbook) {
			r.Name = "drill"
			r.Spec.Investigate = []v1alpha1.Step{{Name: "fn", FunctionState: &v1alpha1.FunctionStateStep{}}}
			r.Spec.Diagnose[0].When = "fn.timeoutSeconds > 0"
		})
		Expect(s.As(scene.Carol).Create(s.ctx, runbook)).To(Succeed())
		DeferCleanup(func() { Expect(s.Admin.Delete(s.ctx, runbook)).To(Succeed()) })
		Expect(s.Driver.Settle(s.ctx)).To(Succeed())
		incident := builder.Incident(s.Namespace, func(i *v1alpha1.Incident) {
			i.Spec.RunbookRefs = []v1alpha1.LocalReference{{Name: runbook.Name}}
		})
		Expect(s.As(scene.Carol).Create(s.ctx, incident)).To(Succeed())
		DeferCleanup(func() { Expect(s.Admin.Delete(s.ctx, incident)).To(Succeed()) })

		var proposed v1alpha1.RemediationList
		s.Until("the plan that is proposed for the Incident waits for approval", 20*time.Minute, func() bool {
			Expect(s.Admin.List(s.ctx, &proposed, client.InNamespace(s.Namespace))).To(Succeed())
			return len(proposed.Items) == 1 && s.Reason(proposed.Items[0].Name, v1alpha1.ConditionApproved) == v1alpha1.ReasonAwaitingApproval
		})
		change := proposed.Items[0].Name
		Expect(proposed.Items[0].Spec.RequestedBy.Username).To(HavePrefix("system:serviceaccount:"), "the operator asked for it")
		s.Approve(scene.Carol, change)
		s.refused(change, scene.Carol+" opened the Incident, and somebody else has to approve it")

		s.Approve(scene.Bob, change)
		s.Until("the change is made", 20*time.Minute, func() bool { return len(s.Calls(s.mark)) > 0 })
		Expect(s.Changed(s.mark)).To(HaveLen(1))
		Expect(s.Reserved(backend)).To(BeEquivalentTo(wanted))
	})
})
