package application

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// resolvePolicy finds the ChangePolicy that the application names. One that is missing must not quietly become the
// default, which may ask for fewer people.
func (r *Reconciler) resolvePolicy(ctx context.Context, s *scope) (bool, error) {
	ref := s.app.Spec.ChangePolicyRef
	if ref == nil {
		return true, nil
	}
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: s.app.Namespace, Name: ref.Name}, &v1alpha1.ChangePolicy{})
	if apierrors.IsNotFound(err) {
		s.trouble = append(s.trouble, fault.New(fault.Blocked, v1alpha1.ReasonChangePolicyNotFound,
			"there is no ChangePolicy %q in the namespace: create it, or correct spec.changePolicyRef", ref.Name))
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("getting ChangePolicy: %w", err)
	}
	return true, nil
}
