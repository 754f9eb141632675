package remediation

import (
	"context"
	"fmt"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/evidence"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	count "github.com/runbook-operator/runbook-operator/internal/number"
)

// verify looks once a period at what users and alarms say, and ends the Remediation when all looks together prove
// that the change helped, that it did not, or that nobody can tell.
func (r *Reconciler) verify(ctx context.Context, s *scope) (bool, error) {
	if s.rem.Status.Revert != nil || judged(s.rem) {
		return true, nil
	}
	v, plan := s.rem.Status.Verification, s.rem.Status.Plan.Verification
	if wait := due(*v, plan).Sub(s.now); wait > 0 {
		s.verifying()
		s.wake(wait)
		return false, nil
	}
	result, message, changed := r.look(ctx, s)
	if changed {
		message += ": nobody can tell what helped"
		record(v, plan, v1alpha1.ObservationInconclusive, message, s.now)
		s.hold(v1alpha1.ReasonInconclusive, message)
		return false, nil
	}
	switch record(v, plan, result, message, s.now) {
	case passed:
		s.succeed(fmt.Sprintf("%s in a row over %s: %s", count.Of(v.Good, "good observation"), v.LastAt.Sub(v.GoodSince.Time), message))
	case failed:
		s.fail(fmt.Sprintf("%s in a row: %s", count.Of(v.Bad, "bad observation"), message))
		return true, nil
	case inconclusive:
		s.hold(v1alpha1.ReasonInconclusive, fmt.Sprintf("after %s nobody can tell whether the change helped: %s", count.Of(v.Observations, "observation"), message))
	default:
		s.verifying()
		s.wake(due(*v, plan).Sub(s.now))
	}
	return false, nil
}

// judged says whether the verification came to its end.
func judged(rem *v1alpha1.Remediation) bool {
	switch conditions.Reason(rem.Status.Conditions, v1alpha1.ConditionVerified) {
	case v1alpha1.ReasonVerified, v1alpha1.ReasonNotFixed, v1alpha1.ReasonInconclusive:
		return true
	}
	return false
}

// look makes one observation. It also says whether the function is not as written any more.
func (r *Reconciler) look(ctx context.Context, s *scope) (result v1alpha1.ObservationResult, message string, changed bool) {
	l, err := r.see(ctx, s, false)
	if err != nil {
		return v1alpha1.ObservationError, "the observation failed: " + fault.From(err).Message, false
	}
	if l.changed {
		return "", fmt.Sprintf("function %s is not as the change left it: somebody else changed it", s.rem.Spec.Target.FunctionName), true
	}
	if l.deployed != "" {
		return "", l.deployed, true
	}
	result, message = judgeLook(l, s.rem.Status.Plan.Verification, *s.rem.Status.Verification)
	if result == v1alpha1.ObservationGood && l.unmuted != nil {
		return v1alpha1.ObservationError, message + ", but it is not known whether an alarm is muted: " + fault.From(l.unmuted).Message, false
	}
	return result, message, false
}

// see reads what one observation is made of. The function is compared with what the change wrote, or with what its
// inverse did.
func (r *Reconciler) see(ctx context.Context, s *scope, inverse bool) (look, error) {
	if _, err := r.relock(ctx, s); err != nil {
		return look{}, err
	}
	if err := r.reading(ctx, s); err != nil {
		return look{}, err
	}
	v, plan := *s.rem.Status.Verification, s.rem.Status.Plan.Verification
	if inverse {
		v, plan = *s.rem.Status.Revert.Verification, revertVerification(plan)
	}
	l := look{since: s.rem.Status.Plan.PlannedAt.Time}
	for i := range s.rem.Status.Plan.Calls {
		call := step{index: i, inverse: inverse}.call(s.rem.Status.Plan)
		live, err := s.action.Observe(ctx, s.session, call)
		if err != nil {
			return look{}, err
		}
		l.changed = l.changed || !sameFields(live.Fields, call.Writes)
	}
	deployed, err := r.redeployed(ctx, s, v.Deployment)
	if err != nil {
		return look{}, err
	}
	l.deployed = deployed
	found, err := alarms.ByName(ctx, s.session, plan.Alarms)
	if err != nil {
		return look{}, err
	}
	l.alarms = found
	if !inverse { // a revert is measured by what users have, and by alarms that fire: muted or not
		l.unmuted = r.markMuted(ctx, s, found)
	}
	// A minute's metrics may come a minute late: look at the newest minute that is complete for sure.
	end := s.now.Add(-time.Minute).Truncate(time.Minute)
	minutes, err := evidence.Traffic(ctx, s.session, string(s.rem.Spec.Target.FunctionName), end.Add(-unseen(v, plan, s.now)), end)
	if err != nil {
		return look{}, err
	}
	l.minute = over(minutes)
	return l, nil
}

// markMuted marks those of the alarms that are muted. What keeps it from that says nothing against a change that plainly
// failed: it only keeps one from being proved.
func (r *Reconciler) markMuted(ctx context.Context, s *scope, found map[string]alarms.Alarm) error {
	muting, err := r.mutes.Read(ctx, s.session, s.now)
	for name, a := range found {
		found[name] = muting.Mark(a)
	}
	return err
}

// verifying says how far the verification is.
func (s *scope) verifying() {
	v, plan := s.rem.Status.Verification, s.rem.Status.Plan.Verification
	if v.LastAt == nil {
		s.verified(false, v1alpha1.ReasonSettling, fmt.Sprintf("the first observation is at %s: before, the alarms cannot have seen the change", v.NotBefore.UTC().Format(time.RFC3339)))
		return
	}
	good := time.Duration(0)
	if v.GoodSince != nil {
		good = v.LastAt.Sub(v.GoodSince.Time)
	}
	s.verified(false, v1alpha1.ReasonObserving, fmt.Sprintf("%d of %d min: %s", int(good.Minutes()), int(seconds(plan.WindowSeconds).Minutes()), v.Message))
}
