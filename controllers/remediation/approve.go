package remediation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// hear asks what people say of the present plan before AWS is asked for anything: a rejection ends it whatever is away,
// and does not wait for its turn.
func (r *Reconciler) hear(ctx context.Context, s *scope) (bool, error) {
	if begun(s.rem) || s.rem.Status.Plan == nil {
		return true, nil
	}
	var known v1alpha1.ApprovalList // of the cache, and only to see that there are any: most plans wait for the first one
	if err := r.Client.List(ctx, &known, client.InNamespace(s.rem.Namespace), client.MatchingFields{"spec.remediationRef.name": s.rem.Name}); err != nil {
		return false, fmt.Errorf("listing approvals: %w", err)
	}
	if len(known.Items) == 0 {
		return true, nil
	}
	if queues, err := r.queues(ctx, s, known.Items); err != nil || queues {
		return false, err
	}
	if err := r.review(ctx, s); err != nil {
		return false, err
	}
	s.heed()
	return s.verdict.State != approval.Rejected, nil
}

// approve asks whether enough people approved the present plan.
func (r *Reconciler) approve(ctx context.Context, s *scope) (bool, error) {
	if begun(s.rem) {
		r.overtaken(ctx, s)
		return true, nil
	}
	if !s.heard {
		if err := r.review(ctx, s); err != nil {
			return false, err
		}
	}
	return s.heed(), nil
}

// review asks what people say of the present plan.
func (r *Reconciler) review(ctx context.Context, s *scope) error {
	verdict, err := r.approvals.Review(ctx, s.rem, s.incident, s.policy, s.now)
	if err != nil {
		return err
	}
	s.verdict, s.heard = verdict, true
	return nil
}

// heed says what people said, and whether the plan is approved.
func (s *scope) heed() bool {
	verdict := s.verdict
	s.rem.Status.Approvals = verdict.Counted
	if verdict.State != approval.Approved && conditions.Reason(s.rem.Status.Conditions, v1alpha1.ConditionApplied) != "" {
		s.applied(false, v1alpha1.ReasonNotBegun, "no call of the present plan is made before it is approved")
	}
	switch verdict.State {
	case approval.Approved:
		s.approved(true, v1alpha1.ReasonApproved, verdict.Message)
		return true
	case approval.Rejected:
		s.approved(false, v1alpha1.ReasonRejected, verdict.Message)
		s.end(v1alpha1.ReasonRejected, "a person rejected the plan, nothing was changed")
	case approval.Expired:
		s.approved(false, v1alpha1.ReasonExpired, verdict.Message)
	case approval.PoliciesChanged:
		s.approved(false, v1alpha1.ReasonPoliciesChanged, verdict.Message)
		s.wake(restored)
	default:
		message := verdict.Message
		if verdict.Unapprovable == "" {
			message += fmt.Sprintf(". %s. To approve it:\n%s", approval.Rejecting, approval.Command(s.rem))
		}
		s.approved(false, v1alpha1.ReasonAwaitingApproval, message)
	}
	return false
}

// overtaken tells people whose rejection came when the call had been announced that it does not stop the change. Nothing
// that has to be seen through waits for it: where the approvals cannot be read, the next look tells them.
func (r *Reconciler) overtaken(ctx context.Context, s *scope) {
	var approvals v1alpha1.ApprovalList
	if err := r.Client.List(ctx, &approvals, client.InNamespace(s.rem.Namespace),
		client.MatchingFields{"spec.remediationRef.name": s.rem.Name}); err != nil || s.rem.Status.Plan == nil {
		return
	}
	for _, a := range approval.Rejections(s.rem, approvals.Items) {
		known := slices.ContainsFunc(s.rem.Status.Approvals, func(c v1alpha1.CountedApproval) bool { return c.Name == a.Name })
		if known || len(s.rem.Status.Approvals) >= maxApprovals {
			continue
		}
		s.rem.Status.Approvals = append(s.rem.Status.Approvals, v1alpha1.CountedApproval{
			Name: a.Name, Username: a.Spec.Approver.Username, Decision: a.Spec.Decision,
			Message: "it came after the call was announced, and undoes nothing: status.plan.calls has the inverse of each call",
		})
	}
}

// restored is how soon it is looked again whether the admission policies are as shipped.
const restored = time.Minute

// maxApprovals is how many approvals the status lists: the bound of its field.
const maxApprovals = 16
