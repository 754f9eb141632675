// Package runbook owns whether a Runbook makes sense: it compiles every expression and says where one does not. It
// must not evaluate an expression, nor read anything outside the Runbook.
package runbook

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/internal/phase"
)

// Reconciler says of every Runbook whether it compiles.
type Reconciler struct {
	controller.Deps
}

// New returns the controller of Runbooks.
func New(d controller.Deps) controller.Controller {
	return controller.Controller{
		Name:       "runbook",
		Object:     &v1alpha1.Runbook{},
		Reconciler: reconcile.AsReconciler(d.Client, &Reconciler{Deps: d}),
	}
}

// +kubebuilder:rbac:groups=runbook-operator.io,resources=runbooks,verbs=get;list;watch
// +kubebuilder:rbac:groups=runbook-operator.io,resources=runbooks/status,verbs=patch

// Reconcile compiles one Runbook. Status is written once, by close, and what does not compile is never an error: a
// bad Runbook is waited for until somebody edits it.
func (r *Reconciler) Reconcile(ctx context.Context, runbook *v1alpha1.Runbook) (res ctrl.Result, err error) {
	s := newScope(runbook)
	defer func() { err = r.close(ctx, s, err) }() // status.go
	if !runbook.DeletionTimestamp.IsZero() {
		return res, nil
	}
	return res, phase.Run(ctx, s,
		r.compile, // compile.go → Ready
	)
}
