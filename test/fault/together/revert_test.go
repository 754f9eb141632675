//go:build fault

package together

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// expired makes a change whose time is over. Nobody has looked at it since.
func (c *course) expired(k kind) *v1alpha1.Remediation {
	GinkgoHelper()
	rem := c.applied(k, func(r *v1alpha1.Remediation) { r.Spec.ExpiresAfter = "1m" })
	c.advance(61 * time.Second)
	return rem
}

var _ = DescribeTable("What a person sets while a change is reverted is not overwritten, but where AWS offers no condition, between the last read and the call:",
	func(k kind, value, reason string) {
		c := begin()
		c.reset()
		m := c.watch(c.expired(k))
		read, called, lost := m.read(), m.call(), 0
		chosen := m.chosen(12, read, called)
		for _, i := range chosen {
			c.reset()
			rem := c.expired(k)
			was := c.through(rem, i, func() { c.set(k, value) })
			unseen := was.unseen(i)
			rem = c.Get(rem.Name)
			Expect(c.judge(unseen && !k.conditional, rem)).To(Succeed(), "set %s", m.name(i))
			reverted := c.Reason(rem.Name, v1alpha1.ConditionReverted)
			switch undone := len(c.Changed(c.mark)) - 1; {
			case unseen && !k.conditional:
				Expect(c.value(k)).To(Equal(k.before), "set %s", m.name(i))
				lost++
			case unseen || was.call() < 0:
				Expect(undone).To(BeZero(), "set %s:\n%s", m.name(i), c.says(rem.Name))
				Expect(reverted).To(Equal(reason), "set %s:\n%s", m.name(i), c.says(rem.Name))
				Expect(c.value(k)).To(Equal(value))
			default:
				Expect(undone).To(Equal(1), "set %s:\n%s", m.name(i), c.says(rem.Name))
				Expect(c.value(k)).To(Equal(value), "set %s:\n%s", m.name(i), c.says(rem.Name))
			}
		}
		AddReportEntry("by hand", fmt.Sprintf("%s to %s: set at %d moments of %d; the inverse was made upon it at %d, all between the last read and the call, which are %d requests apart",
			k.name, value, len(chosen), len(m), lost, called-read), ReportEntryVisibilityAlways)
	},
	Entry("reserved concurrency, a third value", reserving, reserving.third, v1alpha1.ReasonRevertConflict),
	Entry("reserved concurrency, the value of before", reserving, reserving.before, v1alpha1.ReasonAlreadyReverted),
	Entry("timeout, a third value", timing, timing.third, v1alpha1.ReasonRevertConflict),
	Entry("timeout, the value of before", timing, timing.before, v1alpha1.ReasonAlreadyReverted),
)
