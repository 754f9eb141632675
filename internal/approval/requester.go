package approval

import (
	"context"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// Requester returns whom the API server takes the caller for, as spec.requestedBy of what the caller creates. Where a
// MutatingAdmissionPolicy fills it in (Kubernetes 1.36 and later) it says the same; elsewhere the ValidatingAdmissionPolicy
// refuses an object without it, and no Incident may be lost for that. A service account carries none of the extra
// claims that are recorded of people. (Kubernetes API reference, SelfSubjectReview v1.)
func Requester(ctx context.Context, c client.Client) (*v1alpha1.Person, error) {
	review := &authenticationv1.SelfSubjectReview{}
	if err := c.Create(ctx, review); err != nil {
		return nil, fmt.Errorf("asking the API server for the operator's own name: %w", err)
	}
	user := review.Status.UserInfo
	return &v1alpha1.Person{Username: user.Username, UID: user.UID, Groups: user.Groups}, nil
}
