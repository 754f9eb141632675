//go:build fault

package together

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

// records selects the records of changes that nobody sees through any more.
var records = client.MatchingLabels{"runbook-operator.io/record": "orphan"}

func (c *course) records() []corev1.ConfigMap {
	GinkgoHelper()
	var list corev1.ConfigMapList
	Expect(c.Admin.List(c.ctx, &list, client.InNamespace(c.OperatorNamespace), records)).To(Succeed())
	return list.Items
}

func (c *course) leases() int {
	GinkgoHelper()
	var list coordinationv1.LeaseList
	Expect(c.Admin.List(c.ctx, &list, client.InNamespace(c.OperatorNamespace))).To(Succeed())
	return len(list.Items)
}

// The fixture's control plane has neither a garbage collector nor a namespace controller. What they do to these objects
// is done by hand, in their order: deletionTimestamps by the API server's own doing, everything else follows.
func deleteRemediation(c *course, rem *v1alpha1.Remediation) {
	GinkgoHelper()
	Expect(client.IgnoreNotFound(c.Admin.Delete(c.ctx, rem))).To(Succeed())
}

// deleteIncident deletes the Incident, and what it owns, as the garbage collector does.
func deleteIncident(c *course, rem *v1alpha1.Remediation) {
	GinkgoHelper()
	Expect(c.Admin.Delete(c.ctx, builder.Incident(c.Namespace))).To(Succeed())
	deleteRemediation(c, rem)
}

// deleteNamespace deletes the namespace, into which the API server then lets nobody write anything new, and what is in
// it, as the namespace controller does.
func deleteNamespace(c *course, _ *v1alpha1.Remediation) {
	GinkgoHelper()
	Expect(c.Admin.Delete(c.ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.Namespace}})).To(Succeed())
	for _, o := range []client.Object{
		&v1alpha1.ServerlessApplication{}, &v1alpha1.ChangePolicy{}, &v1alpha1.Approval{}, &v1alpha1.Incident{}, &v1alpha1.Remediation{},
	} {
		Expect(c.Admin.DeleteAllOf(c.ctx, o, client.InNamespace(c.Namespace))).To(Succeed())
	}
}

// dead lets AWS be away for good.
func (c *course) dead() { c.World.Outage("*", 1000*time.Hour, faults.Effect{ResetBefore: true}) }

// goes looks every so often until a Remediation is gone, and says whether it is within a time.
func (c *course) goes(rem *v1alpha1.Remediation, every, within time.Duration) bool {
	GinkgoHelper()
	for range int(within / every) {
		c.look(c.first, client.ObjectKeyFromObject(rem))
		if c.Gone(rem.Name) {
			return true
		}
		c.advance(every)
	}
	return false
}

// expectGone expects that nothing of a deleted Remediation is left, but, where that is due, its record and its events.
func (c *course) expectGone(rem *v1alpha1.Remediation, orphaned bool, when string) {
	GinkgoHelper()
	Expect(len(c.Calls(c.mark))).To(BeNumerically("<=", 2), when)
	Expect(c.leases()).To(BeZero(), when)
	if !orphaned {
		Expect(c.records()).To(BeEmpty(), when)
		return
	}
	found := c.records()
	Expect(found).To(HaveLen(1), when)
	Expect(found[0].Name).To(Equal("orphan-"+string(rem.UID)), when)
	Expect(found[0].Data["README"]).To(ContainSubstring("aws lambda "), when)
	Expect(c.told.list).To(ContainElement(rem.Namespace+"/"+rem.Name+" "+v1alpha1.ReasonOrphaned), when)
	Expect(c.told.list).To(ContainElement(c.OperatorNamespace+"/"+found[0].Name+" "+v1alpha1.ReasonOrphaned), when)
}

// goneStages are where a change can be when it is deleted. begun says that a call was made by then.
var goneStages = []struct {
	stage
	begun bool
}{
	{beforeApproval, false}, {afterApproval, false}, {heldByMode, false}, {outcomeOpen, true}, {verifying, true},
	{stage{"it waits to expire", func(c *course, k kind) *v1alpha1.Remediation {
		return c.applied(k, func(r *v1alpha1.Remediation) { r.Spec.ExpiresAfter = "10m" })
	}, onward}, true},
	{stage{"it is reverted", func(c *course, k kind) *v1alpha1.Remediation { return c.expired(k) }, onward}, true},
	{stage{"its revert is not seen yet", func(c *course, k kind) *v1alpha1.Remediation {
		rem := c.expired(k)
		c.World.Faults().Add(faults.Rule{Action: "lambda:*Concurrency", Times: 1, Effect: faults.Effect{ResetAfter: true}})
		c.World.Faults().Add(faults.Rule{Action: "lambda:Update*", Times: 1, Effect: faults.Effect{ResetAfter: true}})
		c.watch(rem)
		return rem
	}, onward}, true},
}

var _ = Describe("A change whose Remediation or Incident is deleted", func() {
	DescribeTable("is seen through at every stage while AWS answers, and let go with a record while AWS is dead:",
		func(remove func(*course, *v1alpha1.Remediation), shift int) {
			c := begin()
			tried := 0
			for n, s := range goneStages {
				for _, dead := range []bool{false, true} {
					k := kinds[(n+shift)%len(kinds)] // both kinds meet every stage, by the two ways to be deleted
					when := fmt.Sprintf("%s, %s, AWS dead: %t", k.name, s.name, dead)
					c.reset()
					rem := s.wait(c, k)
					made := len(c.Changed(c.mark))
					if dead {
						c.dead()
					}
					remove(c, rem)
					within := 40 * time.Minute
					if dead {
						within = 10 * time.Minute
					}
					Expect(c.goes(rem, 30*time.Second, within)).To(BeTrue(), "%s:\n%s", when, c.says(rem.Name))
					c.expectGone(rem, dead && s.begun, when)
					if dead {
						Expect(c.Changed(c.mark)).To(HaveLen(made), when)
					}
					if !s.begun {
						Expect(c.Calls(c.mark)).To(BeEmpty(), when)
					}
					tried++
				}
			}
			AddReportEntry("deleted", fmt.Sprintf("at %d stages, with AWS alive and dead: %d", len(goneStages), tried), ReportEntryVisibilityAlways)
		},
		Entry("the Remediation", deleteRemediation, 0),
		Entry("the Incident", deleteIncident, 1),
	)

	It("is made or not, and never lost, at every moment at which it and AWS go", func() {
		c := begin()
		m := c.learn()
		chosen := m.chosen(20, m.intent(), m.call())
		kept := 0
		for _, i := range chosen {
			c.reset()
			rem := c.approved()
			c.through(rem, i, func() { deleteRemediation(c, rem); c.dead() })
			Expect(c.goes(rem, 30*time.Second, 10*time.Minute)).To(BeTrue(), "%s:\n%s", m.name(i), c.says(rem.Name))
			begun := i >= m.intent()
			Expect(len(c.Changed(c.mark))).To(BeNumerically("<=", 1))
			if !begun {
				Expect(c.Calls(c.mark)).To(BeEmpty(), m.name(i))
			}
			c.expectGone(rem, begun, m.name(i))
			kept += len(c.records())
		}
		AddReportEntry("deleted", fmt.Sprintf("at %d moments of %d with AWS dead: %d records", len(chosen), len(m), kept), ReportEntryVisibilityAlways)
	})

	It("has one record whenever the process that writes it is killed, and is gone then", func() {
		c := begin()
		orphan := func() *v1alpha1.Remediation {
			c.reset()
			rem := c.applied(reserving)
			c.dead()
			deleteRemediation(c, rem)
			for c.Get(rem.Name).Status.EndedAt == nil {
				c.look(c.first, client.ObjectKeyFromObject(rem))
				c.advance(30 * time.Second)
			}
			return rem
		}
		var m moments
		rem := orphan()
		c.Seam = func(_ context.Context, b scene.Boundary) {
			if b.After {
				m = append(m, b.Request)
			}
		}
		c.look(c.first, client.ObjectKeyFromObject(rem))
		c.Seam = nil
		Expect(c.Gone(rem.Name)).To(BeTrue())
		Expect(m.last("create ConfigMap")).To(BeNumerically("<", m.last("patch Remediation")), "the record first, then the finalizer: %v", m)
		for i := range m {
			rem := orphan()
			killed := make(chan struct{})
			c.at(i, func() { close(killed); select {} }) // for ever: whatever it would have done next it never does
			go c.look(c.first, client.ObjectKeyFromObject(rem))
			Eventually(killed, "10s").Should(BeClosed())
			c.Seam = nil
			before := c.records()
			c.look(c.second, client.ObjectKeyFromObject(rem))
			Expect(c.Gone(rem.Name)).To(BeTrue(), "killed %s", m.name(i))
			c.expectGone(rem, true, m.name(i))
			if len(before) == 1 {
				Expect(c.records()[0].ResourceVersion).To(Equal(before[0].ResourceVersion), "killed %s", m.name(i))
			}
		}
		AddReportEntry("killed", fmt.Sprintf("at each of the %d requests of letting go", len(m)), ReportEntryVisibilityAlways)
	})
})

var _ = DescribeTable("A namespace that is deleted, with a change of which",
	func(s stage, k kind, dead, orphaned bool) {
		c := begin()
		c.reset()
		rem := s.wait(c, k)
		made := len(c.Changed(c.mark))
		if dead {
			c.dead()
		}
		deleteNamespace(c, rem)
		within := 40 * time.Minute
		if dead {
			within = 10 * time.Minute
		}
		Expect(c.goes(rem, 30*time.Second, within)).To(BeTrue(), c.says(rem.Name))
		c.expectGone(rem, orphaned, s.name)
		if dead {
			Expect(c.Changed(c.mark)).To(HaveLen(made))
		}
	},
	Entry("the plan is approved", afterApproval, reserving, false, false),
	Entry("the outcome is open", outcomeOpen, reserving, false, false),
	Entry("the outcome is open, AWS dead", outcomeOpen, timing, true, true),
	Entry("the result is verified", verifying, timing, false, false),
	Entry("the result is verified, AWS dead", verifying, reserving, true, true),
	Entry("the revert is due, AWS dead", goneStages[6].stage, reserving, true, true),
)
