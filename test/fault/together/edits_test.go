//go:build fault

package together

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

// policy edits the ChangePolicy.
func (c *course) policy(change func(*v1alpha1.ChangePolicySpec)) {
	GinkgoHelper()
	c.edit(&v1alpha1.ChangePolicy{}, client.ObjectKey{Namespace: c.Namespace, Name: "default"}, func(o client.Object) {
		change(&o.(*v1alpha1.ChangePolicy).Spec)
	})
}

func people(n int32) func(*v1alpha1.ChangePolicySpec) {
	return func(p *v1alpha1.ChangePolicySpec) {
		p.Approvals = []v1alpha1.ApprovalDemand{{
			Actions: []v1alpha1.ActionName{v1alpha1.ActionSetReservedConcurrency, v1alpha1.ActionSetTimeout}, People: n,
		}}
	}
}

// edits are what people do to mode and policy while a change is under way.
var edits = []struct {
	name string
	make func(*course)
}{
	{"the mode is Propose", func(c *course) { mode(v1alpha1.ModePropose)(c, nil) }},
	{"the mode is Observe", func(c *course) { mode(v1alpha1.ModeObserve)(c, nil) }},
	{"the policy demands two people", func(c *course) { c.policy(people(2)) }},
	{"the policy demands another window", func(c *course) {
		c.policy(func(p *v1alpha1.ChangePolicySpec) { p.Verification.Window = "30m" })
	}},
	{"the policy lets plans expire at once", func(c *course) {
		c.policy(func(p *v1alpha1.ChangePolicySpec) { p.PlanExpiresAfter = "5m" })
	}},
	{"policy and application are deleted", func(c *course) {
		Expect(c.Admin.Delete(c.ctx, builder.ChangePolicy(c.Namespace))).To(Succeed())
		Expect(c.Admin.Delete(c.ctx, builder.ServerlessApplication(c.Namespace))).To(Succeed())
	}},
}

var _ = Describe("From its intent on, a change", func() {
	It("is seen through to its revert, whatever is edited meanwhile", func() {
		c := begin()
		tried := 0
		for n, e := range edits {
			for at, s := range []stage{outcomeOpen, verifying, {"it is reverted", func(c *course, k kind) *v1alpha1.Remediation { return c.expired(k) }, onward}} {
				k := kinds[(n+at)%len(kinds)]
				c.reset()
				rem := s.wait(c, k)
				window := c.Get(rem.Name).Status.Plan.Verification.WindowSeconds
				e.make(c)
				for range 40 {
					if c.look(c.first, client.ObjectKeyFromObject(rem)); c.Get(rem.Name).Status.EndedAt != nil {
						break
					}
					c.advance(30 * time.Second)
				}
				rem = c.Get(rem.Name)
				when := fmt.Sprintf("%s, %s, %s:\n%s", k.name, s.name, e.name, c.says(rem.Name))
				Expect(rem.Status.EndedAt).NotTo(BeNil(), when)
				Expect(c.judge(false, rem)).To(Succeed(), when)
				Expect(rem.Status.Plan.Verification.WindowSeconds).To(Equal(window), "what was approved is how it is verified")
				if rem.Spec.ExpiresAfter != "" {
					Expect(c.Changed(c.mark)).To(HaveLen(2), when)
					Expect(c.value(k)).To(Equal(k.before), when)
				} else {
					Expect(c.Changed(c.mark)).To(HaveLen(1), when)
					Expect(rem.Status.Verification.Observations).To(BeNumerically(">", 0), when)
				}
				tried++
			}
		}
		AddReportEntry("edits", fmt.Sprintf("%d edits at 3 stages: %d", len(edits), tried), ReportEntryVisibilityAlways)
	})
})

var _ = Describe("A change whose AWSAccount is deleted under way", func() {
	It("is left as it is while nobody knows how to assume the role, and goes on when the account is there again", func() {
		c := begin()
		for _, k := range kinds {
			c.reset()
			rem := c.expired(k)
			Expect(c.Admin.Delete(c.ctx, builder.AWSAccount(func(a *v1alpha1.AWSAccount) { a.Name = c.Account() }))).To(Succeed())
			for range 4 {
				c.look(c.first, client.ObjectKeyFromObject(rem))
				c.advance(time.Minute)
			}
			Expect(c.Changed(c.mark)).To(HaveLen(1), c.says(rem.Name))
			Expect(c.Get(rem.Name).Status.EndedAt).To(BeNil(), c.says(rem.Name))
			c.keep(builder.AWSAccount(func(a *v1alpha1.AWSAccount) { a.Name = c.Account() }))
			for range 20 {
				c.look(c.first, client.ObjectKeyFromObject(rem))
				c.advance(30 * time.Second)
			}
			Expect(c.judge(false, c.Get(rem.Name))).To(Succeed())
			Expect(c.value(k)).To(Equal(k.before), c.says(rem.Name))
		}
	})
})

var _ = Describe("Before its intent, a change", func() {
	It("is held by the mode as often as the mode says so, and made once when it is Act again", func() {
		c := begin()
		for _, k := range kinds {
			c.reset()
			rem := c.approved(k.ask)
			for _, m := range []v1alpha1.Mode{v1alpha1.ModePropose, v1alpha1.ModeObserve, v1alpha1.ModePropose, v1alpha1.ModeObserve} {
				mode(m)(c, rem)
				c.look(c.first, client.ObjectKeyFromObject(rem))
				c.advance(20 * time.Second)
				Expect(c.Calls(c.mark)).To(BeEmpty(), "mode %s", m)
				Expect(c.Reason(rem.Name, v1alpha1.ConditionApplied)).To(HavePrefix("Mode"), c.says(rem.Name))
			}
			mode(v1alpha1.ModeAct)(c, rem)
			for range 3 {
				c.look(c.first, client.ObjectKeyFromObject(rem))
				c.advance(20 * time.Second)
			}
			Expect(c.judge(false, c.Get(rem.Name))).To(Succeed())
			Expect(c.Calls(c.mark)).To(HaveLen(1), c.says(rem.Name))
			Expect(c.Get(rem.Name).Status.AppliedAt).NotTo(BeNil(), c.says(rem.Name))
		}
	})

	DescribeTable("needs what the stricter of its pinned policy and the present one demands:",
		func(was, is int32) {
			c := begin()
			for _, k := range kinds {
				c.reset()
				c.policy(people(was))
				rem := c.planned(k.ask)
				c.Approve(scene.Alice, rem.Name)
				c.policy(people(is))
				both := func() {
					for range 2 {
						c.look(c.first, client.ObjectKeyFromObject(rem))
						c.advance(5 * time.Second)
					}
				}
				both()
				Expect(c.Calls(c.mark)).To(BeEmpty(), "one of two:\n%s", c.says(rem.Name))
				Expect(c.Reason(rem.Name, v1alpha1.ConditionApproved)).To(Equal(v1alpha1.ReasonAwaitingApproval), c.says(rem.Name))
				c.Approve(scene.Alice, rem.Name)
				both()
				Expect(c.Calls(c.mark)).To(BeEmpty(), "the same person twice:\n%s", c.says(rem.Name))
				c.Approve(scene.Bob, rem.Name)
				both()
				Expect(c.judge(false, c.Get(rem.Name))).To(Succeed())
				Expect(c.Calls(c.mark)).To(HaveLen(1), c.says(rem.Name))
			}
		},
		Entry("stricter than before", int32(1), int32(2)),
		Entry("looser than before", int32(2), int32(1)),
	)

	It("is planned anew when the policy's window grows, and keeps its own when it shrinks", func() {
		c := begin()
		for window, number := range map[string]int64{"30m": 2, "1m": 1} {
			c.reset()
			c.policy(func(p *v1alpha1.ChangePolicySpec) { p.Verification.Window = "10m" })
			rem := c.approved()
			c.policy(func(p *v1alpha1.ChangePolicySpec) { p.Verification.Window = window })
			for range 3 {
				c.look(c.first, client.ObjectKeyFromObject(rem))
				c.advance(time.Second)
			}
			plan := c.Get(rem.Name).Status.Plan
			Expect(plan.Number).To(Equal(number), "%s:\n%s", window, c.says(rem.Name))
			Expect(plan.Verification.WindowSeconds).To(BeNumerically(">=", 600))
			Expect(c.Calls(c.mark)).To(HaveLen(int(2-number)), "the approval was of the plan before, or is of this one")
		}
	})
})
