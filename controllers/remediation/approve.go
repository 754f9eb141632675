package remediation

import (
	"context"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// approve asks whether enough people approved the present plan.
func (r *Reconciler) approve(ctx context.Context, s *scope) (bool, error) {
	if begun(s.rem) {
		return true, nil
	}
	verdict, err := r.approvals.Review(ctx, s.rem, s.policy, s.now)
	if err != nil {
		return false, err
	}
	s.verdict = verdict
	s.rem.Status.Approvals = verdict.Counted
	if verdict.State != approval.Approved && conditions.Reason(s.rem.Status.Conditions, v1alpha1.ConditionApplied) != "" {
		s.applied(false, v1alpha1.ReasonNotBegun, "no call of the present plan is made before it is approved")
	}
	switch verdict.State {
	case approval.Approved:
		s.approved(true, v1alpha1.ReasonApproved, verdict.Message)
		return true, nil
	case approval.Rejected:
		s.approved(false, v1alpha1.ReasonRejected, verdict.Message)
		s.end(v1alpha1.ReasonRejected, "a person rejected the plan, nothing was changed")
	case approval.Expired:
		s.approved(false, v1alpha1.ReasonExpired, verdict.Message)
	case approval.PoliciesChanged:
		s.approved(false, v1alpha1.ReasonPoliciesChanged, verdict.Message)
		s.wake(recheck)
	default:
		s.approved(false, v1alpha1.ReasonAwaitingApproval, verdict.Message+". To approve it:\n"+approval.Command(s.rem))
	}
	return false, nil
}
