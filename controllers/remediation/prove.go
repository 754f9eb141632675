package remediation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	count "github.com/runbook-operator/runbook-operator/internal/number"
)

// settleRevert records that everything is as before, and begins to watch whether users are served no worse. Where
// nothing had to be undone, somebody else did it, and there is nothing of ours to watch.
func (s *scope) settleRevert() {
	st := &s.rem.Status
	if !slices.ContainsFunc(st.Intents, func(i v1alpha1.Intent) bool { return i.Inverse && i.Outcome == v1alpha1.OutcomeApplied }) {
		s.undone(v1alpha1.ReasonAlreadyReverted, fmt.Sprintf("function %s was as before the change already: somebody else reverted it", s.rem.Spec.Target.FunctionName))
		return
	}
	at, plan := s.stamp(), revertVerification(st.Plan.Verification)
	st.Revert.AppliedAt = &at
	st.Revert.Verification = &v1alpha1.VerificationStatus{
		NotBefore:          timeAfter(s.now, plan.SettleSeconds),
		Deadline:           timeAfter(s.now, plan.SettleSeconds+2*plan.WindowSeconds),
		SuccessesPerMinute: st.Verification.SuccessesPerMinute, OfferedPerMinute: st.Verification.OfferedPerMinute,
		Firing: st.Verification.Firing, Deployment: st.Verification.Deployment.DeepCopy(),
	}
	if d := st.Revert.Verification.Deployment; d != nil {
		d.LastModified = "" // the inverse itself moved it
	}
}

// revertVerification is how a revert is watched: for as long as the slowest alarm of the plan takes to see it.
func revertVerification(v v1alpha1.PlannedVerification) v1alpha1.PlannedVerification {
	v.WindowSeconds = max(v.SettleSeconds-int32(metricDelay.Seconds()), v.PeriodSeconds)
	return v
}

// prove looks once a period at what users and alarms say since the revert, and ends the Remediation. Nothing more is
// asked of a revert than that nobody is worse off than before the change: the trouble that the change was for is back.
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
		message = "the observation failed: " + fault.From(err).Message
	case l.changed:
		s.undone(v1alpha1.ReasonRevertUnverified, fmt.Sprintf("the change was reverted, and then somebody else changed function %s: nobody can tell what users have of it; a person has to look", s.rem.Spec.Target.FunctionName))
		return false, nil
	case l.deployed != "":
		s.undone(v1alpha1.ReasonRevertUnverified, fmt.Sprintf("the change was reverted, and then %s: nobody can tell what users have of it; a person has to look", l.deployed))
		return false, nil
	default:
		result, message = judgeReverted(l, plan, *v)
	}
	back := text(s.rem.Status.Plan.Calls[0].Inverse.Writes)
	switch record(v, plan, result, message, s.now) {
	case passed:
		s.undone(v1alpha1.ReasonReverted, fmt.Sprintf("reverted to %s and read back; nobody is worse off than before the change, for %s: %s", back, v.LastAt.Sub(v.GoodSince.Time), message))
	case failed, inconclusive:
		s.undone(v1alpha1.ReasonRevertUnverified, fmt.Sprintf("reverted to %s and read back; after %s it is not proved that nobody is worse off than before the change: %s; a person has to look", back, count.Of(v.Observations, "observation"), message))
	default:
		s.proving()
		s.wake(due(*v, plan).Sub(s.now))
	}
	return false, nil
}

// proving says how far the verification of the revert is.
func (s *scope) proving() {
	v := s.rem.Status.Revert.Verification
	message := "reverted and read back: it is watched whether anybody is worse off than before the change"
	if v.LastAt == nil {
		message += fmt.Sprintf(", from %s on", v.NotBefore.UTC().Format(time.RFC3339))
	} else {
		message += fmt.Sprintf(", observations so far: %d: %s", v.Observations, v.Message)
	}
	s.reverted(false, v1alpha1.ReasonReverting, message)
}
