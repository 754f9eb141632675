// Package account owns whether the operator reaches an AWSAccount with every role that it grants. It must not read
// anything in the account beyond who it is there.
package account

import (
	"context"
	"slices"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/internal/phase"
)

const (
	// recheck is how long an answer of AWS is believed: roles and trust policies change without a word to the operator.
	recheck = 10 * time.Minute
	// retry is how soon AWS is asked again that gave no answer.
	retry = time.Minute
)

// Reconciler confirms the identity behind every grant of an AWSAccount.
type Reconciler struct {
	controller.Deps
}

// New returns the controller of AWSAccounts.
func New(d controller.Deps) controller.Controller {
	return controller.Controller{
		Name:       "account",
		Object:     &v1alpha1.AWSAccount{},
		Reconciler: reconcile.AsReconciler(d.Client, &Reconciler{Deps: d}),
	}
}

// +kubebuilder:rbac:groups=runbook-operator.io,resources=awsaccounts,verbs=get;list;watch
// +kubebuilder:rbac:groups=runbook-operator.io,resources=awsaccounts/status,verbs=patch

// Reconcile confirms one account, and again after ten minutes whatever the answer was; without one, after a minute.
func (r *Reconciler) Reconcile(ctx context.Context, account *v1alpha1.AWSAccount) (res ctrl.Result, err error) {
	s := newScope(account)
	defer func() { res, err = r.close(ctx, s, res, err) }() // status.go
	if !account.DeletionTimestamp.IsZero() {
		return res, nil
	}
	err = phase.Run(ctx, s,
		r.checkSelectors,  // selectors.go → Ready
		r.confirmIdentity, // identity.go  → Ready
	)
	if slices.ContainsFunc(s.troubles, func(t trouble) bool { return !t.fault.NeedsPerson() }) {
		return ctrl.Result{RequeueAfter: retry}, err
	}
	return ctrl.Result{RequeueAfter: recheck}, err
}
