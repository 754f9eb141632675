// Package incident owns the life of one episode: what was seen, why, what is proposed, and whether it is over. It
// must not change anything in AWS, nor call the AWS SDK.
package incident

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/phase"
)

// Reconciler moves Incidents forward.
type Reconciler struct {
	controller.Deps
}

// New returns the controller of Incidents.
func New(d controller.Deps) controller.Controller {
	r := &Reconciler{Deps: d}
	return controller.Controller{
		Name:   "incident",
		Object: &v1alpha1.Incident{},
		Watches: []controller.Watch{
			{Object: &v1alpha1.Remediation{}, Requests: ofRemediation},
			{Object: &v1alpha1.ServerlessApplication{}, Requests: r.ofApplication},
			{Object: &v1alpha1.Runbook{}, Requests: r.ofRunbook},
		},
		Reconciler: reconcile.AsReconciler(d.Client, r),
	}
}

// +kubebuilder:rbac:groups=runbook-operator.io,resources=incidents,verbs=get;list;watch
// +kubebuilder:rbac:groups=runbook-operator.io,resources=incidents/status,verbs=update
// +kubebuilder:rbac:groups=runbook-operator.io,resources=incidents/finalizers,verbs=update
// +kubebuilder:rbac:groups=runbook-operator.io,resources=remediations,verbs=get;list;watch;create
// +kubebuilder:rbac:groups=runbook-operator.io,resources=serverlessapplications;runbooks;changepolicies;awsaccounts,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch

// Reconcile moves one Incident forward by as many phases as are ready. Status is written once, by close.
func (r *Reconciler) Reconcile(ctx context.Context, inc *v1alpha1.Incident) (res reconcile.Result, err error) {
	if Over(inc) || !inc.DeletionTimestamp.IsZero() {
		return res, nil
	}
	s := r.newScope(inc)
	defer func() { res, err = r.close(ctx, s, err) }() // status.go

	return res, phase.Run(ctx, s,
		r.load,        // load.go         application, grant, policy, Remediations
		r.accept,      // accept.go       Accepted; signals and affected functions
		r.pin,         // pin.go          the Runbooks, as they are when they join
		r.investigate, // investigate.go  Investigated: every step at every affected function
		r.diagnose,    // diagnose.go     Diagnosed: causes by rules, severity
		r.respond,     // respond.go      proposes a change
		r.resolve,     // resolve.go      Resolved
	)
}

// Over says whether an Incident is over: it is never written again, and the cache keeps only a part of it.
func Over(inc *v1alpha1.Incident) bool {
	return conditions.IsTrue(inc.Status.Conditions, v1alpha1.ConditionResolved)
}

func ofRemediation(_ context.Context, o client.Object) []reconcile.Request {
	rem, ok := o.(*v1alpha1.Remediation)
	if !ok || rem.Spec.IncidentRef == nil {
		return nil
	}
	return []reconcile.Request{controller.Request(rem.Namespace, rem.Spec.IncidentRef.Name)}
}

func (r *Reconciler) ofApplication(ctx context.Context, o client.Object) []reconcile.Request {
	return r.unresolved(ctx, client.InNamespace(o.GetNamespace()), client.MatchingFields{"spec.applicationRef.name": o.GetName()})
}

// ofRunbook wakes the Incidents that may wait for a Runbook; those of the operator's namespace serve every namespace.
func (r *Reconciler) ofRunbook(ctx context.Context, o client.Object) []reconcile.Request {
	if o.GetNamespace() == r.Namespace {
		return r.unresolved(ctx)
	}
	return r.unresolved(ctx, client.InNamespace(o.GetNamespace()))
}

func (r *Reconciler) unresolved(ctx context.Context, opts ...client.ListOption) []reconcile.Request {
	var list v1alpha1.IncidentList
	if err := r.Client.List(ctx, &list, opts...); err != nil {
		return nil // the watch's cache is the list's; every open Incident also wakes itself
	}
	var out []reconcile.Request
	for _, inc := range list.Items {
		if !Over(&inc) {
			out = append(out, controller.Request(inc.Namespace, inc.Name))
		}
	}
	return out
}
