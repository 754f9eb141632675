//go:build fault

package together

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/lease"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

// Between the last read and the call, nobody sees what a person sets. AWS offers a condition for some calls and for
// others none: of those, and of no others, what a person sets in these moments is overwritten.
var _ = DescribeTable("What a person sets while a change is decided is not overwritten, but where AWS offers no condition, between the last read and the call:",
	func(k kind) {
		c := begin()
		m := c.learn(k.ask)
		read, called, lost := m.read(), m.call(), 0
		chosen := m.chosen(12, read, called)
		for _, i := range chosen {
			c.reset()
			rem := c.approved(k.ask)
			was := c.through(rem, i, func() { c.set(k, k.third) })
			unseen := was.unseen(i)
			rem = c.Get(rem.Name)
			Expect(c.judge(unseen && !k.conditional, rem)).To(Succeed(), "set %s", m.name(i))
			switch calls := c.Changed(c.mark); {
			case unseen && !k.conditional:
				Expect(c.value(k)).To(Equal(k.wanted), "set %s", m.name(i))
				lost++
			case unseen || was.call() < 0:
				Expect(calls).To(BeEmpty(), "set %s:\n%s", m.name(i), c.says(rem.Name))
				Expect(text(rem.Status.Plan.Calls[0].Before)).To(Equal(k.third), "it is planned again upon what the person set, %s:\n%s", m.name(i), c.says(rem.Name))
				Expect(c.value(k)).To(Equal(k.third))
			default:
				Expect(calls).To(HaveLen(1), "set %s", m.name(i))
				Expect(c.value(k)).To(Equal(k.third), "set %s:\n%s", m.name(i), c.says(rem.Name))
			}
		}
		AddReportEntry("by hand", fmt.Sprintf("%s: set at %d moments of %d; overwritten at %d, all between the last read and the call, which are %d requests apart",
			k.name, len(chosen), len(m), lost, called-read), ReportEntryVisibilityAlways)
	},
	Entry("reserved concurrency", reserving),
	Entry("timeout", timing),
)

// stage brings a change to a place where it waits, and lets it go on from there.
type stage struct {
	name string
	wait func(*course, kind) *v1alpha1.Remediation
	on   func(*course, *v1alpha1.Remediation)
}

func onward(*course, *v1alpha1.Remediation) {}

var (
	beforeApproval = stage{"its plan waits for approval", func(c *course, k kind) *v1alpha1.Remediation { return c.planned(k.ask) },
		func(c *course, rem *v1alpha1.Remediation) { c.Approve(scene.Alice, rem.Name) }}
	afterApproval = stage{"its plan is approved", func(c *course, k kind) *v1alpha1.Remediation { return c.approved(k.ask) }, onward}
	heldByMode    = stage{"the mode holds it", func(c *course, k kind) *v1alpha1.Remediation {
		rem := c.approved(k.ask)
		mode(v1alpha1.ModePropose)(c, rem)
		c.look(c.first, client.ObjectKeyFromObject(rem))
		Expect(c.Reason(rem.Name, v1alpha1.ConditionApplied)).To(Equal(v1alpha1.ReasonModePropose), c.says(rem.Name))
		return rem
	}, mode(v1alpha1.ModeAct)}
	heldByLease = stage{"another change holds it", func(c *course, k kind) *v1alpha1.Remediation {
		rem := c.approved(k.ask)
		other := c.planned(k.ask, func(r *v1alpha1.Remediation) { r.Name = "other" })
		_, err := c.locker().Take(c.ctx, c.target(rem), lease.Holder{Key: client.ObjectKeyFromObject(other), UID: other.UID}, c.Clock.Now(), nil)
		Expect(err).NotTo(HaveOccurred())
		c.look(c.first, client.ObjectKeyFromObject(rem))
		Expect(c.Reason(rem.Name, v1alpha1.ConditionApplied)).To(Equal(v1alpha1.ReasonTargetBusy), c.says(rem.Name))
		return rem
	}, func(c *course, rem *v1alpha1.Remediation) {
		other := c.Get("other")
		Expect(c.locker().Release(c.ctx, c.target(rem), other.UID)).To(Succeed())
		Expect(c.Admin.Delete(c.ctx, other)).To(Succeed())
	}}
	outcomeOpen = stage{"its outcome is not seen yet", func(c *course, k kind) *v1alpha1.Remediation {
		rem := c.approved(k.ask)
		c.World.Faults().Add(faults.Rule{Action: "lambda:GetFunction*", Role: reactstocks.GrantRole, Until: c.Clock.Now().Add(10 * time.Second), Effect: faults.Effect{Stale: 10 * time.Second}})
		c.look(c.first, client.ObjectKeyFromObject(rem))
		Expect(c.Reason(rem.Name, v1alpha1.ConditionApplied)).To(Equal(v1alpha1.ReasonTakingEffect), c.says(rem.Name))
		return rem
	}, onward}
	verifying = stage{"it is verified", func(c *course, k kind) *v1alpha1.Remediation { return c.applied(k) }, onward}
)

var _ = Describe("What a person sets while a change waits", func() {
	It("is planned upon before the call, and left alone after it", func() {
		c := begin()
		tried := 0
		for _, k := range kinds {
			for _, s := range []stage{beforeApproval, afterApproval, heldByMode, heldByLease, outcomeOpen, verifying} {
				c.reset()
				rem := s.wait(c, k)
				made := len(c.Changed(c.mark))
				c.set(k, k.third)
				s.on(c, rem)
				for range 6 {
					c.look(c.first, client.ObjectKeyFromObject(rem))
					c.advance(time.Minute)
				}
				rem = c.Get(rem.Name)
				Expect(c.judge(false, rem)).To(Succeed(), "%s, %s", k.name, s.name)
				Expect(c.Changed(c.mark)).To(HaveLen(made), "%s, %s:\n%s", k.name, s.name, c.says(rem.Name))
				Expect(c.value(k)).To(Equal(k.third), "%s, %s:\n%s", k.name, s.name, c.says(rem.Name))
				if made == 0 {
					Expect(text(rem.Status.Plan.Calls[0].Before)).To(Equal(k.third), "%s, %s:\n%s", k.name, s.name, c.says(rem.Name))
				}
				tried++
			}
		}
		AddReportEntry("by hand", fmt.Sprintf("%d of %d stages", tried, 6*len(kinds)), ReportEntryVisibilityAlways)
	})
})

// planned asks for a change, and lets the operator plan it.
func (c *course) planned(changes ...func(*v1alpha1.Remediation)) *v1alpha1.Remediation {
	GinkgoHelper()
	rem := c.asked(changes...)
	c.look(c.first, client.ObjectKeyFromObject(rem))
	Expect(c.Reason(rem.Name, v1alpha1.ConditionApproved)).To(Equal(v1alpha1.ReasonAwaitingApproval), c.says(rem.Name))
	return c.Get(rem.Name)
}

// applied makes a change and sees it applied.
func (c *course) applied(k kind, changes ...func(*v1alpha1.Remediation)) *v1alpha1.Remediation {
	GinkgoHelper()
	rem := c.approved(append([]func(*v1alpha1.Remediation){k.ask}, changes...)...)
	for range 3 {
		c.look(c.first, client.ObjectKeyFromObject(rem))
		if rem = c.Get(rem.Name); rem.Status.AppliedAt != nil {
			return rem
		}
		c.advance(6 * time.Second)
	}
	Fail("it is not applied:\n" + c.says(rem.Name))
	return nil
}

func (c *course) locker() lease.Locker {
	return lease.Locker{Client: c.Admin, Reader: c.Admin, Namespace: c.OperatorNamespace}
}

func (c *course) target(rem *v1alpha1.Remediation) string {
	return lease.FunctionTarget(c.Get(rem.Name).Status.Plan.Calls[0].Call.ResourceARN)
}
