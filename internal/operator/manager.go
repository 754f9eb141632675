package operator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// Leader election, wall time. A leader that cannot renew for RenewDeadline stops, and no call that it began outlasts
// that; another may lead LeaseDuration after the last renewal. leadership.go says why their calls never meet.
const (
	LeaseDuration = 40 * time.Second
	RenewDeadline = 20 * time.Second
	retryPeriod   = 4 * time.Second
)

// shutdownTimeout is how long a stopped process may take to end what is under way, wall time: a call to AWS and the
// status that records it. It is below the terminationGracePeriodSeconds of the Deployment, and it leads meanwhile.
const shutdownTimeout = 35 * time.Second

// readyTimeout is how long a readiness check waits for the cache, wall time: less than a kubelet waits.
const readyTimeout = 500 * time.Millisecond

// NewScheme returns a scheme with every kind that the operator reads or writes.
func NewScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, fmt.Errorf("making the scheme: %w", err)
	}
	return scheme, nil
}

// The Role of leader election is written by hand, in config/rbac/leader_election_role.yaml.
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

func managerOptions(scheme *runtime.Scheme, o Options, lock *leadership) ctrl.Options {
	options := ctrl.Options{
		Scheme: scheme,
		Cache: cache.Options{
			// Who last wrote which field is half of an object, and nobody here asks.
			DefaultTransform: cache.TransformStripManagedFields(),
			ByObject:         abridging(),
		},
		Client:                  client.Options{FieldOwner: Name},
		NewClient:               newClient,
		Metrics:                 server.Options{BindAddress: orOff(o.MetricsAddr)},
		HealthProbeBindAddress:  orOff(o.HealthAddr),
		LeaderElection:          o.LeaderElection,
		LeaderElectionID:        Name,
		LeaderElectionNamespace: o.Namespace,
		// The next leader has to wait in any case: it cannot know whether a call is still under way.
		LeaderElectionReleaseOnCancel: false,
		GracefulShutdownTimeout:       ptr.To(shutdownTimeout),
		LeaseDuration:                 ptr.To(LeaseDuration),
		RenewDeadline:                 ptr.To(RenewDeadline),
		RetryPeriod:                   ptr.To(retryPeriod),
	}
	if o.LeaderElection {
		options.LeaderElectionResourceLockInterface = lock
	}
	return options
}

func orOff(address string) string {
	if address == "" {
		return "0"
	}
	return address
}

// addChecks adds the checks of the kubelet: alive, and ready once the cache has what it watches and the Lease of the leader
// election can be had. A standby is ready.
func addChecks(mgr ctrl.Manager, o Options, lock *leadership) error {
	ready := func(r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout) //nolint:forbidigo // the kubelet waits in wall time
		defer cancel()
		if !mgr.GetCache().WaitForCacheSync(ctx) {
			return errors.New("the cache is not filled yet")
		}
		return nil
	}
	checks := []error{mgr.AddHealthzCheck("ping", healthz.Ping), mgr.AddReadyzCheck("cache", ready)}
	if o.LeaderElection {
		checks = append(checks, mgr.AddReadyzCheck("leader-election", func(*http.Request) error { return lock.Reachable() }))
	}
	if err := errors.Join(checks...); err != nil {
		return fmt.Errorf("adding health checks: %w", err)
	}
	return nil
}
