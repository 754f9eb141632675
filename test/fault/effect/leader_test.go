//go:build fault

package effect

import (
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/internal/operator"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/fault/process"
)

// The points around the intent, the call and the outcome, as an undisturbed change passes them.
const (
	beforeIntent  = "kubernetes: before PUT remediations/status #2"
	afterIntent   = "kubernetes: after PUT remediations/status #2"
	beforeCall    = "aws: before lambda:PutFunctionConcurrency #1"
	afterCall     = "aws: after lambda:PutFunctionConcurrency #1"
	beforeOutcome = "kubernetes: before PUT remediations/status #3"
)

// beforeApproval is the point after which the operator only waits for an approval.
func (errand) beforeApproval() string { return "kubernetes: after PUT remediations/status #1" }

func (e errand) beforeCall() string { return "aws: before " + e.call + " #1" }

func (e errand) afterCall() string { return "aws: after " + e.call + " #1" }

// pause is how long a leader is stopped: longer than its Lease lasts.
const pause = time.Minute

// A process that is stopped does not know it. Another one leads meanwhile, and then both run.
func TestALeaderThatWasStoppedChangesNothingAfterAnotherTookOver(t *testing.T) {
	t.Parallel()
	s := newStage(t, reactstocks.Steady)
	s.lead(false, process.Learn)
	calm := s.asks(moreConcurrency).ends()
	s.Expect(calm.err).NotTo(HaveOccurred())
	want := calm.effect()
	s.Expect(s.now.Signal(syscall.SIGKILL)).To(Succeed())
	s.Eventually(s.now.Alive).WithTimeout(patient).Should(BeFalse())
	s.Elect = true // and a leader waits until its Lease is certain

	for _, point := range []string{beforeCall} {
		t.Run("it was stopped for a minute at "+point, func(t *testing.T) {
			s := s.in(t)
			l, old := s.stops(point)
			stopped := time.Now()
			l.patience = 4 * pause
			l.ends()
			s.Expect(l.err).NotTo(HaveOccurred(), l.story())
			l.expect(want)

			s.reserve(150) // a person, who believes that nothing is under way any more
			s.Eventually(time.Now).WithTimeout(2 * pause).WithPolling(often).Should(BeTemporally(">", stopped.Add(pause)))
			continued := time.Now()
			s.Expect(old.Signal(syscall.SIGCONT)).To(Succeed())
			s.Eventually(old.Ended).WithTimeout(patient).Should(BeClosed(), "it lost the election: %s", old.Log())

			s.Expect(s.reserved()).To(BeEquivalentTo(150), "%v\n%s\n%v\n%v", continued, l.story(), old.Said("AWS"), s.CallsAfter(old, continued))
			for _, c := range s.CallsAfter(old, continued) {
				s.Expect(c.What).NotTo(HavePrefix("PUT "), "a call of a leader whose time was over")
			}
			writes, err := s.Writes()
			s.Expect(err).NotTo(HaveOccurred())
			for _, w := range process.WritesAfter(writes, old, continued) {
				if w.Answer.Code < 300 {
					s.Expect(w.Object.Resource).To(Equal("events"), "they tell what it did before: %s", w.String())
				}
			}
		})
	}
	for _, point := range []string{afterIntent, beforeOutcome} {
		t.Run("the Lease is deleted by hand at "+point, func(t *testing.T) {
			s := s.in(t)
			l, old := s.stops(point)
			before := s.holder()
			s.Expect(s.Vacate(s.ctx)).To(Succeed())
			s.Eventually(s.holder).WithTimeout(patient).WithPolling(often).ShouldNot(Or(BeEmpty(), Equal(before)))
			s.Expect(old.Signal(syscall.SIGCONT)).To(Succeed())
			l.patience = 4 * pause
			l.ends()
			s.Expect(l.err).NotTo(HaveOccurred(), l.story())
			l.expect(want)
		})
	}
	s.expectAnnounced()
}

// stops lets a leader come to a point and stop there, with a standby behind it that is the operator from then on.
func (s *stage) stops(point string) (*life, *process.Incarnation) {
	s.t.Helper()
	s.lead(false, process.Learn)
	old := s.now
	s.Eventually(s.holder).WithTimeout(patient).WithPolling(often).ShouldNot(BeEmpty(), "who comes second is the standby")
	standby, err := s.Start(true, process.Learn)
	s.Expect(err).NotTo(HaveOccurred())
	// Whatever becomes of it here, it is no standby of the next part.
	s.t.Cleanup(func() { _ = old.Signal(syscall.SIGKILL) })
	s.Expect(old.Arm(process.Point{Name: point, Stop: true})).To(Succeed())
	l := s.asks(moreConcurrency)
	l.careful, l.patience = true, 2*pause
	l.until(old.Stopped)
	s.Expect(l.err).NotTo(HaveOccurred(), l.story())
	s.now = standby
	return l, old
}

// holder returns the identity of the leader, "" if there is none.
func (s *stage) holder() string {
	var lease coordinationv1.Lease
	key := client.ObjectKey{Namespace: s.Namespace, Name: operator.Name}
	if err := s.Cluster.Admin.Get(s.ctx, key, &lease); err != nil || lease.Spec.HolderIdentity == nil {
		return ""
	}
	return strings.TrimSpace(*lease.Spec.HolderIdentity)
}

// A process that is told to stop ends what it began: the call is not cut off, and what became of it is written.
func TestAnOperatorThatIsToldToStopInTheMiddleOfACallSeesItThrough(t *testing.T) {
	t.Parallel()
	s := newStage(t, reactstocks.Steady)
	s.lead(false, process.Learn)
	calm := s.asks(moreConcurrency).ends()
	s.Expect(calm.err).NotTo(HaveOccurred())
	want := calm.effect()
	for _, point := range []string{beforeIntent, afterIntent, beforeCall, afterCall, beforeOutcome} {
		t.Run("it is told at "+point, func(t *testing.T) {
			s := s.in(t)
			s.lead(false, process.Learn)
			at := s.now
			s.Expect(at.Arm(process.Point{Name: point, Stop: true})).To(Succeed())
			l := s.asks(moreConcurrency)
			l.until(at.Stopped)
			s.Expect(l.err).NotTo(HaveOccurred(), l.story())
			s.Expect(at.Signal(syscall.SIGTERM)).To(Succeed())
			s.Expect(at.Signal(syscall.SIGCONT)).To(Succeed())
			s.Eventually(at.Ended).WithTimeout(patient).Should(BeClosed(), at.Log())
			l.graceful = true
			l.ends()
			s.Expect(l.err).NotTo(HaveOccurred(), l.story())
			l.expect(want)
			s.Expect(l.rem.Status.Intents).To(HaveLen(1), "no call was cut off and made again")
		})
	}
}
