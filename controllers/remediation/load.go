package remediation

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/action"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/grant"
)

// load reads what must be true now from the API server, uncached: a brake that was just pulled must hold.
func (r *Reconciler) load(ctx context.Context, s *scope) (bool, error) {
	act, ok := action.Get(s.rem.Spec.Action.Name())
	if !ok {
		return false, fmt.Errorf("finding action %q: the API accepted an action that this operator does not have", s.rem.Spec.Action.Name())
	}
	s.action = act
	s.app, s.incident, s.namesake = nil, nil, "" // what an earlier look saw may be gone
	app := &v1alpha1.ServerlessApplication{}
	found, err := r.get(ctx, s.rem.Namespace, s.rem.Spec.ApplicationRef.Name, app)
	if err != nil {
		return false, err
	}
	if found {
		s.app = app
		s.grant, s.grantErr = grant.Load(ctx, r.APIReader, app)
		if f := (*fault.Fault)(nil); s.grantErr != nil && !errors.As(s.grantErr, &f) {
			return false, s.grantErr // the API server did not answer: that says nothing about the grant
		}
	}
	if ref := s.rem.Spec.IncidentRef; ref != nil {
		inc := &v1alpha1.Incident{}
		found, err := r.get(ctx, s.rem.Namespace, ref.Name, inc)
		if err != nil {
			return false, err
		}
		switch {
		case found && string(inc.UID) == ref.UID:
			s.incident = inc
		case found:
			s.namesake = inc.UID
		}
	}
	return true, r.loadPolicy(ctx, s)
}

// loadPolicy pins the ChangePolicy when the Remediation is first worked on, and afterwards works with the stricter
// of the pinned and the present one.
func (r *Reconciler) loadPolicy(ctx context.Context, s *scope) error {
	if s.app == nil && s.rem.Status.Policy == nil {
		return nil // nobody knows which policy: accept says so
	}
	var present *v1alpha1.ChangePolicy
	if s.app != nil && s.app.Spec.ChangePolicyRef != nil {
		p := &v1alpha1.ChangePolicy{}
		found, err := r.get(ctx, s.rem.Namespace, s.app.Spec.ChangePolicyRef.Name, p)
		if err != nil {
			return err
		}
		if !found && s.rem.Status.Policy == nil {
			return nil // the application is not Ready without its policy: accept says so
		}
		if found {
			present = p
		}
	}
	name := s.rem.Spec.Action.Name()
	if s.rem.Status.Policy == nil {
		pinned := approval.Pin(present, name)
		s.rem.Status.Policy = &pinned
	}
	s.policy = approval.Stricter(*s.rem.Status.Policy, approval.Pin(present, name))
	return nil
}

// get reads an object uncached, and says whether there is one.
func (r *Reconciler) get(ctx context.Context, namespace, name string, o client.Object) (bool, error) {
	err := r.APIReader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, o)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("getting %s/%s: %w", namespace, name, err)
	}
	return true, nil
}

// reading opens the session for reads: with the application's grant, or, for a change that began and whose grant is
// gone, with the role that the plan was approved for.
func (r *Reconciler) reading(ctx context.Context, s *scope) error {
	if s.session != nil {
		return nil
	}
	access := s.grant.Access
	if begun(s.rem) {
		access = r.planned(ctx, s)
	}
	session, err := r.AWS.Session(ctx, access, "runbook-operator")
	if err != nil {
		return err
	}
	s.session = session
	return nil
}

// planned returns the access that the plan names. The ExternalID is the grant's that has the plan's role now.
func (r *Reconciler) planned(ctx context.Context, s *scope) aws.Access {
	p := s.rem.Status.Plan
	access := aws.Access{AccountID: p.AccountID, Region: string(p.Region), RoleARN: string(p.RoleARN)}
	if s.app != nil && s.grantErr == nil && s.grant.Access.RoleARN == access.RoleARN {
		access.ExternalID = s.grant.Access.ExternalID
		return access
	}
	var accounts v1alpha1.AWSAccountList
	if err := r.Client.List(ctx, &accounts); err != nil {
		return access
	}
	for _, a := range accounts.Items {
		for _, g := range a.Spec.Grants {
			if a.Spec.AccountID == p.AccountID && g.RoleARN == p.RoleARN {
				access.ExternalID = g.ExternalID
			}
		}
	}
	return access
}

// unavailable says whether an error is trouble that ends without a change of the spec.
func unavailable(err error) bool { return fault.From(err).Class != fault.Terminal }
