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

// gather lists the account's applications with what is needed to place an alarm, and those of its siblings.
func (r *Reconciler) gather(ctx context.Context, s *scope) (bool, error) {
	list, err := r.applicationsOf(ctx, s.account.Name)
	if err != nil {
		return false, err
	}
	for _, a := range list {
		if err := r.resolve(ctx, s, a); err != nil {
			return false, fmt.Errorf("resolving application %s: %w", a.key(), err)
		}
	}
	s.applications = list
	return true, r.gatherSiblings(ctx, s)
}

// gatherSiblings lists the applications of the other AWSAccounts of the same account: whose function an alarm names is a
// question to all of them, though each AWSAccount follows its own applications only.
func (r *Reconciler) gatherSiblings(ctx context.Context, s *scope) error {
	accounts := &v1alpha1.AWSAccountList{}
	if err := r.Client.List(ctx, accounts); err != nil {
		return fmt.Errorf("listing AWSAccounts: %w", err)
	}
	for i := range accounts.Items {
		other := &accounts.Items[i]
		if other.Name == s.account.Name || other.Spec.AccountID != s.account.Spec.AccountID {
			continue
		}
		list, err := r.applicationsOf(ctx, other.Name)
		if err != nil {
			return err
		}
		for _, a := range list {
			if a.ready, err = r.granted(ctx, a.object); err != nil {
				return fmt.Errorf("resolving application %s: %w", a.key(), err)
			}
		}
		s.siblings = append(s.siblings, list...)
	}
	return nil
}

// applicationsOf lists the applications that name an AWSAccount.
func (r *Reconciler) applicationsOf(ctx context.Context, account string) ([]*application, error) {
	list := &v1alpha1.ServerlessApplicationList{}
	if err := r.Client.List(ctx, list, client.MatchingFields{"spec.aws.accountRef.name": account}); err != nil {
		return nil, fmt.Errorf("listing applications of AWSAccount %s: %w", account, err)
	}
	var applications []*application
	for i := range list.Items {
		if list.Items[i].DeletionTimestamp.IsZero() {
			applications = append(applications, &application{object: &list.Items[i]})
		}
	}
	return applications, nil
}

// granted says whether an application is Ready and its grant holds. The grant is resolved anew: one that was taken away
// counts before the application's status says so.
func (r *Reconciler) granted(ctx context.Context, app *v1alpha1.ServerlessApplication) (bool, error) {
	if !conditions.IsTrue(app.Status.Conditions, v1alpha1.ConditionReady) {
		return false, nil
	}
	_, err := grant.Load(ctx, r.Client, app)
	var f *fault.Fault
	if errors.As(err, &f) {
		return false, nil // the application's own condition says why
	}
	return err == nil, err
}

// resolve finds the Incidents and the Runbooks of an application that is Ready.
func (r *Reconciler) resolve(ctx context.Context, s *scope, a *application) (err error) {
	if a.ready, err = r.granted(ctx, a.object); err != nil || !a.ready {
		return err
	}
	a.access = grant.Account(s.account, a.object.Spec.AWS.Region)
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
