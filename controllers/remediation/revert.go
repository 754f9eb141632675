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

// expire decides that a change is reverted whose time is over. One that was to expire and is deleted is reverted at
// once: nobody would be there to do it later.
func (r *Reconciler) expire(_ context.Context, s *scope) (bool, error) {
	at := s.expires()
	if at == nil || s.rem.Status.Revert != nil {
		return true, nil
	}
	if !s.rem.DeletionTimestamp.IsZero() {
		s.undo(v1alpha1.RevertDeleted, "the change was to expire, and its Remediation is deleted")
		return true, nil
	}
	if wait := at.Sub(s.now); wait > 0 {
		s.wake(wait)
		return true, nil
	}
	s.undo(v1alpha1.RevertExpired, fmt.Sprintf("the change expired at %s", at.UTC().Format(time.RFC3339)))
	return true, nil
}

// revert makes the inverse of each call, the last one first, and only upon what the change itself left: the approval of
// the plan covers it. Mode, deletion and the cause do not stop it.
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
	if !live.Settled {
		s.reverted(false, v1alpha1.ReasonReverting, fmt.Sprintf("function %s is being updated: it is reverted when that ends", s.rem.Spec.Target.FunctionName))
		s.wake(observeRetry)
		return false, nil
	}
	if until := st.AppliedAt.Add(seconds(st.Plan.RevertUntilSeconds)); s.now.After(until) {
		s.keep(v1alpha1.ReasonRevertUntilPassed, fmt.Sprintf("the approval covered the inverse until %s", until.UTC().Format(time.RFC3339)))
		return false, nil
	}
	if n := attempts(s.rem, *p); n >= maxAttempts {
		s.keep(v1alpha1.ReasonRevertRefused, fmt.Sprintf("the inverse call was tried %d times and did not arrive: see status.intents", n))
		return false, nil
	}
	if wait := retryAt(s.rem, *p).Sub(s.now); wait > 0 {
		s.wake(wait)
		return false, nil
	}
	return r.makeInverse(ctx, s, *p)
}

// makeInverse takes the Lease again if it is gone, looks a last time, and makes the inverse call.
func (r *Reconciler) makeInverse(ctx context.Context, s *scope, p step) (bool, error) {
	other, err := r.relock(ctx, s)
	if err != nil {
		return false, err
	}
	if other != nil {
		s.reverted(false, v1alpha1.ReasonTargetBusy, fmt.Sprintf("Remediation %s is changing the function: this one is reverted when that is settled", other.Key))
		s.wake(busyRetry)
		return false, nil
	}
	session, live, err := r.approach(ctx, s, p)
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

// undoable returns the last call that is not undone yet, with what is live there; nil where everything is. What is
// neither as the change left it nor as it was before ends the Remediation: nobody's work is overwritten.
func (r *Reconciler) undoable(ctx context.Context, s *scope) (*step, action.State, error) {
	plan := s.rem.Status.Plan
	for index := len(plan.Calls) - 1; index >= 0; index-- {
		if undone(s.rem, index) {
			continue
		}
		planned := plan.Calls[index]
		live, err := s.action.Observe(ctx, s.session, planned.Inverse)
		if fault.IsNotFound(err) {
			s.keep(v1alpha1.ReasonRevertConflict, fmt.Sprintf("function %s is not there any more: somebody deleted it", s.rem.Spec.Target.FunctionName))
			return nil, live, nil
		}
		switch {
		case err != nil:
			return nil, live, err
		case sameFields(live.Fields, planned.Call.Writes):
			return &step{index: index, inverse: true}, live, nil
		case !sameFields(live.Fields, planned.Inverse.Writes):
			s.keep(v1alpha1.ReasonRevertConflict, fmt.Sprintf("function %s is neither as the change left it (%s) nor as it was before (%s), it is %s: somebody else changed it",
				s.rem.Spec.Target.FunctionName, text(planned.Call.Writes), text(planned.Inverse.Writes), text(live.Fields)))
			return nil, live, nil
		}
	}
	return nil, action.State{}, nil
}

// settleRevert records that everything is as before, and begins to watch whether users are served no worse.
func (s *scope) settleRevert() {
	st := &s.rem.Status
	if !anyInverse(st.Intents) {
		s.undone(v1alpha1.ReasonAlreadyReverted, fmt.Sprintf("function %s was as before the change already: somebody else reverted it", s.rem.Spec.Target.FunctionName))
		return
	}
	at, plan := s.stamp(), revertVerification(st.Plan.Verification)
	st.Revert.AppliedAt = &at
	st.Revert.Verification = &v1alpha1.VerificationStatus{
		NotBefore:          timeAfter(s.now, plan.SettleSeconds),
		Deadline:           timeAfter(s.now, plan.SettleSeconds+2*plan.WindowSeconds),
		SuccessesPerMinute: st.Verification.SuccessesPerMinute, OfferedPerMinute: st.Verification.OfferedPerMinute,
	}
}

func anyInverse(intents []v1alpha1.Intent) bool {
	for _, i := range intents {
		if i.Inverse && i.Outcome == v1alpha1.OutcomeApplied {
			return true
		}
	}
	return false
}

// revertVerification is how a revert is watched: for as long as the slowest alarm of the plan takes to see it.
func revertVerification(v v1alpha1.PlannedVerification) v1alpha1.PlannedVerification {
	v.WindowSeconds = max(v.SettleSeconds-int32(metricDelay.Seconds()), v.PeriodSeconds)
	return v
}

// prove looks once a period at what users have since the revert, and ends the Remediation.
func (r *Reconciler) prove(ctx context.Context, s *scope) (bool, error) {
	v, plan := s.rem.Status.Revert.Verification, revertVerification(s.rem.Status.Plan.Verification)
	if wait := due(*v, plan).Sub(s.now); wait > 0 {
		s.proving()
		s.wake(wait)
		return false, nil
	}
	result, message := v1alpha1.ObservationError, ""
	l, err := r.see(ctx, s, true)
	switch {
	case err != nil:
		s.blind, message = true, "the observation failed: "+fault.From(err).Message
	case l.changed:
		s.undone(v1alpha1.ReasonRevertUnverified, fmt.Sprintf("the change was reverted, and then somebody else changed function %s: nobody can tell what users have of it", s.rem.Spec.Target.FunctionName))
		return false, nil
	default:
		result, message = judgeReverted(l.minute, number(v.SuccessesPerMinute), number(v.OfferedPerMinute))
	}
	back := text(s.rem.Status.Plan.Calls[0].Inverse.Writes)
	switch record(v, plan, result, message, s.now) {
	case passed:
		s.undone(v1alpha1.ReasonReverted, fmt.Sprintf("reverted to %s and read back; users are served no worse than before the change over %s: %s", back, v.LastAt.Sub(v.GoodSince.Time), message))
	case failed, inconclusive:
		s.undone(v1alpha1.ReasonRevertUnverified, fmt.Sprintf("reverted to %s and read back; after %d observations it is not proved that users are no worse off: %s; a person has to look", back, v.Observations, message))
	default:
		s.proving()
		s.wake(due(*v, plan).Sub(s.now))
	}
	return false, nil
}

// proving says how far the verification of the revert is.
func (s *scope) proving() {
	v := s.rem.Status.Revert.Verification
	message := "reverted and read back: it is watched whether users are served no worse than before the change"
	if v.LastAt == nil {
		message += fmt.Sprintf(", from %s on", v.NotBefore.UTC().Format(time.TimeOnly))
	} else {
		message += fmt.Sprintf(", %d observations so far: %s", v.Observations, v.Message)
	}
	s.reverted(false, v1alpha1.ReasonReverting, message)
}

// unreverted says why nothing can be reverted now; it is tried again.
func (s *scope) unreverted(err error) error {
	if err != nil {
		s.blind = true
		s.reverted(false, v1alpha1.ReasonReverting, "it cannot be reverted now, and is tried again: "+fault.From(err).Message)
		s.wake(recheck)
	}
	return err
}
