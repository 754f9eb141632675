package remediation

import (
	"context"
	"fmt"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/approval"
)

// maxAttempts is how often a call is made that AWS refuses or that does not arrive: for about 20 minutes, with the pauses
// in between.
const maxAttempts = 8

// gate is the last look before a call, at everything that may have moved since it was approved: live state equals
// what the plan was made upon, the digest is the plan's own, the caller is the plan's, no brake was pulled, and the
// approvals stand.
func (r *Reconciler) gate(ctx context.Context, s *scope) (bool, error) {
	if begun(s.rem) {
		return true, nil
	}
	plan := s.rem.Status.Plan
	if digest := approval.Digest(*plan, string(s.rem.UID)); digest != plan.Digest {
		s.end(v1alpha1.ReasonStale, "the plan in the status is not the one that its digest was made of, nothing was changed: somebody edited the status; create a new Remediation")
		return false, nil
	}
	if n := attempts(s.rem, step{index: next(s.rem)}); n >= maxAttempts {
		s.end(v1alpha1.ReasonHeld, fmt.Sprintf("the call was tried %d times and did not arrive, nothing was changed: see status.intents", n))
		return false, nil
	}
	proposal, verification, err := r.propose(ctx, s)
	if err != nil {
		return false, s.notPlanned(err)
	}
	if !approval.SameContent(*plan, s.compose(proposal, verification)) {
		s.approved(false, v1alpha1.ReasonStale, "the function or the policy moved after the plan was approved: it is planned again")
		s.wake(1)
		return false, nil // the next Reconcile plans anew, under another number
	}
	if !r.identity(s, step{index: next(s.rem)}) {
		return false, nil
	}
	if err := r.measure(ctx, s); err != nil {
		return false, err
	}
	if braked, err := r.braked(ctx, s); err != nil || braked {
		s.wake(1)
		return false, err // the next Reconcile says why
	}
	if !approval.SameContent(*plan, s.compose(proposal, verification)) {
		s.approved(false, v1alpha1.ReasonStale, "the grant or the policy moved after the plan was approved: it is planned again")
		s.wake(1)
		return false, nil
	}
	verdict, err := r.approvals.Review(ctx, s.rem, s.incident, s.policy, r.Clock.Now())
	if err != nil {
		return false, err
	}
	if verdict.State != approval.Approved {
		s.rem.Status.Approvals = verdict.Counted
		s.approved(false, v1alpha1.ReasonAwaitingApproval, verdict.Message)
		s.wake(1)
		return false, nil
	}
	s.verdict = verdict
	return true, nil
}

// braked reads what may stop a change once more, and says whether it does: what load saw may be seconds
// old. A deletion of the Remediation itself fails the intent, which is written by optimistic lock.
func (r *Reconciler) braked(ctx context.Context, s *scope) (bool, error) {
	if _, err := r.load(ctx, s); err != nil {
		return false, err
	}
	stopped := s.app == nil || s.grantErr != nil || s.grant.Mode != v1alpha1.ModeAct || !s.grant.Allows(s.action.Name()) ||
		s.rem.Spec.IncidentRef != nil && s.incident == nil || r.Clock.Now().After(s.rem.Spec.NotAfter.Time) || !s.listed()
	return stopped, nil
}

// identity says whether AWS knows the caller as the plan's, immediately before a call of either direction. Where it does
// not, the condition of the direction says so.
func (r *Reconciler) identity(s *scope, p step) bool {
	plan, id := s.rem.Status.Plan, s.session.Identity()
	if id.AccountID == plan.AccountID && id.RoleARN == string(plan.RoleARN) && s.session.Access().Region == string(plan.Region) {
		return true
	}
	s.progress(p, v1alpha1.ReasonWrongIdentity, fmt.Sprintf("AWS says that the caller is not role %s of account %s: nothing is changed", plan.RoleARN, plan.AccountID))
	s.wake(recheck)
	return false
}
