// Package controller owns what every controller of the operator is given and what it consists of, so that the manager
// and a stepped test run the same controllers. It must not know any single controller.
package controller

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/claim"
)

// Deps is what controllers are given. Every field is set.
type Deps struct {
	// Client reads from the cache and writes to the API server. It lists by the selectable fields of the kinds.
	Client client.Client
	// APIReader reads from the API server, uncached: for what must be true now.
	APIReader client.Reader
	// Scheme knows every kind that the operator reads or writes.
	Scheme *runtime.Scheme
	// Recorder writes events of events.k8s.io.
	Recorder events.EventRecorder
	// Clock is world time: metric windows, verification, expiry. Delays of a reconcile.Result are world time too.
	Clock clock.PassiveClock
	// Wall is transport time: deadlines of calls, and what is compared with the API server's timestamps.
	Wall clock.PassiveClock
	// AWS is the only door to AWS.
	AWS *aws.Clients
	// Leadership says for how long from now a call may be under way that changes something outside the cluster, wall
	// time: this process alone leads until then. Zero: none may begin now.
	Leadership func() time.Duration
	// Namespace is the operator's own: shared Runbooks and Leases are there.
	Namespace string
	// Cluster is this cluster, as the claim of an account names it.
	Cluster claim.Cluster
}

// Alone is the Leadership of a process that is the only one, as in tests: it never ends.
func Alone() time.Duration { return time.Hour }

// Controller is one reconciler with everything that wakes it.
type Controller struct {
	// Name of the controller, unique: the folder's, as in metrics and logs.
	Name string
	// Object is an empty object of the kind that is reconciled: every change of one wakes its Reconcile.
	Object client.Object
	// Watches are other kinds whose changes wake it.
	Watches []Watch
	// Reconciler moves one object forward. The RequeueAfter of its result is world time.
	Reconciler reconcile.Reconciler
	// Wakes are objects to reconcile although nothing changed and no time is up. Nil: there are none.
	Wakes *Wakes
	// Workers is how many objects are reconciled at once. Zero: as many as of other kinds.
	Workers int
}

// Watch says which objects to reconcile when an object of another kind was created, changed or deleted.
type Watch struct {
	// Object is an empty object of the kind that is watched.
	Object client.Object
	// Requests names the objects to reconcile. It may list through the client that its package was given.
	Requests func(ctx context.Context, o client.Object) []reconcile.Request
}

// SetupWithManager registers the controller and its watches with a manager.
func (c Controller) SetupWithManager(mgr ctrl.Manager, o controller.Options) error {
	if c.Workers > 0 {
		o.MaxConcurrentReconciles = c.Workers
	}
	b := ctrl.NewControllerManagedBy(mgr).Named(c.Name).For(c.Object).WithOptions(o)
	for _, w := range c.Watches {
		b = b.Watches(w.Object, handler.EnqueueRequestsFromMapFunc(w.Requests))
	}
	if c.Wakes != nil {
		b = b.WatchesRawSource(c.Wakes.source())
	}
	if err := b.Complete(c.Reconciler); err != nil {
		return fmt.Errorf("setting up controller %s: %w", c.Name, err)
	}
	return nil
}

// Request names one object to reconcile; the namespace of a cluster-scoped object is empty.
func Request(namespace, name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}
}
