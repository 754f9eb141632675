//go:build fault

package effect

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/fault/process"
)

// The API server or etcd is killed while the operator is at a point, and comes back some seconds later with what was
// stored.
func TestAControlPlaneThatIsKilledCostsNoSecondChange(t *testing.T) {
	t.Parallel()
	s := newStage(t, reactstocks.Steady)
	s.lead(false, process.Learn)
	calm := s.asks(moreConcurrency).ends()
	s.Expect(calm.err).NotTo(HaveOccurred())
	want := calm.effect()

	for _, name := range []string{process.APIServer, process.Etcd} {
		for _, point := range []string{afterIntent, beforeOutcome} {
			t.Run(fmt.Sprintf("%s is killed at %s", name, point), func(t *testing.T) {
				s := s.in(t)
				s.lead(false, process.Learn)
				at := s.now
				s.Expect(at.Arm(process.Point{Name: point, Stop: true})).To(Succeed())
				l := s.asks(moreConcurrency)
				l.until(at.Stopped)
				s.Expect(l.err).NotTo(HaveOccurred(), l.story())
				s.Expect(s.Kill(name)).To(Succeed())
				s.Expect(at.Signal(syscall.SIGCONT)).To(Succeed())
				l.rough, l.graceful = true, true // an operator that cannot renew its Lease for long ends
				l.patience = 3 * time.Minute     // nothing is skipped while a watch waits to be tried again
				l.ends()
				s.Expect(l.err).NotTo(HaveOccurred(), l.story())
				l.expect(want)
			})
		}
	}
	s.expectAnnounced()
}
