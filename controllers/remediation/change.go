package remediation

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/evidence"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// refusedRetry is how soon a call that changed nothing is made a second time, through guard and gate; see retryAt.
const refusedRetry = 15 * time.Second

// change writes the intent, and makes the one call that it announces. It is the only place that makes a mutating
// call, and makes none that this very Reconcile did not announce: an intent found in status is observed, not repeated.
func (r *Reconciler) change(ctx context.Context, s *scope) (bool, error) {
	if pending(s.rem) != nil || next(s.rem) == len(s.rem.Status.Plan.Calls) {
		return true, nil
	}
	index := next(s.rem)
	planned := s.rem.Status.Plan.Calls[index]
	token := fmt.Sprintf("%s-%d-%d", s.rem.UID, index, attempts(s.rem, index)+1)

	// Everything that can fail without a change comes before the intent.
	session, err := r.AWS.Session(ctx, s.session.Access(), token)
	if err != nil {
		return false, err
	}
	live, err := s.action.Observe(ctx, session, planned.Call)
	if err != nil {
		return false, err
	}
	if !sameFields(live.Fields, written(planned.Before, planned.Call)) || !live.Settled {
		s.approved(false, v1alpha1.ReasonStale, "the function moved after the plan was approved: it is planned again")
		s.wake(1)
		return false, nil
	}
	if err := r.baseline(ctx, s); err != nil {
		return false, err
	}
	if err := r.announce(ctx, s, v1alpha1.Intent{
		Index: int32(index), Attempt: attempts(s.rem, index) + 1, PlanNumber: s.rem.Status.Plan.Number, Token: token,
		Approvals: s.verdict.By, Before: live.Fields, RevisionID: live.RevisionID, At: s.stamp(),
		NotAfter: metav1.NewTime(r.Wall.Now().UTC().Add(r.AWS.CallDeadline()).Truncate(time.Second)),
		Outcome:  v1alpha1.OutcomeUnknown,
	}); err != nil {
		return false, err
	}

	intent := pending(s.rem)
	deadline, cancel := context.WithTimeout(ctx, intent.NotAfter.Sub(r.Wall.Now()))
	defer cancel()
	err = s.action.Apply(deadline, session, planned.Call, live.RevisionID)
	if err == nil {
		return true, nil // what AWS answered is not what it did: observe reads it back
	}
	f := fault.From(err)
	if !f.Refused {
		intent.Message = clip("AWS gave no clear answer: "+f.Message, maxMessage)
		return true, nil
	}
	intent.Outcome, intent.Message = v1alpha1.OutcomeRefused, clip(f.Message, maxMessage)
	s.applied(false, v1alpha1.ReasonRefused, "AWS refused the call and changed nothing: "+f.Message)
	if f.Class == fault.Terminal {
		s.end(f.Reason, "AWS refused the call and changed nothing: "+f.Message)
		return false, nil
	}
	s.wake(max(f.After, retryAt(s.rem).Sub(s.now)))
	return false, nil
}

// announce writes the intent by optimistic lock: if anything moved since this Reconcile read the Remediation, it
// fails and no call is made.
func (r *Reconciler) announce(ctx context.Context, s *scope, intent v1alpha1.Intent) error {
	s.rem.Status.Intents = append(s.rem.Status.Intents, intent)
	s.applied(false, v1alpha1.ReasonIntentRecorded, fmt.Sprintf("making call %d of %d, attempt %d", intent.Index+1, len(s.rem.Status.Plan.Calls), intent.Attempt))
	s.summarize()
	if err := r.persist(ctx, s); err != nil {
		s.rem.Status = *s.base.Status.DeepCopy() // close must not write what was not announced
		s.uncertain = true
		return err
	}
	return nil
}

// trafficBefore is how long before the change traffic is averaged over.
const trafficBefore = 5 * time.Minute

// baseline notes what users had before the change, for the verification to compare with.
func (r *Reconciler) baseline(ctx context.Context, s *scope) error {
	end := s.now.Truncate(time.Minute)
	minutes, err := evidence.Traffic(ctx, s.session, string(s.rem.Spec.Target.FunctionName), end.Add(-trafficBefore), end)
	if err != nil {
		return err
	}
	successes, offered := average(minutes)
	v := s.rem.Status.Plan.Verification
	s.rem.Status.Verification = &v1alpha1.VerificationStatus{
		NotBefore:          timeAfter(s.now, v.SettleSeconds),
		Deadline:           timeAfter(s.now, v.SettleSeconds+2*v.WindowSeconds),
		SuccessesPerMinute: successes, OfferedPerMinute: offered,
	}
	return nil
}

// written returns those of the fields that a call writes.
func written(fields []v1alpha1.Field, c v1alpha1.Call) []v1alpha1.Field {
	var out []v1alpha1.Field
	for _, w := range c.Writes {
		for _, f := range fields {
			if f.Name == w.Name {
				out = append(out, f)
			}
		}
	}
	return out
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
