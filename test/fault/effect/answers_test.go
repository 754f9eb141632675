//go:build fault

package effect

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/fault/process"
)

// answer is what AWS does to a call of a change, and what becomes of it.
type answer struct {
	sentence string
	rule     faults.Rule
	calls    int      // of the change that reach AWS
	outcomes []string // of the change, in the journal
}

// disturbs adds the rule to the faults of AWS; one that names no action is of the call of the change.
func (a answer) disturbs(s *stage, what errand) int {
	if a.rule.Action == "" {
		a.rule.Action = what.call
	}
	return s.AWS.Faults().Add(a.rule)
}

// answers are the ways of AWS to answer once so that nobody can tell, or to refuse once.
var answers = []answer{
	{"the connection is reset after the change", faults.Rule{Times: 1, Effect: faults.Effect{ResetAfter: true}}, 1, []string{"Applied"}},
	{"the connection is reset before the change", faults.Rule{Times: 1, Effect: faults.Effect{ResetBefore: true}}, 2, []string{"NotApplied", "Applied"}},
	{"an internal error is answered after the change", faults.Rule{Times: 1, Effect: faults.Effect{FailAfter: true}}, 1, []string{"Applied"}},
	{"an internal error is answered instead of the change", faults.Rule{Times: 1, Effect: faults.InternalError()}, 2, []string{"NotApplied", "Applied"}},
	{"no answer comes within the deadline", faults.Rule{Times: 1, Effect: faults.Effect{Latency: 12 * time.Second}}, 1, []string{"Applied"}},
	{"no answer comes and nothing happens", faults.Rule{Times: 1, Effect: faults.Effect{HangBefore: true}}, 2, []string{"NotApplied", "Applied"}},
	{"the call is throttled", faults.Rule{Times: 1, Effect: faults.Effect{Throttle: true}}, 2, []string{"Refused", "Applied"}},
	{"the call is denied", faults.Rule{Times: 1, Effect: faults.AccessDenied()}, 2, []string{"Refused", "Applied"}},
	{"reads are stale for 25 seconds", faults.Rule{Action: "lambda:Get*", Effect: faults.Effect{Stale: 25 * time.Second}}, 1, []string{"Applied"}},
}

// AWS answers once so that nobody can tell, or refuses once; and the operator is asked to end while it waits for an answer.
func TestACallThatAWSDoesNotAnswerClearlyChangesTheFunctionOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, reactstocks.Steady)
	s.lead(false, process.Learn)
	calm := s.asks(moreConcurrency).ends()
	s.Expect(calm.err).NotTo(HaveOccurred())
	want := calm.effect()

	for _, a := range answers {
		t.Run(a.sentence, func(t *testing.T) {
			s.in(t).answered(moreConcurrency, a, want)
		})
	}

	t.Run("the operator is asked to end while it waits for the answer", func(t *testing.T) {
		s := s.in(t)
		s.lead(false, process.Learn)
		l := s.asks(moreConcurrency)
		fault := s.AWS.Faults().Add(faults.Rule{Action: l.errand.call, Times: 1, Effect: faults.Effect{Latency: 5 * time.Second}})
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
	s.expectAnnounced()
}

// The same of a call whose update goes on after the answer, and of its inverse.
func TestACallOfAnUpdateThatAWSDoesNotAnswerClearlyChangesTheFunctionOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, reactstocks.Steady)
	s.lead(false, process.Learn)
	calm := s.asks(moreTimeForAWhile).ends()
	s.Expect(calm.err).NotTo(HaveOccurred())
	want := calm.effect()
	for _, a := range answers {
		t.Run(a.sentence, func(t *testing.T) {
			s.in(t).answered(moreTimeForAWhile, a, want)
		})
		if a.rule.Action != "" || a.rule.Effect.Latency > 0 || a.rule.Effect.HangBefore {
			continue // that is of no call alone, or takes ten seconds that show nothing else
		}
		t.Run(a.sentence+", of the inverse", func(t *testing.T) {
			a.rule.Skip, a.calls = 1, a.calls+1
			for i := range a.outcomes {
				a.outcomes = slices.Clone(a.outcomes)
				a.outcomes[i] = "undo-0 " + a.outcomes[i]
			}
			a.outcomes = append([]string{"0 Applied"}, a.outcomes...)
			s.in(t).answered(moreTimeForAWhile, a, want)
		})
	}
	s.expectAnnounced()
}

// answered lives through one change that AWS disturbs, and compares what is left with an undisturbed one.
func (s *stage) answered(what errand, a answer, want effect) {
	s.t.Helper()
	s.lead(false, process.Learn)
	l := s.asks(what)
	s.passes(time.Minute) // since the function was set back by hand
	a.disturbs(s, what)
	defer s.AWS.Faults().Clear()
	l.ends()
	s.Expect(l.err).NotTo(HaveOccurred(), l.story())
	s.Expect(l.deaths).To(BeEmpty())
	l.expectDisturbed(want, a)
}

// expectDisturbed expects of a change that was disturbed the outcomes in its journal, the calls that came to AWS, and in
// all else what an undisturbed one left.
func (l *life) expectDisturbed(want effect, a answer) {
	l.t.Helper()
	expected := slices.Clone(a.outcomes)
	for i, o := range expected {
		if !strings.Contains(o, " ") {
			expected[i] = "0 " + o
		}
	}
	if !strings.HasPrefix(expected[len(expected)-1], "undo-") {
		for _, step := range want.Steps {
			if strings.HasPrefix(step, "undo-") {
				expected, a.calls = append(expected, step), a.calls+1
			}
		}
	}
	var journal []string
	for _, i := range l.rem.Status.Intents {
		journal = append(journal, stepOf(i.Token)+" "+string(i.Outcome))
	}
	l.Expect(journal).To(Equal(expected), l.story())
	got := l.effect()
	l.Expect(got.Calls).To(Equal(a.calls), l.story())
	got.Calls, got.Steps = want.Calls, want.Steps // a call that was refused, or did not arrive, is made again
	l.Expect(got).To(Equal(want), l.story())
}
