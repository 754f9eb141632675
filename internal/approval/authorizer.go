package approval

import (
	"context"
	"fmt"

	authorizationv1 "k8s.io/api/authorization/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// Authorizer asks the API server what a person may do now.
type Authorizer struct {
	// Client creates SubjectAccessReviews.
	Client client.Client
}

// MayApprove says whether a person may approve an action of a Remediation now: the verb "approve" on
// remediations/<action>, as the admission policy asked it when the Approval was created. Claims that the policy does
// not record are not asked with; they matter only to authorizers that decide by them.
func (a Authorizer) MayApprove(
	ctx context.Context, person v1alpha1.Person, namespace, remediation string, action v1alpha1.ActionName,
) (bool, error) {
	extra := make(map[string]authorizationv1.ExtraValue, len(person.Extra))
	for _, claim := range person.Extra {
		extra[claim.Key] = claim.Values
	}
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: person.Username, UID: person.UID, Groups: person.Groups, Extra: extra,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Name: remediation, Verb: "approve",
			// Any version, as the authorizer of the admission policy asks.
			Group: v1alpha1.GroupVersion.Group, Version: "*",
			Resource: "remediations", Subresource: string(action),
		},
	}}
	if err := a.Client.Create(ctx, review); err != nil {
		return false, fmt.Errorf("asking whether a person may approve remediations/%s: %w", action, err)
	}
	return review.Status.Allowed && !review.Status.Denied, nil
}
