package remediation

import (
	"context"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

const (
	// shortestCall is the least time that a call must have left, wall time: one with less would end without an answer,
	// and its outcome would have to be found out by looking.
	shortestCall = 5 * time.Second
	// leadRetry is how soon a change that waits for this process to lead is tried again.
	leadRetry = 5 * time.Second
	// afterStop is how long what was begun goes on when the process is told to stop, wall time: one call, one look at
	// what it did and the status that records it.
	afterStop = 25 * time.Second
)

// notAfter returns when the next call has to be over, wall time: by its own deadline, before another process can lead,
// and before another cluster can act. Where too little is left for a call, none is begun: it says so and returns false.
func (r *Reconciler) notAfter(s *scope, p step) (time.Time, bool) {
	now := r.Wall.Now()
	claimed := s.claimedUntil.Sub(now)
	left := min(r.AWS.CallDeadline(), r.Leadership(), claimed)
	end := now.Add(left).UTC().Truncate(time.Second) // as it is written
	if end.Sub(now) >= shortestCall {
		return end, true
	}
	if claimed < shortestCall {
		s.wake(time.Second) // it was read too long ago: everything is looked at again
		return time.Time{}, false
	}
	s.progress(p, v1alpha1.ReasonNotLeading, "nothing is changed before it is certain that no other process of the operator works: it goes on by itself, as soon as the Lease runbook-operator was held or renewed for long enough")
	s.wake(leadRetry)
	return time.Time{}, false
}

type stopKey struct{}

// outlast returns a context that goes on for a while after the process was told to stop, so that a call is not cut off
// in the middle and its outcome is recorded. What was not begun by then is not begun: see stopping.
func outlast(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithValue(context.WithoutCancel(parent), stopKey{}, parent))
	unhook := context.AfterFunc(parent, func() {
		rest, done := context.WithTimeout(ctx, afterStop) //nolint:forbidigo // the kubelet counts wall time from its signal
		context.AfterFunc(rest, func() { done(); cancel() })
	})
	return ctx, func() { unhook(); cancel() }
}

// stopping returns the error of a process that was told to stop, or of a Reconcile that took too long, and nil while
// new things may be begun.
func stopping(ctx context.Context) error {
	if parent, ok := ctx.Value(stopKey{}).(context.Context); ok {
		return parent.Err()
	}
	return ctx.Err()
}
