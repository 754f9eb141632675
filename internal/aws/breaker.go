package aws

import (
	"sync"
	"time"
)

const (
	// breakerFailures in a row open the breaker.
	breakerFailures = 5
	// breakerPause is how long an open breaker lets nothing through, world time.
	breakerPause = 30 * time.Second
)

type breakerKey struct {
	place
	service string
}

// breakers stop calls to a service that does not answer, so that deadlines of ten seconds do not pile up. After a
// pause one call is let through, and its outcome decides.
type breakers struct {
	mu sync.Mutex
	of map[breakerKey]*breakerState
}

type breakerState struct {
	failures  int
	openUntil time.Time
	trial     bool
}

func newBreakers() *breakers {
	return &breakers{of: map[breakerKey]*breakerState{}}
}

// enter says whether a call may be sent. Every call that may is followed by leave.
func (b *breakers) enter(p place, service string, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.state(p, service)
	if s.failures < breakerFailures {
		return nil
	}
	if now.Before(s.openUntil) {
		return local(s.openUntil.Sub(now), "AWS %s did not answer %d calls in a row, so no call is made for a while", service, breakerFailures)
	}
	if s.trial {
		return local(time.Second, "AWS %s did not answer %d calls in a row, and one call is on its way to see whether it does again", service, breakerFailures)
	}
	s.trial = true
	return nil
}

// leave records how a call ended. A call that its caller gave up says nothing of the service.
func (b *breakers) leave(p place, service string, o outcome, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.state(p, service)
	s.trial = false
	switch o {
	case outcomeCanceled, outcomeNotSent:
	case outcomeUnavailable:
		s.failures = min(s.failures+1, breakerFailures)
		if s.failures == breakerFailures {
			s.openUntil = now.Add(breakerPause)
		}
	default:
		s.failures = 0
	}
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
