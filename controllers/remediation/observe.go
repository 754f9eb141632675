package remediation

import (
	"context"
	"fmt"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/action"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/lease"
)

const (
	// staleReads is how long after a call's deadline a read may still show the state before it (wall time).
	staleReads = 30 * time.Second
	// observeRetry is how soon a call whose outcome is not known is looked at again.
	observeRetry = 3 * time.Second
	// giveUp is how long after a call's deadline its outcome is asked for before a person is (wall time).
	giveUp = time.Hour
)

// observe reads back what a call did. An outcome that is unknown stays unknown until it was seen: it is never
// repeated before, and never called success.
func (r *Reconciler) observe(ctx context.Context, s *scope) (bool, error) {
	intent := pending(s.rem)
	if intent == nil {
		return s.rem.Status.AppliedAt != nil, nil
	}
	if err := r.reading(ctx, s); err != nil {
		return false, r.unobserved(s, intent, err)
	}
	p := stepOf(*intent)
	call := p.call(s.rem.Status.Plan)
	// Whether no call can arrive any more, and no read is stale, when this look begins: an answer may be long on its way.
	late := !r.Wall.Now().Before(intent.NotAfter.Add(staleReads))
	live, err := s.action.Observe(ctx, s.session, call)
	if late && fault.IsNotFound(err) {
		s.diverged(intent, "not there", fmt.Sprintf("function %s is not there any more: somebody deleted it", s.rem.Spec.Target.FunctionName))
		return false, nil
	}
	if err != nil {
		return false, r.unobserved(s, intent, err)
	}
	switch judge(live, *intent, call.Writes, late) {
	case v1alpha1.OutcomeApplied:
		if !p.inverse && p.index == len(s.rem.Status.Plan.Calls)-1 {
			if err := r.settle(ctx, s, intent); err != nil {
				return false, err
			}
		}
		intent.Outcome, intent.Message = v1alpha1.OutcomeApplied, "read back: "+text(live.Fields)
	case v1alpha1.OutcomeNotApplied:
		intent.Outcome, intent.Message = v1alpha1.OutcomeNotApplied, "the function was read as before, after the call could no longer arrive"
		s.progress(p, v1alpha1.ReasonNotBegun, "the call did not arrive and nothing was changed: it is made again once everything was checked again")
		s.wake(time.Second)
		return false, nil
	case v1alpha1.OutcomeDiverged:
		s.diverged(intent, text(live.Fields), fmt.Sprintf("function %s was %s before the call, which wrote %s, and it is %s now: somebody else changed it, or its update failed; look at it by hand",
			s.rem.Spec.Target.FunctionName, text(intent.Before), text(call.Writes), text(live.Fields)))
		return false, nil
	default:
		if intent.Answered && !live.Failed {
			s.progress(p, v1alpha1.ReasonTakingEffect, "AWS answered that it makes the change, which is not in force yet: it is looked at until it is")
		} else {
			s.progress(p, v1alpha1.ReasonOutcomeUnknown, "the call was made and is not seen applied yet: it is looked at again, and never repeated blindly")
		}
		s.wake(observeRetry)
		return false, nil
	}
	s.wake(time.Second)
	return s.rem.Status.AppliedAt != nil, nil
}

// judge compares what is live with what was before and what was written. Until it is late, what is not there may
// still arrive, and what was read may be old. What AWS answered that it makes, and is as before, somebody put back; so may
// somebody have where the function has another revision than the call was conditional on.
func judge(live action.State, intent v1alpha1.Intent, writes []v1alpha1.Field, late bool) v1alpha1.Outcome {
	switch {
	case sameFields(live.Fields, writes) && live.Settled:
		return v1alpha1.OutcomeApplied
	case sameFields(live.Fields, writes) && live.Failed && late:
		return v1alpha1.OutcomeDiverged
	case !late || sameFields(live.Fields, writes) || !live.Settled && !live.Failed:
		return v1alpha1.OutcomeUnknown
	case sameFields(live.Fields, intent.Before) && !intent.Answered && live.RevisionID == intent.RevisionID:
		return v1alpha1.OutcomeNotApplied
	}
	return v1alpha1.OutcomeDiverged
}

// settle records that the change was seen and when verification begins, and gives the concurrency pool back: what is
// reserved shows in the account from now on.
func (r *Reconciler) settle(ctx context.Context, s *scope, intent *v1alpha1.Intent) error {
	st, v := &s.rem.Status, s.rem.Status.Plan.Verification
	_, pool := targets(st.Plan)
	if err := r.locks.Release(ctx, pool, s.rem.UID); err != nil {
		return err
	}
	if err := r.settledAt(ctx, s, intent); err != nil {
		return err
	}
	at := s.stamp()
	st.AppliedAt = &at
	st.Verification.NotBefore = timeAfter(s.now, v.SettleSeconds)
	st.Verification.Deadline = timeAfter(s.now, v.SettleSeconds+2*v.WindowSeconds)
	s.applied(true, v1alpha1.ReasonApplied, st.Plan.Summary)
	return nil
}

// diverged ends the Remediation: what was read back is not what the operator left.
func (s *scope) diverged(intent *v1alpha1.Intent, live, message string) {
	intent.Outcome, intent.Message = v1alpha1.OutcomeDiverged, clip("read back: "+live, maxMessage)
	if intent.Inverse {
		s.keep(v1alpha1.ReasonRevertConflict, message)
		return
	}
	s.applied(false, v1alpha1.ReasonDiverged, message)
	s.end(v1alpha1.ReasonDiverged, message)
}

// unobserved says that a look at the world failed; what is known stays as it is. A role that was taken away may never
// come back: a person is asked then, and the outcome stays unknown.
func (r *Reconciler) unobserved(s *scope, intent *v1alpha1.Intent, err error) error {
	message := "the call was made and its outcome could not be read back: " + fault.From(err).Message
	s.progress(stepOf(*intent), v1alpha1.ReasonOutcomeUnknown, message)
	patience := giveUp + seconds(s.rem.Status.Plan.ExpiresAfterSeconds) // who has to undo it must find out
	if r.Wall.Now().Before(intent.NotAfter.Add(patience)) {
		s.wake(recheck)
		return err
	}
	s.end(v1alpha1.ReasonHeld, fmt.Sprintf("%s; for %s nobody could: look at function %s by hand", message, patience, s.rem.Spec.Target.FunctionName))
	return nil
}

// text renders fields for people.
func text(fields []v1alpha1.Field) string {
	out := ""
	for i, f := range fields {
		if i > 0 {
			out += ", "
		}
		if f.Value == nil {
			out += f.Name + " not set"
		} else {
			out += f.Name + " " + *f.Value
		}
	}
	return out
}

// relock takes the Lease of the target again, where somebody deleted it by hand while a change is under way. It returns
// who has it, if another Remediation does.
func (r *Reconciler) relock(ctx context.Context, s *scope) (*lease.Holder, error) {
	if r.Leadership() == 0 {
		return nil, nil // another process may have ended this Remediation meanwhile: its Lease is that one's business
	}
	functions, _ := targets(s.rem.Status.Plan)
	for _, target := range functions {
		other, err := r.locks.Take(ctx, target, lease.Holder{Key: keyOf(s.rem), UID: s.rem.UID}, s.now, r.holds)
		if err != nil || other != nil {
			return other, err
		}
	}
	return nil, nil
}
