//go:build fault

package detection_test

import (
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/sim/sqs"
	"github.com/runbook-operator/runbook-operator/test/builder"
)

var _ = Describe("An operator that dies", func() {
	It("at any boundary between the fire and the deleted message has one Incident for it when it is back", func() {
		s := watched()
		reactstocks.Deliver(s.World, reactstocks.Both)
		Expect(s.World.SetDelivery(reactstocks.AlarmQueue, sqs.Delivery{Duplicate: 1, Reorder: true})).To(BeTrue())
		a, b := s.alarm("a throttled", backend, "Throttles"), s.alarm("b failing", worker, "Errors")

		var deaths []string // the boundary of each, until one life has no more of them
		for {
			where := s.lives(len(deaths)+1, a, b)
			Expect(s.left()).To(BeZero(), "after a death %s", where)
			if where == "" {
				break
			}
			deaths = append(deaths, where)
		}
		s.expectJust(s.Namespace, builder.Application, a, b)
		Expect(s.ignored()).To(BeEmpty())
		for _, request := range []string{
			"sqs:ReceiveMessage", "cloudwatch:DescribeAlarms", "create *v1alpha1.Incident", "patch status *v1alpha1.ServerlessApplication",
			"patch status *v1alpha1.Incident", "sqs:DeleteMessageBatch",
		} {
			Expect(deaths).To(ContainElements("before "+request, "after "+request))
		}
		AddReportEntry("deaths", fmt.Sprintf("%d\n%s", len(deaths), strings.Join(deaths, "\n")))
	})
})

// lives lets two alarms fire and recover, the second when the operator is back, and the operator die at a boundary after
// the first. It returns which that was, "" if the operator never came to it.
func (s *story) lives(at int, a, b string) (where string) {
	GinkgoHelper()
	life := s.life
	life.arm(at)
	s.to(firing, a)
	s.pass(told)
	if life.ctx.Err() != nil {
		passed := life.boundaries()
		where = passed[len(passed)-1]
		s.start()
		s.pass(shown)
	}
	life.arm(0)
	s.to(firing, b)
	s.pass(told)
	s.to(fine, a, b)
	s.pass(shown)
	s.resolve()
	s.pass(told)
	return where
}
