//go:build fault

package together

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

// slow are requests that may take long, or be many: none of them may lie between the last look at a brake and the call.
const slow = "cloudwatch:*"

// word is the look at what people say, once more after the intent.
const word = "list Approval after the intent"

var _ = DescribeTable("A brake that is pulled before the operator's last look at it holds, whenever it is pulled:",
	func(pull func(*course, *v1alpha1.Remediation), lastLook string) {
		c := begin()
		m := c.learn()
		look := m[:m.intent()+1].last(lastLook)
		if lastLook == word {
			look = m[:m.call()].last("list Approval")
		}
		Expect(look).To(BeNumerically(">", 0), "the operator never looks: %v", m)
		Expect(m[look:m.call()].last(slow)).To(Equal(-1), "something slow lies between the last look and the call: %v", m[look:m.call()])
		made := 0
		chosen := m.chosen(24, look, m.intent(), m.call())
		for _, i := range chosen {
			c.reset()
			rem := c.approved()
			c.through(rem, i, func() { pull(c, rem) })
			Expect(c.judge(false, rem)).To(Succeed(), "pulled %s", m.name(i))
			calls := c.Calls(c.mark)
			if i < look {
				Expect(calls).To(BeEmpty(), "pulled %s, and looked at last %s:\n%s", m.name(i), m.name(look), c.says(rem.Name))
			}
			if i >= max(look, m.intent()) {
				Expect(calls).To(HaveLen(1), "pulled %s: what was announced is made, and seen through:\n%s", m.name(i), c.says(rem.Name))
			}
			made += len(calls)
		}
		AddReportEntry("brake", fmt.Sprintf("pulled at %d moments of %d, after %d of which the call was made; %d requests lie between the last look and the call",
			len(chosen), len(m), made, m.call()-look-1), ReportEntryVisibilityAlways)
	},
	Entry("the mode is Observe", mode(v1alpha1.ModeObserve), "get ServerlessApplication"),
	Entry("the mode is Propose", mode(v1alpha1.ModePropose), "get ServerlessApplication"),
	Entry("the application is deleted", func(c *course, _ *v1alpha1.Remediation) {
		Expect(c.Admin.Delete(c.ctx, builder.ServerlessApplication(c.Namespace))).To(Succeed())
	}, "get ServerlessApplication"),
	Entry("the application does not list the function any more", func(c *course, _ *v1alpha1.Remediation) {
		c.application(func(a *v1alpha1.ServerlessApplication) { a.Spec.Functions = a.Spec.Functions[1:] })
	}, "get ServerlessApplication"),
	Entry("the grant allows less than Act", func(c *course, _ *v1alpha1.Remediation) {
		c.account(func(a *v1alpha1.AWSAccount) { a.Spec.Grants[0].MaxMode = v1alpha1.ModePropose })
	}, "get AWSAccount"),
	Entry("the grant does not allow the action", func(c *course, _ *v1alpha1.Remediation) {
		c.account(func(a *v1alpha1.AWSAccount) {
			a.Spec.Grants[0].AllowedActions = []v1alpha1.ActionName{v1alpha1.ActionSetTimeout}
		})
	}, "get AWSAccount"),
	Entry("the grant lists other functions", func(c *course, _ *v1alpha1.Remediation) {
		c.account(func(a *v1alpha1.AWSAccount) {
			a.Spec.Grants[0].Resources.ARNPatterns = []string{"arn:aws:lambda:*:123456789012:function:orders-*"}
		})
	}, "get AWSAccount"),
	Entry("the grant does not select the namespace", func(c *course, _ *v1alpha1.Remediation) {
		c.edit(&corev1.Namespace{}, client.ObjectKey{Name: c.Namespace}, func(o client.Object) { o.SetLabels(map[string]string{"team": "orders"}) })
	}, "get Namespace"),
	Entry("the policy demands two people", func(c *course, _ *v1alpha1.Remediation) {
		c.edit(&v1alpha1.ChangePolicy{}, client.ObjectKey{Namespace: c.Namespace, Name: "default"}, func(o client.Object) {
			o.(*v1alpha1.ChangePolicy).Spec.Approvals = []v1alpha1.ApprovalDemand{{
				Actions: []v1alpha1.ActionName{v1alpha1.ActionSetReservedConcurrency}, People: 2,
			}}
		})
	}, "get ChangePolicy"),
	Entry("the Approval is deleted", func(c *course, _ *v1alpha1.Remediation) {
		Expect(c.Admin.DeleteAllOf(c.ctx, &v1alpha1.Approval{}, client.InNamespace(c.Namespace))).To(Succeed())
	}, word),
	Entry("another person rejects it", func(c *course, rem *v1alpha1.Remediation) {
		c.Approve(scene.Bob, rem.Name, func(a *v1alpha1.Approval) { a.Spec.Decision = v1alpha1.DecisionRejected })
	}, word),
	Entry("the Incident is deleted", func(c *course, _ *v1alpha1.Remediation) {
		Expect(c.Admin.Delete(c.ctx, builder.Incident(c.Namespace))).To(Succeed())
	}, "get Incident"),
	Entry("the Remediation is deleted", func(c *course, rem *v1alpha1.Remediation) {
		Expect(c.Admin.Delete(c.ctx, rem)).To(Succeed())
	}, intent),
	Entry("the plan expires", func(c *course, _ *v1alpha1.Remediation) { c.pass(31 * time.Minute) }, "list Approval"),
	Entry("its time is over", func(c *course, _ *v1alpha1.Remediation) { c.pass(21 * time.Minute) }, "get ChangePolicy"),
)

func mode(m v1alpha1.Mode) func(*course, *v1alpha1.Remediation) {
	return func(c *course, _ *v1alpha1.Remediation) {
		c.application(func(a *v1alpha1.ServerlessApplication) { a.Spec.Mode = m })
	}
}
