package claim

import (
	"context"
	"errors"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/grant"
)

// need says whether an application of the account goes beyond observing. A cluster without one claims nothing: it may be
// a second one that only watches.
func (r *Reconciler) need(ctx context.Context, s *scope) (bool, error) {
	var apps v1alpha1.ServerlessApplicationList
	if err := r.Client.List(ctx, &apps, client.MatchingFields{"spec.aws.accountRef.name": s.account.Name}); err != nil {
		return false, fmt.Errorf("listing ServerlessApplications: %w", err)
	}
	for i := range apps.Items {
		resolved, err := grant.Load(ctx, r.Client, &apps.Items[i])
		var f *fault.Fault
		switch {
		case errors.As(err, &f):
			continue // nothing is granted to it
		case err != nil:
			return false, err
		case resolved.Granted != v1alpha1.ModeObserve:
			return true, nil
		}
	}
	s.idle = true
	return false, nil
}
