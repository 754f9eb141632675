package incident

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/grant"
)

// load reads the application with its grant and policy, and, uncached, the Remediations of the Incident: a second
// one must not be proposed because a cache is late.
func (r *Reconciler) load(ctx context.Context, s *scope) (bool, error) {
	app := &v1alpha1.ServerlessApplication{}
	found, err := r.get(ctx, s.inc.Namespace, s.inc.Spec.ApplicationRef.Name, app)
	if err != nil {
		return false, err
	}
	var policy *v1alpha1.ChangePolicy
	if found {
		s.app = app
		s.grant, s.grantErr = grant.Load(ctx, r.Client, app)
		if f := (*fault.Fault)(nil); s.grantErr != nil && !errors.As(s.grantErr, &f) {
			return false, s.grantErr // the API server did not answer: that says nothing about the grant
		}
		if ref := app.Spec.ChangePolicyRef; ref != nil {
			p := &v1alpha1.ChangePolicy{}
			if found, err = r.get(ctx, s.inc.Namespace, ref.Name, p); err != nil {
				return false, err
			} else if found {
				policy = p
			}
		}
	}
	s.stableFor = time.Duration(approval.Pin(policy, "").StableForSeconds) * time.Second
	return true, r.loadRemediations(ctx, s)
}

func (r *Reconciler) loadRemediations(ctx context.Context, s *scope) error {
	var list v1alpha1.RemediationList
	err := r.APIReader.List(ctx, &list, client.InNamespace(s.inc.Namespace), client.MatchingFields{"spec.applicationRef.name": s.inc.Spec.ApplicationRef.Name})
	if err != nil {
		return fmt.Errorf("listing Remediations: %w", err)
	}
	for _, rem := range list.Items {
		if ref := rem.Spec.IncidentRef; ref != nil && ref.Name == s.inc.Name && ref.UID == string(s.inc.UID) && s.concerns(&rem) {
			s.remediations = append(s.remediations, rem)
		}
	}
	slices.SortFunc(s.remediations, func(a, b v1alpha1.Remediation) int {
		if c := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); c != 0 {
			return c
		}
		if c := len(a.Name) - len(b.Name); c != 0 { // -2 before -10
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	s.inc.Status.Remediations = listed(s.inc.Status.Remediations, s.remediations)
	return nil
}

// listed returns the list of an Incident's Remediations in its status. One that was deleted stays with its last result.
// Pure.
func listed(before []v1alpha1.IncidentRemediation, live []v1alpha1.Remediation) []v1alpha1.IncidentRemediation {
	var out []v1alpha1.IncidentRemediation
	for _, entry := range before {
		if !slices.ContainsFunc(live, func(rem v1alpha1.Remediation) bool { return rem.Name == entry.Name }) {
			out = append(out, entry)
		}
	}
	for _, rem := range live {
		out = append(out, v1alpha1.IncidentRemediation{
			Name: rem.Name, Action: rem.Spec.Action.Name(), Result: conditions.Reason(rem.Status.Conditions, v1alpha1.ConditionSucceeded),
		})
	}
	return out[max(0, len(out)-maxRemediations):]
}

// get reads an object, and says whether there is one.
func (r *Reconciler) get(ctx context.Context, namespace, name string, o client.Object) (bool, error) {
	err := r.Client.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, o)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("getting %s/%s: %w", namespace, name, err)
	}
	return true, nil
}
