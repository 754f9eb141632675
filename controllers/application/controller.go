// Package application owns whether a ServerlessApplication is watched: its grant, its mode and the Runbooks that apply
// to it. It must not call AWS, nor look at alarms.
package application

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/internal/phase"
)

// Reconciler resolves what an application may do and which Runbooks apply to it.
type Reconciler struct {
	controller.Deps
}

// New returns the controller of ServerlessApplications.
func New(d controller.Deps) controller.Controller {
	r := &Reconciler{Deps: d}
	return controller.Controller{
		Name:   "application",
		Object: &v1alpha1.ServerlessApplication{},
		Watches: []controller.Watch{
			{Object: &v1alpha1.AWSAccount{}, Requests: r.ofAccount},
			{Object: &v1alpha1.Runbook{}, Requests: r.ofRunbook},
			{Object: &v1alpha1.ChangePolicy{}, Requests: r.ofNamespaced},
			{Object: &corev1.Namespace{}, Requests: r.ofNamespace},
		},
		Reconciler: reconcile.AsReconciler(d.Client, r),
	}
}

// +kubebuilder:rbac:groups=runbook-operator.io,resources=serverlessapplications,verbs=get;list;watch
// +kubebuilder:rbac:groups=runbook-operator.io,resources=serverlessapplications/status,verbs=patch
// +kubebuilder:rbac:groups=runbook-operator.io,resources=awsaccounts;runbooks;changepolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch

// Reconcile resolves one application. The phases do not depend on each other's success: what is wrong with one is
// recorded, and close says the first thing that is wrong. Whatever can put it right wakes the controller.
func (r *Reconciler) Reconcile(ctx context.Context, app *v1alpha1.ServerlessApplication) (res ctrl.Result, err error) {
	s := newScope(app)
	defer func() { err = r.close(ctx, s, err) }() // status.go
	if !app.DeletionTimestamp.IsZero() {
		return res, nil
	}
	return res, phase.Run(ctx, s,
		r.resolveGrant,    // grant.go    → mode, Ready
		r.resolvePolicy,   // policy.go   → Ready
		r.resolveRunbooks, // runbooks.go → runbooks
	)
}
