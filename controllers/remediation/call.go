package remediation

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/action"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// refusedRetry is how soon a call that changed nothing is made a second time, after everything was checked again; see
// retryAt.
const refusedRetry = 15 * time.Second

// step is one call that is due: of the plan, or the inverse of one.
type step struct {
	index   int
	inverse bool
}

// call of a step.
func (p step) call(plan *v1alpha1.Plan) v1alpha1.Call {
	if p.inverse {
		return plan.Calls[p.index].Inverse
	}
	return plan.Calls[p.index].Call
}

// of says whether an intent is of this step.
func (p step) of(i v1alpha1.Intent) bool { return int(i.Index) == p.index && i.Inverse == p.inverse }

// stepOf returns the step of an intent.
func stepOf(i v1alpha1.Intent) step { return step{index: int(i.Index), inverse: i.Inverse} }

// token names the next attempt at a step. It is the name of the AWS session, so that CloudTrail shows which change made
// a call.
func (p step) token(rem *v1alpha1.Remediation) string {
	direction := ""
	if p.inverse {
		direction = "undo-"
	}
	return fmt.Sprintf("%s-%s%d-%d", rem.UID, direction, p.index, attempts(rem, p)+1)
}

// approach opens the session that a step is made with, makes sure that the budget has a call for it and that this cluster
// is the one that acts in the account, and reads what is live now. Everything that can fail without a change comes before
// the intent.
func (r *Reconciler) approach(ctx context.Context, s *scope, p step) (*aws.Session, action.State, error) {
	session, err := r.AWS.Session(ctx, s.session.Access(), p.token(s.rem))
	if err != nil {
		return nil, action.State{}, err
	}
	if err := session.Room(p.call(s.rem.Status.Plan).Operation); err != nil {
		return nil, action.State{}, err
	}
	if err := r.claimed(ctx, s); err != nil {
		return nil, action.State{}, err
	}
	live, err := s.action.Observe(ctx, session, p.call(s.rem.Status.Plan))
	return session, live, err
}

// make writes the intent, and makes the one call that it announces. It is the only place that makes a mutating call,
// and makes none that this very Reconcile did not announce: an intent found in status is observed, not repeated. It
// returns false where AWS refused the call, which is then known to have changed nothing.
func (r *Reconciler) make(ctx context.Context, s *scope, p step, session *aws.Session, live action.State) (bool, error) {
	if err := stopping(ctx); err != nil {
		return false, err
	}
	notAfter, leads := r.notAfter(s, p)
	if !leads {
		return false, nil
	}
	if err := r.announce(ctx, s, p, live, notAfter); err != nil {
		return false, err
	}
	intent := pending(s.rem)
	deadline, cancel := r.AWS.NotAfter(ctx, intent.NotAfter.Time)
	defer cancel()
	if stands, err := r.stands(deadline, s, p, intent); err != nil || !stands {
		return false, err
	}
	err := s.action.Apply(deadline, session, p.call(s.rem.Status.Plan), live.RevisionID)
	tellCall(ctx, s.rem, *intent, err)
	if err == nil {
		intent.Answered = true
		return true, nil // what AWS answered is not what it did: observe reads it back
	}
	f := fault.From(err)
	if !f.Refused {
		intent.Message = clip("AWS gave no clear answer: "+f.Message, maxMessage)
		return true, nil
	}
	intent.Outcome, intent.Message = v1alpha1.OutcomeRefused, clip(f.Message, maxMessage)
	if f.Class == fault.Terminal {
		s.refused(p, f)
		return false, nil
	}
	said := "AWS refused the call and changed nothing: "
	if f.Reason == v1alpha1.ReasonAWSUnavailable {
		said = "the call was not carried out and changed nothing: " // AWS throttles, or it was not even sent
	}
	s.progress(p, v1alpha1.ReasonRefused, said+f.Message)
	s.wake(max(f.After, retryAt(s.rem, p).Sub(s.now)))
	return false, nil
}

// stands says whether people still want what was just announced: a rejection that came between the last look and the
// announcement, or an Approval that was deleted then, holds the call. It is not made, and known to have changed nothing.
// A decided inverse is nobody's to reject.
func (r *Reconciler) stands(ctx context.Context, s *scope, p step, intent *v1alpha1.Intent) (bool, error) {
	if p.inverse {
		return true, nil
	}
	why, err := r.approvals.Withdrawn(ctx, s.rem, intent.Approvals)
	if err == nil && why == "" {
		return true, nil
	}
	if err != nil {
		why = "the approvals could not be read once more"
	}
	intent.Outcome, intent.Message = v1alpha1.OutcomeNotApplied, clip("the call was not made: "+why, maxMessage)
	s.progress(p, v1alpha1.ReasonNotBegun, "the call was announced and not made: "+why)
	s.wake(time.Second)
	return false, err
}

// announce writes the intent by optimistic lock: if anything moved since this Reconcile read the Remediation, it
// fails and no call is made.
func (r *Reconciler) announce(ctx context.Context, s *scope, p step, live action.State, notAfter time.Time) error {
	n := attempts(s.rem, p) + 1
	s.rem.Status.Intents = append(s.rem.Status.Intents, v1alpha1.Intent{
		Index: int32(p.index), Inverse: p.inverse, Attempt: n, PlanNumber: s.rem.Status.Plan.Number, Token: p.token(s.rem),
		Approvals: s.approvedBy(), Before: live.Fields, RevisionID: live.RevisionID, At: s.stamp(),
		NotAfter: metav1.NewTime(notAfter), Outcome: v1alpha1.OutcomeUnknown,
	})
	s.progress(p, v1alpha1.ReasonIntentRecorded, fmt.Sprintf("making call %d of %d, attempt %d", p.index+1, len(s.rem.Status.Plan.Calls), n))
	s.summarize()
	if err := r.persist(ctx, s); err != nil {
		s.rem.Status = *s.base.Status.DeepCopy() // close must not write what was not announced
		s.uncertain = true
		return err
	}
	return nil
}

// approvedBy returns the approvals that a call is made upon: those that were just counted, or, for an inverse, those of
// the change, which cover it.
func (s *scope) approvedBy() []string {
	if s.verdict.By != nil || len(s.rem.Status.Intents) == 0 {
		return s.verdict.By
	}
	return s.rem.Status.Intents[len(s.rem.Status.Intents)-1].Approvals
}

// progress says how far a step is, in the condition of its direction.
func (s *scope) progress(p step, reason, message string) {
	switch {
	case !p.inverse:
		s.applied(false, reason, message)
	case reason == v1alpha1.ReasonOutcomeUnknown:
		s.reverted(false, v1alpha1.ReasonOutcomeUnknown, "reverting: "+message)
	default:
		s.reverted(false, v1alpha1.ReasonReverting, "reverting: "+message)
	}
}

// refused ends the Remediation where AWS will not take a call.
func (s *scope) refused(p step, f *fault.Fault) {
	message := "AWS refused the call and changed nothing: " + f.Message
	if p.inverse {
		s.keep(v1alpha1.ReasonRevertRefused, message)
		return
	}
	s.applied(false, v1alpha1.ReasonRefused, message)
	s.end(f.Reason, message)
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
