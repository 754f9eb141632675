package detection

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/grant"
)

// gather lists the account's applications with what is needed to place an alarm.
func (r *Reconciler) gather(ctx context.Context, s *scope) (bool, error) {
	list := &v1alpha1.ServerlessApplicationList{}
	if err := r.Client.List(ctx, list, client.MatchingFields{"spec.aws.accountRef.name": s.account.Name}); err != nil {
		return false, fmt.Errorf("listing applications of the account: %w", err)
	}
	for i := range list.Items {
		if !list.Items[i].DeletionTimestamp.IsZero() {
			continue
		}
		a := &application{object: &list.Items[i]}
		if err := r.resolve(ctx, s, a); err != nil {
			return false, fmt.Errorf("resolving application %s: %w", a.key(), err)
		}
		s.applications = append(s.applications, a)
	}
	return true, nil
}

// resolve finds the grant, the Incidents and the Runbooks of an application that is Ready. The grant is resolved anew:
// one that was taken away counts before the application's status says so.
func (r *Reconciler) resolve(ctx context.Context, s *scope, a *application) error {
	if !conditions.IsTrue(a.object.Status.Conditions, v1alpha1.ConditionReady) {
		return nil
	}
	_, err := grant.Load(ctx, r.Client, a.object)
	var f *fault.Fault
	if errors.As(err, &f) {
		return nil // not ready; the application's own condition says why
	}
	if err != nil {
		return err
	}
	a.ready, a.access = true, grant.Account(s.account, a.object.Spec.AWS.Region)
	if a.incidents, err = incidentsOf(ctx, r.Client, a.object); err != nil {
		return err
	}
	for _, ref := range a.object.Status.Runbooks {
		runbook, err := r.runbook(ctx, s, ref)
		if err != nil {
			return err
		}
		if runbook == nil {
			a.unsettled = true
			continue
		}
		a.runbooks = append(a.runbooks, runbook)
	}
	return nil
}

// runbook returns a Runbook as it was resolved, or nil where it is gone or was edited since.
func (r *Reconciler) runbook(ctx context.Context, s *scope, ref v1alpha1.ResolvedRunbook) (*v1alpha1.Runbook, error) {
	key := types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}
	runbook, known := s.runbooks[key]
	if !known {
		runbook = &v1alpha1.Runbook{}
		switch err := r.Client.Get(ctx, key, runbook); {
		case apierrors.IsNotFound(err):
			runbook = nil
		case err != nil:
			return nil, fmt.Errorf("getting Runbook: %w", err)
		}
		s.runbooks[key] = runbook
	}
	if runbook == nil || runbook.Generation != ref.Generation {
		return nil, nil // the application's list is about to follow
	}
	return runbook, nil
}

// incidentsOf lists the Incidents of an application, open or not.
func incidentsOf(ctx context.Context, reader client.Reader, app *v1alpha1.ServerlessApplication) ([]v1alpha1.Incident, error) {
	list := &v1alpha1.IncidentList{}
	if err := reader.List(ctx, list, client.InNamespace(app.Namespace),
		client.MatchingFields{"spec.applicationRef.name": app.Name}); err != nil {
		return nil, fmt.Errorf("listing Incidents: %w", err)
	}
	return list.Items, nil
}
