package aws

import (
	"sync"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/fault"
)

const (
	// breakerFailures in a row open the breaker.
	breakerFailures = 5
	// breakerPause is how long an open breaker lets nothing through, world time. It is the longest that a service is
	// back without anybody knowing, and what an outage costs: four calls a minute of each service.
	breakerPause = 15 * time.Second
	// breakerTrial is the least that a caller waits for one call that is on its way, world time: no budget asks for so much.
	breakerTrial = 2 * time.Second
	// breakerPatience is how soon a caller looks again at whether it may call, where another one finds that out and
	// everybody is told, world time.
	breakerPatience = time.Minute
)

type breakerKey struct {
	place
	service string
}

// breakers stop calls to a service that does not answer, so that deadlines of ten seconds do not pile up. After a
// pause one call is let through, and its outcome decides. Whoever was refused, or had no answer, is told when the
// service answers again; one of them is asked to come back when the pause is over, so that somebody makes that call.
type breakers struct {
	mu sync.Mutex
	of map[breakerKey]*breakerState
}

type breakerState struct {
	failures  int
	lost      lost // why the last call had no answer
	openUntil time.Time
	trial     bool            // one call is on its way
	expected  bool            // somebody comes back when the pause is over
	waiting   map[any]*Caller // who had no answer since the last one
}

func newBreakers() *breakers {
	return &breakers{of: map[breakerKey]*breakerState{}}
}

// enter says whether a call may be sent. Every call that may is followed by leave.
func (b *breakers) enter(p place, service string, c *Caller, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.state(p, service)
	switch {
	case s.failures < breakerFailures:
		return nil
	case !now.Before(s.openUntil) && !s.trial:
		s.trial = true
		return nil
	}
	s.wait(c)
	pause := max(s.openUntil.Sub(now), breakerTrial)
	if !s.expected && s.expect(c, pause) {
		return away(s.lost, pause)
	}
	return away(s.lost, breakerPatience)
}

// leave records how a call ended, and why it had no answer. A call that its caller gave up says nothing of the service.
func (b *breakers) leave(p place, service string, c *Caller, o outcome, why lost, now time.Time) {
	b.mu.Lock()
	s := b.state(p, service)
	open := s.failures == breakerFailures
	s.trial = false
	var told map[any]*Caller
	switch o {
	case outcomeCanceled, outcomeNotSent:
		if open {
			s.expected = false // whoever comes next makes the call
		}
	case outcomeUnavailable:
		s.failures, s.lost = min(s.failures+1, breakerFailures), why
		s.wait(c)
		if s.failures == breakerFailures {
			s.openUntil = now.Add(breakerPause)
			s.expected = s.expect(c, breakerPause)
		}
	default:
		if open {
			told = s.waiting
		}
		s.failures, s.expected, s.waiting = 0, false, nil
	}
	b.mu.Unlock()
	for _, waiting := range told {
		waiting.wake()
	}
}

// wait notes a caller that is told when the service answers again.
func (s *breakerState) wait(c *Caller) {
	if c == nil {
		return
	}
	if s.waiting == nil {
		s.waiting = map[any]*Caller{}
	}
	s.waiting[c.key] = c
}

// expect asks a caller to come back, and says whether there is one.
func (s *breakerState) expect(c *Caller, after time.Duration) bool {
	if c == nil {
		return false
	}
	c.expect(after)
	return true
}

func (b *breakers) state(p place, service string) *breakerState {
	key := breakerKey{place: p, service: service}
	s, ok := b.of[key]
	if !ok {
		s = &breakerState{}
		b.of[key] = s
	}
	return s
}

// away is the fault of a call that was not sent because the service does not answer. It says what a call that was sent
// and had no answer says: what people read does not change with who happened to be refused.
func away(l lost, after time.Duration) *fault.Fault { return local(after, "%s", l.says()) }
