//go:build fault

package effect

import (
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/fault/process"
)

// In the middle of a change AWS is away for ten minutes, a permission is taken away, or the credentials are those of
// another account. The change goes on by itself when that is over.
func TestAChangeInWhoseMiddleAWSIsAwayIsMadeOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, reactstocks.Steady)
	s.lead(false, process.Learn)
	want := map[string]effect{}
	for _, what := range []errand{moreConcurrency, moreTimeForAWhile} {
		calm := s.asks(what).ends()
		s.Expect(calm.err).NotTo(HaveOccurred())
		want[what.call] = calm.effect()
	}

	for _, c := range []struct {
		sentence string
		what     errand
		point    func(errand) string // at which it begins
		begins   func(*stage)
		over     func(*life) bool // nil: by itself, as time passes
		answer
	}{
		{
			"AWS is away for ten minutes before the call arrives", moreConcurrency, errand.beforeCall,
			func(s *stage) { s.AWS.Outage("*", 10*time.Minute, faults.Unavailable()) }, nil,
			answer{calls: 2, outcomes: []string{"NotApplied", "Applied"}},
		},
		{
			"AWS is away for ten minutes after the call", moreConcurrency, errand.afterCall,
			func(s *stage) { s.AWS.Outage("*", 10*time.Minute, faults.Effect{ResetBefore: true}) }, nil,
			answer{calls: 1, outcomes: []string{"Applied"}},
		},
		{
			"Lambda is away for ten minutes while an update goes on", moreTimeForAWhile, errand.afterCall,
			func(s *stage) { s.AWS.Outage("lambda", 10*time.Minute, faults.Unavailable()) }, nil,
			answer{calls: 1, outcomes: []string{"Applied"}},
		},
		{
			"the function may not be read any more after the call", moreConcurrency, errand.afterCall,
			func(s *stage) {
				s.AWS.Faults().Add(faults.Rule{Action: "lambda:GetFunction", Role: role, Effect: faults.AccessDenied()})
			},
			func(l *life) bool {
				return conditions.Reason(l.rem.Status.Conditions, v1alpha1.ConditionApplied) == v1alpha1.ReasonOutcomeUnknown && l.denied() > 2
			},
			answer{calls: 1, outcomes: []string{"Applied"}},
		},
		{
			"the credentials are taken for those of another account immediately before the call", moreConcurrency, errand.beforeApproval,
			func(s *stage) {
				s.AWS.Faults().Add(faults.Rule{Action: "sts:GetCallerIdentity", Role: role, Effect: faults.Effect{Account: "999999999999"}})
			},
			func(l *life) bool {
				applied := conditions.Reason(l.rem.Status.Conditions, v1alpha1.ConditionApplied)
				if applied == v1alpha1.ReasonWrongIdentity {
					l.Expect(l.changes(l.mark)).To(BeEmpty(), "with the credentials of another account")
					l.Expect(l.rem.Status.Intents).To(BeEmpty(), "nothing was announced")
				}
				return applied == v1alpha1.ReasonWrongIdentity
			},
			answer{calls: 1, outcomes: []string{"Applied"}},
		},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			s := s.in(t)
			s.lead(false, process.Learn)
			at := s.now
			s.Expect(at.Arm(process.Point{Name: c.point(c.what), Stop: true})).To(Succeed())
			l := s.asks(c.what)
			l.until(at.Stopped)
			s.Expect(l.err).NotTo(HaveOccurred(), l.story())
			c.begins(s)
			defer s.AWS.Faults().Clear()
			s.Expect(at.Signal(syscall.SIGCONT)).To(Succeed())
			if c.over != nil {
				l.until(func() bool { return c.over(l) })
				s.Expect(l.err).NotTo(HaveOccurred(), l.story())
				s.AWS.Faults().Clear()
			}
			l.ends()
			s.Expect(l.err).NotTo(HaveOccurred(), l.story())
			s.Expect(l.deaths).To(BeEmpty())
			l.expectDisturbed(want[c.what.call], c.answer)
		})
	}
	s.expectAnnounced()
}

// denied counts the reads of the operator that were denied since the change began.
func (l *life) denied() int {
	return l.AWS.Ledger().Count(ledger.After(l.mark), ledger.ByRole(role), ledger.ByError("AccessDeniedException"))
}
