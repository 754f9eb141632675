package remediation

import (
	"context"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/evidence"
)

// change makes the next call of the plan, and of no plan that nobody has approved: it comes after gate.
func (r *Reconciler) change(ctx context.Context, s *scope) (bool, error) {
	if pending(s.rem) != nil || next(s.rem) == len(s.rem.Status.Plan.Calls) {
		return true, nil
	}
	p := step{index: next(s.rem)}
	planned := s.rem.Status.Plan.Calls[p.index]
	session, live, err := r.approach(ctx, s, p)
	if err != nil {
		return false, err
	}
	if !sameFields(live.Fields, written(planned.Before, planned.Call)) || !live.Settled {
		s.approved(false, v1alpha1.ReasonStale, "the function moved after the plan was approved: it is planned again")
		s.wake(1)
		return false, nil
	}
	s.rem.Status.Verification = s.baseline
	return r.make(ctx, s, p, session, live)
}

// trafficBefore is how long before the change traffic is averaged over.
const trafficBefore = 5 * time.Minute

// measure reads what users have and which alarms fire before the change, for the verifications to compare with. It comes
// before the last look at the function: nothing slow may lie between that and the intent.
func (r *Reconciler) measure(ctx context.Context, s *scope) error {
	// A minute's metrics may come a minute late: one that is not complete would be a baseline that is too low.
	end := s.now.Add(-time.Minute).Truncate(time.Minute)
	minutes, err := evidence.Traffic(ctx, s.session, string(s.rem.Spec.Target.FunctionName), end.Add(-trafficBefore), end)
	if err != nil {
		return err
	}
	deployment, err := r.deployed(ctx, s)
	if err != nil {
		return err
	}
	successes, offered, throttled := average(minutes)
	most, away := peaks(minutes)
	if !s.action.UsesConcurrencyPool() {
		away = nil // a burst that was throttled says nothing of a change that is not made against throttling
	}
	v := s.rem.Status.Plan.Verification
	s.baseline = &v1alpha1.VerificationStatus{
		NotBefore:          timeAfter(s.now, v.SettleSeconds),
		Deadline:           timeAfter(s.now, v.SettleSeconds+2*v.WindowSeconds),
		SuccessesPerMinute: successes, OfferedPerMinute: offered, ThrottledPerMinute: throttled,
		PeakSuccessesPerMinute: most, PeakThrottledPerMinute: away,
		Deployment: deployment, Firing: s.firing,
	}
	return nil
}

// sameFields says whether two lists name the same fields with the same values. Not set is not empty.
func sameFields(a, b []v1alpha1.Field) bool {
	if len(a) != len(b) {
		return false
	}
	for _, x := range a {
		found := false
		for _, y := range b {
			if x.Name == y.Name {
				found = (x.Value == nil) == (y.Value == nil) && (x.Value == nil || *x.Value == *y.Value)
			}
		}
		if !found {
			return false
		}
	}
	return true
}
