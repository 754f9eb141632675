// Package detection owns turning alarms into Incidents: it reads the alarms of an AWSAccount, finds the application of
// each, opens an Incident or joins one, and keeps the signals of open Incidents current. It must not investigate, nor
// decide that an Incident is over.
package detection

import (
	"context"
	"sync"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/phase"
)

// interval is how often the alarms of an account are read.
const interval = 30 * time.Second

// receivers is how many accounts are received from at once. Receiving is mostly waiting.
const receivers = 64

// Reconciler reads the alarms of one AWSAccount at a time.
type Reconciler struct {
	controller.Deps
	door   *door
	memory *memory
	mutes  *alarms.MuteRules
}

// New returns the controller that reads the alarms of AWSAccounts, and the one that receives messages about them. What
// they see goes through one door, so that nothing else opens Incidents for the account's applications meanwhile.
func New(d controller.Deps) []controller.Controller {
	r := &Reconciler{Deps: d, door: &door{accounts: map[string]*sync.Mutex{}}, memory: &memory{accounts: map[string]*recollection{}}, mutes: &alarms.MuteRules{}}
	return []controller.Controller{
		{
			Name:   "detection",
			Object: &v1alpha1.AWSAccount{},
			Watches: []controller.Watch{
				{Object: &v1alpha1.ServerlessApplication{}, Requests: r.ofApplication},
			},
			Reconciler: reconcile.AsReconciler(d.Client, r),
		},
		{
			Name:       "queue",
			Object:     &v1alpha1.AWSAccount{},
			Reconciler: reconcile.AsReconciler(d.Client, &Receiver{Reconciler: r}),
			Workers:    receivers,
		},
	}
}

// door lets one at a time decide about the applications of an account and write what follows: the poll and the queues
// see the same alarms. Nobody waits for AWS behind it.
type door struct {
	mu       sync.Mutex
	accounts map[string]*sync.Mutex
}

// enter waits for the door of an account, and returns how to leave it.
func (d *door) enter(account string) func() {
	d.mu.Lock()
	one := d.accounts[account]
	if one == nil {
		one = &sync.Mutex{}
		d.accounts[account] = one
	}
	d.mu.Unlock()
	one.Lock()
	return one.Unlock
}

// ofApplication names the account of an application that became Ready and was never looked at. Everything else waits
// for the next reading.
func (r *Reconciler) ofApplication(_ context.Context, o client.Object) []reconcile.Request {
	app, ok := o.(*v1alpha1.ServerlessApplication)
	if !ok || app.Status.WatchedSince != nil || !conditions.IsTrue(app.Status.Conditions, v1alpha1.ConditionReady) {
		return nil
	}
	return []reconcile.Request{controller.Request("", app.Spec.AWS.AccountRef.Name)}
}

// +kubebuilder:rbac:groups=runbook-operator.io,resources=awsaccounts;serverlessapplications;runbooks,verbs=get;list;watch
// +kubebuilder:rbac:groups=runbook-operator.io,resources=awsaccounts/status;serverlessapplications/status,verbs=patch
// +kubebuilder:rbac:groups=runbook-operator.io,resources=incidents/status,verbs=patch
// +kubebuilder:rbac:groups=runbook-operator.io,resources=incidents,verbs=get;list;watch;create
// +kubebuilder:rbac:groups=authentication.k8s.io,resources=selfsubjectreviews,verbs=create
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch

// Reconcile reads the alarms of one account once, and again after 30 seconds.
func (r *Reconciler) Reconcile(ctx context.Context, account *v1alpha1.AWSAccount) (res ctrl.Result, err error) {
	s := r.newScope(account)
	defer func() { res, err = r.close(ctx, s, err) }() // status.go
	if !account.DeletionTimestamp.IsZero() {
		r.memory.forget(account.Name)
		return res, nil
	}
	return res, phase.Run(ctx, s,
		r.gather, // gather.go    the account's applications, their grants and Incidents
		r.rest,   // memory.go    nothing, until the next reading is due
		r.read,   // reading.go   the alarms of every Region
		r.open,   // belonging.go whose alarm it is; follow.go lists, openings, signals: of every application
	)
}

// open places what was read and writes what follows, one at a time for an account.
func (r *Reconciler) open(ctx context.Context, s *scope) (bool, error) {
	defer r.door.enter(s.account.Name)()
	return true, phase.Run(ctx, s, r.place, r.follow)
}
