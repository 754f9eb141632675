package approval

import (
	"context"
	"encoding/json"
	"fmt"
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

// Review decides on the present plan of a Remediation. policy is the stricter of the pinned and the present one, now
// is world time. It reads the approvals before it checks the policies, so that no approval counts that was created
// while a policy was gone. An error says that nothing is known; nothing may be done upon it.
func (r Reviewer) Review(ctx context.Context, rem *v1alpha1.Remediation, policy v1alpha1.PinnedPolicy, now time.Time) (Verdict, error) {
	var approvals v1alpha1.ApprovalList
	if err := r.Reader.List(ctx, &approvals, client.InNamespace(rem.Namespace),
		client.MatchingFields{"spec.remediationRef.name": rem.Name}); err != nil {
		return Verdict{}, fmt.Errorf("listing approvals: %w", err)
	}
	admission, err := r.Policies.Check(ctx)
	if err != nil {
		return Verdict{}, fmt.Errorf("checking the admission policies: %w", err)
	}
	in := Input{
		Remediation: rem, Approvals: approvals.Items, Policy: policy, Now: now,
		Admission: admission, May: map[string]bool{},
	}
	if rem.Status.Plan == nil {
		return Decide(in), nil
	}
	// One question a person, and none for approvals that do not count anyway.
	asked := map[string]bool{}
	for _, a := range approvals.Items {
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
