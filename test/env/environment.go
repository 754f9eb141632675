// Package env owns the world that suites run in: a real API server with the shipped manifests, the operator's own
// account and rights, a simulated AWS, and a driver that steps through time. It must not assert anything about the
// operator, and production code never imports it.
package env

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/runbook-operator/runbook-operator/config"
	"github.com/runbook-operator/runbook-operator/hack/controlplane"
	"github.com/runbook-operator/runbook-operator/internal/operator"
)

// Environment is one API server with the shipped definitions, admission policies and rights. A package starts one,
// and every spec takes a Fixture from it.
type Environment struct {
	// Config is of an administrator whom nothing is forbidden.
	Config *rest.Config
	// OperatorConfig is of the operator's service account: a token that the API server issued, with the rights
	// that are shipped and no more.
	OperatorConfig *rest.Config
	// Admin is a client of the administrator.
	Admin client.Client
	// Etcd is the address of the store, for specs that fill it behind the API server's back.
	Etcd string
	// Scheme knows every kind that the operator reads or writes.
	Scheme *runtime.Scheme

	fixtures atomic.Int64
}

// Option changes how the API server is started.
type Option func(*envtest.APIServer)

// Cached gives the API server its watch cache, as it has in production. Specs with thousands of objects need it.
func Cached(server *envtest.APIServer) { server.Configure().Set("watch-cache", "true") }

// Start starts the environment of a package, and stops it when the test or suite ends. Under Ginkgo, call it in
// BeforeSuite with GinkgoTB().
func Start(t testing.TB, options ...Option) *Environment {
	t.Helper()
	e, stop, err := start(t.Context(), options)
	if stop != nil {
		t.Cleanup(func() {
			if err := stop(); err != nil {
				t.Logf("stopping the API server: %v", err)
			}
		})
	}
	if err != nil {
		t.Fatalf("starting the environment: %v", err)
	}
	return e
}

// start returns a stop function whenever there is something to stop, also with an error.
func start(ctx context.Context, options []Option) (*Environment, func() error, error) {
	scheme, err := operator.NewScheme()
	if err != nil {
		return nil, nil, err
	}
	assets, err := controlplane.Assets(ctx, os.Stderr)
	if err != nil {
		return nil, nil, fmt.Errorf("finding the control plane: %w", err)
	}
	definitions, err := config.CustomResourceDefinitions()
	if err != nil {
		return nil, nil, err
	}
	server := &envtest.Environment{
		Scheme:                   scheme,
		BinaryAssetsDirectory:    assets,
		CRDs:                     definitions,
		ControlPlaneStartTimeout: time.Minute, // other packages compile and test meanwhile
		ControlPlaneStopTimeout:  time.Minute,
	}
	// From its watch cache, the API server answers a list of a quiet kind only once etcd told it that nothing is missing:
	// 100 ms after every write to another kind. Straight from etcd it is a few.
	server.ControlPlane.GetAPIServer().Configure().Set("watch-cache", "false")
	for _, option := range options {
		option(server.ControlPlane.GetAPIServer())
	}
	// Both are children that take their environment from here, and a fifth of what the API server does is collecting garbage.
	restore, set := os.LookupEnv("GOGC")
	if err := os.Setenv("GOGC", "400"); err != nil {
		return nil, nil, fmt.Errorf("giving the API server more memory: %w", err)
	}
	cfg, err := server.Start()
	if set {
		err = errors.Join(err, os.Setenv("GOGC", restore))
	} else {
		err = errors.Join(err, os.Unsetenv("GOGC"))
	}
	if err != nil {
		return nil, server.Stop, fmt.Errorf("starting the API server: %w", err)
	}
	e := &Environment{Config: unlimited(cfg), Scheme: scheme, Etcd: server.ControlPlane.Etcd.URL.String()}
	if e.Admin, err = client.New(e.Config, client.Options{Scheme: scheme}); err != nil {
		return nil, server.Stop, fmt.Errorf("making the administrator's client: %w", err)
	}
	if err := e.install(ctx); err != nil {
		return nil, server.Stop, err
	}
	return e, server.Stop, nil
}

// As returns a client of a person whom the API server takes for the given user.
func (e *Environment) As(t testing.TB, user rest.ImpersonationConfig) client.Client {
	t.Helper()
	cfg := rest.CopyConfig(e.Config)
	cfg.Impersonate = user
	c, err := client.New(cfg, client.Options{Scheme: e.Scheme})
	if err != nil {
		t.Fatalf("making a client of %s: %v", user.UserName, err)
	}
	return c
}

// unlimited turns the client's own rate limit off: it would sleep.
func unlimited(cfg *rest.Config) *rest.Config {
	cfg = rest.CopyConfig(cfg)
	cfg.QPS = -1
	return cfg
}
