//go:build fault

package effect

import (
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/test/fault/process"
)

// put is the call of the change, as the faults of AWS name it.
const put = "lambda:PutFunctionConcurrency"

// AWS answers once so that nobody can tell, or refuses once; and the operator is asked to end while it waits for an answer.
func TestACallThatAWSDoesNotAnswerClearlyChangesTheFunctionOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.lead(false, process.Learn)
	calm := s.asks().ends()
	s.Expect(calm.err).NotTo(HaveOccurred())
	want := calm.effect()

	for _, c := range []struct {
		sentence string
		rule     faults.Rule
		calls    int // that reach AWS
		outcomes []v1alpha1.Outcome
	}{
		{"the connection is reset after the change", faults.Rule{Action: put, Times: 1, Effect: faults.Effect{ResetAfter: true}}, 1, []v1alpha1.Outcome{"Applied"}},
		{"the connection is reset before the change", faults.Rule{Action: put, Times: 1, Effect: faults.Effect{ResetBefore: true}}, 2, []v1alpha1.Outcome{"NotApplied", "Applied"}},
		{"an internal error is answered after the change", faults.Rule{Action: put, Times: 1, Effect: faults.Effect{FailAfter: true}}, 1, []v1alpha1.Outcome{"Applied"}},
		{"an internal error is answered instead of the change", faults.Rule{Action: put, Times: 1, Effect: faults.InternalError()}, 2, []v1alpha1.Outcome{"NotApplied", "Applied"}},
		{"no answer comes within the deadline", faults.Rule{Action: put, Times: 1, Effect: faults.Effect{Latency: 12 * time.Second}}, 1, []v1alpha1.Outcome{"Applied"}},
		{"the call is throttled", faults.Rule{Action: put, Times: 1, Effect: faults.Effect{Throttle: true}}, 2, []v1alpha1.Outcome{"Refused", "Applied"}},
		{"the call is denied", faults.Rule{Action: put, Times: 1, Effect: faults.Error("AccessDeniedException", "denied", 403)}, 2, []v1alpha1.Outcome{"Refused", "Applied"}},
		{"reads are stale for 25 seconds", faults.Rule{Action: "lambda:Get*", Effect: faults.Effect{Stale: 25 * time.Second}}, 1, []v1alpha1.Outcome{"Applied"}},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			s := s.in(t)
			s.lead(false, process.Learn)
			l := s.asks()
			s.passes(time.Minute) // since the function was set back by hand
			s.AWS.Faults().Add(c.rule)
			defer s.AWS.Faults().Clear()
			l.ends()
			s.Expect(l.err).NotTo(HaveOccurred(), l.story())
			s.Expect(l.deaths).To(BeEmpty())
			var outcomes []v1alpha1.Outcome
			for _, i := range l.rem.Status.Intents {
				outcomes = append(outcomes, i.Outcome)
			}
			s.Expect(outcomes).To(Equal(c.outcomes), l.story())
			got := l.effect()
			s.Expect(got.Calls).To(Equal(c.calls), l.story())
			got.Calls, got.Before = want.Calls, nil // a call that was refused, or did not arrive, is made again
			s.Expect(got).To(Equal(want), l.story())
		})
	}

	t.Run("the operator is asked to end while it waits for the answer", func(t *testing.T) {
		s := s.in(t)
		s.lead(false, process.Learn)
		l := s.asks()
		fault := s.AWS.Faults().Add(faults.Rule{Action: put, Times: 1, Effect: faults.Effect{Latency: 5 * time.Second}})
		defer s.AWS.Faults().Clear()
		asked := s.now
		l.meanwhile = func() error {
			if s.AWS.Faults().Fired(fault) == 0 {
				return nil
			}
			l.meanwhile, l.graceful = nil, true
			return asked.Signal(syscall.SIGTERM)
		}
		l.ends()
		s.Expect(l.err).NotTo(HaveOccurred(), l.story())
		s.Expect(l.deaths).To(ConsistOf(asked))
		s.Expect(asked.Status().Exited()).To(BeTrue(), "it ended by itself")
		l.expect(want)
	})
}
