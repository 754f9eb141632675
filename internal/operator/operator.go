// Package operator owns the assembly of the operator: scheme, cache, clocks, queues, AWS clients and controllers, as
// one process. It must not decide anything about Incidents and changes; the controllers do.
package operator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/controllers"
	controllerapi "github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/internal/aws"
)

// Name of the operator, as in its leader election Lease, its events and its field manager.
const Name = "runbook-operator"

const (
	// concurrency is how many objects of a kind are reconciled at once.
	concurrency = 8
	// reconcileTimeout bounds one Reconcile, wall time. A call to AWS has its own, shorter deadline.
	reconcileTimeout = 2 * time.Minute
	// firstBackoff and lastBackoff bound the delay after an error, world time. It doubles in between.
	firstBackoff, lastBackoff = time.Second, time.Minute
)

// Options of the operator.
type Options struct {
	// Clock is world time. Required.
	Clock clock.PassiveClock
	// Wall is transport time. Required.
	Wall clock.PassiveClock
	// NewQueue makes a controller's work queue, where the clock needs another than controller-runtime's: see
	// clock.Scaled.NewQueue.
	NewQueue func(name string, backoff workqueue.TypedRateLimiter[reconcile.Request]) workqueue.TypedRateLimitingInterface[reconcile.Request]
	// Namespace is the operator's own: shared Runbooks and Leases are there. Required.
	Namespace string
	// ClusterName names the cluster for people where it holds the claim of an account. Empty: it has no name.
	ClusterName string
	// LeaderElection lets one of several processes work at a time. Production always has it, also with one
	// replica: a rolling update runs two.
	LeaderElection bool
	// HealthAddr serves /healthz and /readyz. Empty or "0": not served.
	HealthAddr string
	// MetricsAddr serves /metrics. Empty or "0": not served.
	MetricsAddr string
	// AWS are the options of the AWS clients; Clock, Wall and Registerer are filled in.
	AWS aws.Options
}

// Operator is the assembled operator. It works once, from Start on.
type Operator struct {
	manager ctrl.Manager
}

// New assembles the operator for the cluster of cfg. It reads the AWS configuration and discovers the API server's
// kinds, and starts nothing.
func New(ctx context.Context, cfg *rest.Config, o Options) (*Operator, error) {
	if o.Namespace == "" {
		return nil, errors.New("the operator's own namespace is not known: set --namespace or POD_NAMESPACE")
	}
	scheme, err := NewScheme()
	if err != nil {
		return nil, err
	}
	events := &elections{}
	lock, err := newLeadership(cfg, o, events)
	if err != nil {
		return nil, err
	}
	mgr, err := ctrl.NewManager(cfg, managerOptions(scheme, o, lock))
	if meta.IsNoMatchError(err) {
		return nil, fmt.Errorf("the cluster does not know the operator's API: install config/crd first (kubectl apply -k config/crd): %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("making the manager: %w", err)
	}
	events.manager = mgr
	if err := ownNamespace(ctx, mgr.GetAPIReader(), o.Namespace); err != nil {
		return nil, err
	}
	if err := indexFields(ctx, mgr.GetFieldIndexer()); err != nil {
		return nil, err
	}
	if err := errors.Join(addChecks(mgr, o, lock), lookAtPolicies(mgr, o)); err != nil {
		return nil, err
	}
	o.AWS.Clock, o.AWS.Wall = o.Clock, o.Wall
	if orOff(o.MetricsAddr) != "0" {
		o.AWS.Registerer = metrics.Registry // of the process: only one operator of a process can serve it
	}
	clients, err := aws.New(ctx, o.AWS)
	if err != nil {
		return nil, fmt.Errorf("making the AWS clients: %w", err)
	}
	this, err := ThisCluster(ctx, mgr.GetAPIReader(), o.ClusterName)
	if err != nil {
		return nil, err
	}
	deps := controllerapi.Deps{
		Client:     mgr.GetClient(),
		APIReader:  mgr.GetAPIReader(),
		Scheme:     scheme,
		Recorder:   mgr.GetEventRecorder(Name),
		Clock:      o.Clock,
		Wall:       o.Wall,
		AWS:        clients,
		Leadership: lock.Remaining,
		Namespace:  o.Namespace,
		Cluster:    this,
	}
	if !o.LeaderElection {
		deps.Leadership = controllerapi.Alone
	}
	for _, c := range controllers.All(deps) {
		if err := c.SetupWithManager(mgr, controllerOptions(o)); err != nil {
			return nil, err
		}
	}
	return &Operator{manager: mgr}, nil
}

// Start runs the operator until the context ends, or until it lost the leader election. It returns after every
// Reconcile that was under way has returned.
func (o *Operator) Start(ctx context.Context) error {
	if err := o.manager.Start(ctx); err != nil {
		return fmt.Errorf("running the operator: %w", err)
	}
	return nil
}

// Client returns a client that reads from the operator's cache, for programs that narrate what the operator does.
func (o *Operator) Client() client.Client { return o.manager.GetClient() }

// Elected is closed when this process is the leader, or was started without leader election.
func (o *Operator) Elected() <-chan struct{} { return o.manager.Elected() }

// Add adds something that runs with the operator.
func (o *Operator) Add(r manager.Runnable) error { return o.manager.Add(r) }

func controllerOptions(o Options) controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: concurrency,
		ReconciliationTimeout:   reconcileTimeout,
		RecoverPanic:            ptr.To(true),
		NewQueue:                o.NewQueue,
		RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](firstBackoff, lastBackoff),
		// A standby fills its queues before it leads, and takes over at once.
		EnableWarmup: ptr.To(true),
		// A process may assemble the operator again, one after the other: names are unique by the list's test.
		SkipNameValidation: ptr.To(true),
	}
}
