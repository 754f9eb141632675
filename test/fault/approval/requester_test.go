//go:build fault

package approval

import (
	"context"

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
