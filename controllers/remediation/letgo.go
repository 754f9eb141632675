package remediation

import (
	"context"
	"fmt"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

const (
	// deletedLook is how often the function of a Remediation that is deleted is looked at, whatever it waits for: that
	// AWS is dead must be noticed early enough.
	deletedLook = time.Minute
	// unreachableFor is how long the function must not be readable before a Remediation that is deleted is let go. With
	// the look before it and calls that hang, its record is there within ten minutes. It is world time, and counted from
	// the operator's own looks: what it did not see for itself, as while it was down, does not count.
	unreachableFor = 7 * time.Minute
	// sameOutage is the longest time between two failed looks that are of one outage: nobody knows what was in between.
	sameOutage = 3 * time.Minute
)

// letGo ends a Remediation that is deleted in the middle of its change, and whose function could not be read for so
// long that nobody waits for it any more: its namespace would hang. What it did is kept by finish. Where AWS answers, it
// is seen through like any other.
func (r *Reconciler) letGo(ctx context.Context, s *scope) (bool, error) {
	st := &s.rem.Status
	if s.rem.DeletionTimestamp.IsZero() || !begun(s.rem) {
		st.Unreachable = nil
		return true, nil
	}
	s.wake(deletedLook)
	err := r.readable(ctx, s)
	if err == nil {
		st.Unreachable = nil
		return true, nil
	}
	u := st.Unreachable
	if u == nil || s.now.Sub(u.LastAt.Time) > sameOutage {
		u = &v1alpha1.UnreachableStatus{Since: s.stamp()}
	}
	until := u.Since.Add(unreachableFor)
	why := fmt.Sprintf("it is deleted in the middle of its change, and function %s cannot be read: %s", s.rem.Spec.Target.FunctionName, fault.From(err).Message)
	u.LastAt = s.stamp()
	u.Message = clip(fmt.Sprintf("%s; if that goes on until %s, it is let go, and a record of the change is kept in namespace %s",
		why, until.UTC().Format(time.RFC3339), r.Namespace), maxMessage)
	st.Unreachable = u
	wait := until.Sub(s.now)
	if i := pending(s.rem); i != nil {
		wait = max(wait, i.NotAfter.Add(staleReads).Sub(r.Wall.Now())) // its call may still arrive: nobody else gets the Lease
	}
	if wait > 0 {
		s.wake(wait)
		return false, nil
	}
	s.end(v1alpha1.ReasonOrphaned, fmt.Sprintf("%s; so it was for %s, and it is let go: ConfigMap %s in namespace %s has the change and its inverse, a person has to look",
		why, s.now.Sub(u.Since.Time), recordName(s.rem.UID), r.Namespace))
	return false, nil
}

// readable reads the function with the plan's role, and says why it cannot. A function that is not there was read.
func (r *Reconciler) readable(ctx context.Context, s *scope) error {
	if err := r.reading(ctx, s); err != nil {
		return err
	}
	_, err := s.action.Observe(ctx, s.session, s.rem.Status.Plan.Calls[0].Call)
	if fault.IsNotFound(err) {
		return nil
	}
	return err
}

// left says whether a Remediation that ended leaves something to a person: its call was made or may have been, and it
// was neither proved to help nor undone.
func left(rem *v1alpha1.Remediation) bool {
	return begun(rem) && !conditions.IsTrue(rem.Status.Conditions, v1alpha1.ConditionSucceeded) &&
		!conditions.IsTrue(rem.Status.Conditions, v1alpha1.ConditionReverted)
}
