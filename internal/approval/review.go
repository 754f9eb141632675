package approval

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// Reviewer reads what a decision is made upon, now and uncached.
type Reviewer struct {
	// Reader lists Approvals; it must not be a cache.
	Reader client.Reader
	// Policies vouch for the approvals.
	Policies *AdmissionPolicies
	// Authorizer says who may approve now.
	Authorizer Authorizer
}

// Review decides on the present plan of a Remediation. incident is the one that it is for, as it is now, or nil; policy is
// the stricter of the pinned and the present one, now is world time. It reads the approvals before it checks the policies, so that no approval counts that was created
// while a policy was gone. An error says that nothing is known; nothing may be done upon it.
func (r Reviewer) Review(ctx context.Context, rem *v1alpha1.Remediation, incident *v1alpha1.Incident, policy v1alpha1.PinnedPolicy, now time.Time) (Verdict, error) {
	approvals, err := r.list(ctx, rem)
	if err != nil {
		return Verdict{}, err
	}
	admission, err := r.Policies.Check(ctx)
	if err != nil {
		return Verdict{}, fmt.Errorf("checking the admission policies: %w", err)
	}
	in := Input{
		Remediation: rem, Incident: incident, Approvals: approvals, Policy: policy, Now: now,
		Admission: admission, May: map[string]bool{},
	}
	if rem.Status.Plan == nil {
		return Decide(in), nil
	}
	// One question a person, and none for approvals that do not count anyway.
	asked := map[string]bool{}
	for _, a := range approvals {
		if misplaced(in, rem.Status.Plan, a) != "" || a.Spec.Decision != v1alpha1.DecisionApproved {
			continue
		}
		person, err := json.Marshal(a.Spec.Approver)
		if err != nil {
			return Verdict{}, fmt.Errorf("encoding a person: %w", err)
		}
		may, known := asked[string(person)]
		if !known {
			may, err = r.Authorizer.MayApprove(ctx, *a.Spec.Approver, rem.Namespace, rem.Name, a.Spec.Action)
			if err != nil {
				return Verdict{}, err
			}
			asked[string(person)] = may
		}
		in.May[a.Name] = may
	}
	return Decide(in), nil
}

func (r Reviewer) list(ctx context.Context, rem *v1alpha1.Remediation) ([]v1alpha1.Approval, error) {
	var approvals v1alpha1.ApprovalList
	if err := r.Reader.List(ctx, &approvals, client.InNamespace(rem.Namespace),
		client.MatchingFields{"spec.remediationRef.name": rem.Name}); err != nil {
		return nil, fmt.Errorf("listing approvals: %w", err)
	}
	return approvals.Items, nil
}

// Withdrawn says why the word that a call was announced upon does not stand any more: the present plan was rejected, or
// one of the Approvals is gone. "" where it stands. Whatever the API server took before the announcement is seen.
func (r Reviewer) Withdrawn(ctx context.Context, rem *v1alpha1.Remediation, by []string) (string, error) {
	approvals, err := r.list(ctx, rem)
	if err != nil {
		return "", err
	}
	if rejections := Rejections(rem, approvals); len(rejections) > 0 {
		return fmt.Sprintf("%s rejected plan %d", rejections[0].Spec.Approver.Username, rem.Status.Plan.Number), nil
	}
	for _, name := range by {
		if !slices.ContainsFunc(approvals, func(a v1alpha1.Approval) bool { return a.Name == name && a.DeletionTimestamp == nil }) {
			return fmt.Sprintf("Approval %s was deleted", name), nil
		}
	}
	return "", nil
}

// Rejections returns the rejections of the present plan of a Remediation, oldest first.
func Rejections(rem *v1alpha1.Remediation, approvals []v1alpha1.Approval) []v1alpha1.Approval {
	var rejections []v1alpha1.Approval
	for _, a := range ofRemediation(approvals, rem.Name) {
		if a.Spec.Decision == v1alpha1.DecisionRejected && misplaced(Input{Remediation: rem}, rem.Status.Plan, a) == "" {
			rejections = append(rejections, a)
		}
	}
	return rejections
}
