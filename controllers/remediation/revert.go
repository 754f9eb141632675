package remediation

import (
	"context"
	"fmt"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/action"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// expire decides that a change is reverted whose time is over, whether it was proved to help or not.
func (r *Reconciler) expire(_ context.Context, s *scope) (bool, error) {
	at := s.expires()
	if at == nil || s.rem.Status.Revert != nil {
		return true, nil
	}
	if wait := at.Sub(s.now); wait > 0 {
		s.wake(wait)
		return true, nil
	}
	if !judged(s.rem) {
		s.verified(false, v1alpha1.ReasonInconclusive, "the change expired before it could be proved to help")
	}
	s.undo(v1alpha1.RevertExpired, fmt.Sprintf("the change expired at %s", at.UTC().Format(time.RFC3339)))
	return true, nil
}

// revert makes the inverse of each call, the last one first, and only upon what the change itself left: the approval of
// the plan covers it. Neither mode nor deletion nor a cause that is gone stops it.
func (r *Reconciler) revert(ctx context.Context, s *scope) (bool, error) {
	rv, st := s.rem.Status.Revert, &s.rem.Status
	if rv == nil || rv.AppliedAt != nil {
		return rv != nil, nil
	}
	if digest := approval.Digest(*st.Plan, string(s.rem.UID)); digest != st.Plan.Digest {
		s.keep(v1alpha1.ReasonHeld, "the plan in the status is not the one that was approved: somebody edited the status")
		return false, nil
	}
	if err := r.reading(ctx, s); err != nil {
		return false, s.unreverted(err)
	}
	p, live, err := r.undoable(ctx, s)
	if err != nil || st.EndedAt != nil {
		return false, s.unreverted(err)
	}
	if p == nil {
		s.settleRevert()
		return st.EndedAt == nil, nil
	}
	if !s.mayRevert(*p, live) || !r.identity(s, *p) {
		return false, nil
	}
	return r.makeInverse(ctx, s, *p)
}

// mayRevert says whether an inverse call may be made now. Where it may not, the condition says why and until when.
func (s *scope) mayRevert(p step, live action.State) bool {
	function := s.rem.Spec.Target.FunctionName
	until := s.revertible()
	n := attempts(s.rem, p)
	switch {
	case s.now.After(until):
		s.keep(v1alpha1.ReasonRevertUntilPassed, fmt.Sprintf("the approval of the change covered its inverse until %s: to undo it now, create a Remediation", until.UTC().Format(time.RFC3339)))
		return false
	case n >= maxAttempts:
		s.keep(v1alpha1.ReasonRevertRefused, fmt.Sprintf("the inverse call was tried %d times and did not arrive: see status.intents", n))
		return false
	case live.Failed:
		s.keep(v1alpha1.ReasonRevertConflict, fmt.Sprintf("the last update of function %s failed, so nobody knows what is in force there: repair it by hand", function))
		return false
	case !live.Settled:
		s.reverted(false, v1alpha1.ReasonReverting, fmt.Sprintf("function %s is being updated: it is reverted when that ends", function))
		s.wake(busyRetry)
		return false
	}
	if wait := retryAt(s.rem, p).Sub(s.now); wait > 0 {
		s.wake(wait)
		return false // the condition says what became of the last attempt
	}
	return true
}

// revertible returns until when the approval of the change covers its inverse.
func (s *scope) revertible() time.Time {
	return s.rem.Status.AppliedAt.Add(seconds(s.rem.Status.Plan.RevertUntilSeconds))
}

// makeInverse takes the Lease again if it is gone, looks a last time, and makes the inverse call. The concurrency pool
// is not locked: what a change took from it, its inverse gives back.
func (r *Reconciler) makeInverse(ctx context.Context, s *scope, p step) (bool, error) {
	other, err := r.relock(ctx, s)
	if err != nil {
		return false, err
	}
	if other != nil {
		s.reverted(false, v1alpha1.ReasonReverting, fmt.Sprintf("Remediation %s is changing the function: this one is reverted when that is settled", other.Key))
		s.wake(busyRetry)
		return false, nil
	}
	session, live, err := r.approach(ctx, s, p)
	if s.ceded(err) {
		return false, nil
	}
	if err != nil {
		return false, s.unreverted(err)
	}
	if !sameFields(live.Fields, s.rem.Status.Plan.Calls[p.index].Call.Writes) || !live.Settled {
		s.wake(time.Second) // it moved this very moment: look at all of it again
		return false, nil
	}
	if made, err := r.make(ctx, s, p, session, live); err != nil || !made {
		return false, err
	}
	s.wake(time.Second)
	return false, nil // observe reads it back
}

// undoable returns the last call that was made and is not undone yet, with what is live there; nil where there is none.
// What is neither as the change left it nor as it was before ends the Remediation: nobody's work is overwritten.
func (r *Reconciler) undoable(ctx context.Context, s *scope) (*step, action.State, error) {
	plan, function := s.rem.Status.Plan, s.rem.Spec.Target.FunctionName
	for index := next(s.rem) - 1; index >= 0; index-- {
		if undone(s.rem, index) {
			continue
		}
		planned := plan.Calls[index]
		live, err := s.action.Observe(ctx, s.session, planned.Inverse)
		if fault.IsNotFound(err) {
			s.keep(v1alpha1.ReasonRevertConflict, fmt.Sprintf("function %s is not there any more: somebody deleted it", function))
			return nil, live, nil
		}
		switch {
		case err != nil:
			return nil, live, err
		case sameFields(live.Fields, planned.Call.Writes):
			return &step{index: index, inverse: true}, live, nil
		case !sameFields(live.Fields, planned.Inverse.Writes):
			s.keep(v1alpha1.ReasonRevertConflict, fmt.Sprintf("function %s was %s before the change, the change left %s, and it is %s now: somebody else changed it",
				function, text(planned.Inverse.Writes), text(planned.Call.Writes), text(live.Fields)))
			return nil, live, nil
		}
	}
	return nil, action.State{}, nil
}

// unreverted says why nothing can be reverted now; it is tried again.
func (s *scope) unreverted(err error) error {
	if until := s.revertible(); err != nil && s.now.After(until) {
		s.keep(v1alpha1.ReasonRevertUntilPassed, fmt.Sprintf("the approval of the change covered its inverse until %s, and until then nobody could make it: %s", until.UTC().Format(time.RFC3339), fault.From(err).Message))
		return nil
	}
	if err != nil {
		s.reverted(false, v1alpha1.ReasonReverting, "it cannot be reverted now, and is tried again: "+fault.From(err).Message)
		s.wake(recheck)
	}
	return err
}
