// Package claim owns whether this cluster holds the claim of an AWSAccount: it takes it where nobody has it, renews it,
// and takes it over when a person says so. It must not change anything else in AWS, nor believe that a silent holder is
// gone.
package claim

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/internal/phase"
)

// Reconciler looks at the claim of one AWSAccount at a time.
type Reconciler struct {
	controller.Deps
	memory *memory
}

// New returns the controller of the claims of AWSAccounts.
func New(d controller.Deps) controller.Controller {
	r := &Reconciler{Deps: d, memory: &memory{accounts: map[string]*recollection{}}}
	return controller.Controller{
		Name:   "claim",
		Object: &v1alpha1.AWSAccount{},
		Watches: []controller.Watch{
			{Object: &v1alpha1.ServerlessApplication{}, Requests: ofApplication},
		},
		Reconciler: reconcile.AsReconciler(d.Client, r),
	}
}

// ofApplication names the account of an application: it may be the first to act for.
func ofApplication(_ context.Context, o client.Object) []reconcile.Request {
	app, ok := o.(*v1alpha1.ServerlessApplication)
	if !ok {
		return nil
	}
	return []reconcile.Request{controller.Request("", app.Spec.AWS.AccountRef.Name)}
}

// +kubebuilder:rbac:groups=runbook-operator.io,resources=awsaccounts;serverlessapplications,verbs=get;list;watch
// +kubebuilder:rbac:groups=runbook-operator.io,resources=awsaccounts/status,verbs=patch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch

// Reconcile looks at the claim of one account, and again after two minutes.
func (r *Reconciler) Reconcile(ctx context.Context, account *v1alpha1.AWSAccount) (res ctrl.Result, err error) {
	s := r.newScope(account)
	defer func() { res, err = r.close(ctx, s, err) }() // status.go
	if !account.DeletionTimestamp.IsZero() {
		return res, nil
	}
	return res, phase.Run(ctx, s,
		r.need, // need.go whether there is anything to act for
		r.look, // look.go the claim as it is, and what to do about it
	)
}
