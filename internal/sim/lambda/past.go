package lambda

import (
	"context"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
)

// snapshot is a function's state from a moment on, nil when it was deleted then.
type snapshot struct {
	from time.Time
	fn   *function
}

// limit is the account's concurrency limit from a moment on.
type limit struct {
	from time.Time
	n    int
}

// remember keeps the function's state as of a moment for stale reads. The lock is held.
func (s *Service) remember(f *function, at time.Time) {
	s.history[f.name] = append(s.history[f.name], snapshot{from: at, fn: f.clone()})
}

// account is the account's functions and concurrency limit as a read sees them. AWS does not document how old an answer
// can be; here all that one answer says is of one moment.
type account struct {
	functions map[string]*function
	limit     int
}

// seen is the account at the moment that a read sees: now, or with a staleness so long ago. What was there when the
// world began was always there. The lock is held.
func (s *Service) seen(ctx context.Context) account {
	stale := faults.Staleness(ctx)
	if stale <= 0 {
		return account{s.functions, s.o.ConcurrentExecutions}
	}
	at := s.o.Now().Add(-stale)
	out := account{functions: map[string]*function{}, limit: s.limits[0].n}
	for name, all := range s.history {
		var f *function
		if all[0].from.Equal(s.start) {
			f = all[0].fn
		}
		for _, one := range all {
			if !one.from.After(at) {
				f = one.fn
			}
		}
		if f != nil {
			out.functions[name] = f
		}
	}
	for _, l := range s.limits[1:] {
		if !l.from.After(at) {
			out.limit = l.n
		}
	}
	return out
}

// view returns the function that a read sees. The lock is held.
func (s *Service) view(ctx context.Context, ref reference) (*function, error) {
	f, ok := s.seen(ctx).functions[ref.name]
	if !ok {
		return nil, s.functionNotFound(ref)
	}
	return f, nil
}

// unreserved is what is left of the account's limit for functions without a reservation, the named function's own
// reservation not counted.
func (a account) unreserved(except string) int {
	left := a.limit
	for name, f := range a.functions {
		if f.reserved != nil && name != except {
			left -= int(*f.reserved)
		}
	}
	return left
}
