//go:build fault

package together

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

func reserve(name, function string, n int32) func(*v1alpha1.Remediation) {
	return func(r *v1alpha1.Remediation) {
		r.Name, r.Spec.Target.FunctionName = name, v1alpha1.FunctionName(function)
		r.Spec.NotAfter.Time = r.Spec.NotAfter.Add(time.Hour) // one waits until the other ended
		r.Spec.Action = v1alpha1.Action{SetReservedConcurrency: &v1alpha1.SetReservedConcurrency{Value: n}}
	}
}

// pair asks for two changes, both approved. A process looks at the first, and at one moment of that another process at
// the second.
func (c *course) pair(i int, one, two func(*v1alpha1.Remediation)) (a, b *v1alpha1.Remediation) {
	GinkgoHelper()
	c.reset()
	a, b = c.approved(one), c.approved(two)
	acted := false
	c.at(i, func() { acted = true; c.look(c.second, client.ObjectKeyFromObject(b)) })
	c.look(c.first, client.ObjectKeyFromObject(a))
	c.Seam = nil
	Expect(acted).To(BeTrue(), "moment %d was not reached", i)
	return a, b
}

// both lets each process look at both, by turns.
func (c *course) both(times int, every time.Duration, rems ...*v1alpha1.Remediation) {
	for range times {
		for _, rem := range rems {
			c.look(c.first, client.ObjectKeyFromObject(rem))
			c.look(c.second, client.ObjectKeyFromObject(rem))
		}
		c.advance(every)
	}
}

var _ = Describe("Two Remediations at the same moment", func() {
	DescribeTable("of one function are never both made: the second is planned upon what the first left, by two processes,",
		func(one, two int32) {
			c := begin()
			m := c.learn(reserve("a", backend, one))
			chosen := m.chosen(24, m.last("create Lease"), m.intent(), m.call())
			first := map[string]int{}
			for n, i := range chosen {
				a, b := c.pair(i, reserve("a", backend, one), reserve("b", backend, two))
				Expect(c.Changed(c.mark)).To(HaveLen(1), "%s:\n%s\n%s", m.name(i), c.says("a"), c.says("b"))
				c.both(2, 20*time.Second, a, b)
				a, b = c.Get("a"), c.Get("b")
				Expect(c.judge(false, a, b)).To(Succeed(), m.name(i))
				Expect(c.Changed(c.mark)).To(HaveLen(1), "%s:\n%s\n%s", m.name(i), c.says("a"), c.says("b"))
				winner, loser, left := a, b, one
				if a.Status.AppliedAt == nil {
					winner, loser, left = b, a, two
				}
				first[winner.Name]++
				Expect(winner.Status.AppliedAt).NotTo(BeNil(), c.says(winner.Name))
				if loser.Status.EndedAt != nil {
					Expect(c.Reason(loser.Name, v1alpha1.ConditionSucceeded)).To(Equal(v1alpha1.ReasonNoHeadroom), c.says(loser.Name))
					continue
				}
				Expect(loser.Status.Plan.Number).To(BeEquivalentTo(2), c.says(loser.Name))
				Expect(text(loser.Status.Plan.Calls[0].Before)).To(Equal(fmt.Sprint(left)), "not lost, and asked for anew:\n%s", c.says(loser.Name))
				if n > 0 && n < len(chosen)-1 {
					continue
				}
				// Twice to the end: the second goes on once it is approved anew and the first has ended.
				c.Approve(scene.Alice, loser.Name)
				c.both(1, time.Second, loser)
				Expect(c.Reason(loser.Name, v1alpha1.ConditionApplied)).To(Equal(v1alpha1.ReasonTargetBusy), c.says(loser.Name))
				for range 30 {
					if c.Get(loser.Name).Status.AppliedAt != nil {
						break
					}
					c.both(1, 30*time.Second, winner, loser)
				}
				Expect(c.judge(false, c.Get("a"), c.Get("b"))).To(Succeed())
				Expect(c.Changed(c.mark)).To(HaveLen(2), "%s\n%s", c.says("a"), c.says("b"))
				Expect(c.Get(winner.Name).Status.EndedAt).NotTo(BeNil(), "the function is locked until the first is proved")
			}
			AddReportEntry("two of one function", fmt.Sprintf("at %d moments of %d; first was %v", len(chosen), len(m), first), ReportEntryVisibilityAlways)
		},
		Entry("the second asks for more", int32(200), int32(300)),
		Entry("the second asks for less", int32(200), int32(150)),
	)

	It("of one account's pool are made one after the other: the second not before the first was read back", func() {
		c := begin()
		m := c.learn(reserve("a", backend, wanted))
		chosen := m.chosen(24, m.last("create Lease"), m.intent(), m.call())
		first := map[string]int{}
		for _, i := range chosen {
			a, b := c.pair(i, reserve("a", backend, wanted), reserve("b", news, 20))
			c.both(3, 20*time.Second, a, b)
			Expect(c.judge(false, c.Get("a"), c.Get("b"))).To(Succeed(), m.name(i))
			calls := c.Changed(c.mark)
			Expect(calls).To(HaveLen(2), "none is lost, %s:\n%s\n%s", m.name(i), c.says("a"), c.says("b"))
			read := c.World.Ledger().Entries(ledger.After(calls[0].Sequence), func(e ledger.Entry) bool {
				return e.Sequence < calls[1].Sequence && e.Resource == calls[0].Resource && e.Action() == "lambda:GetFunction"
			})
			Expect(read).NotTo(BeEmpty(), "%s: %s came before anybody saw %s", m.name(i), calls[1], calls[0])
			first[calls[0].Resource]++
			Expect(c.Reserved(backend) + c.Reserved(news)).To(BeEquivalentTo(wanted + 20))
		}
		Expect(first).To(HaveLen(2), "each was the first at some moment")
		AddReportEntry("two of one pool", fmt.Sprintf("at %d moments of %d", len(chosen), len(m)), ReportEntryVisibilityAlways)
	})
})
