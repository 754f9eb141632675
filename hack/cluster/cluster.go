// Package cluster owns a Kubernetes API server on this machine that is installed as a production cluster is: the
// definitions, the admission policies, and the operator's own account with the shipped rights. It must not know the
// simulated AWS, and production code never imports it.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/runbook-operator/runbook-operator/config"
	"github.com/runbook-operator/runbook-operator/hack/controlplane"
	"github.com/runbook-operator/runbook-operator/internal/operator"
)

// Namespace is the operator's own in the shipped manifests. Its service account is there.
const Namespace = "runbook-operator-system"

// startStop bounds the start and the stop of etcd and of kube-apiserver, each: the machine may be busy compiling.
const startStop = time.Minute

// Cluster is one running API server with everything installed.
type Cluster struct {
	// Config is of an administrator whom nothing is forbidden.
	Config *rest.Config
	// OperatorConfig is of the operator's service account: a token that the API server issued, with the rights
	// that are shipped and no more.
	OperatorConfig *rest.Config
	// Admin is a client of the administrator, to set things up.
	Admin client.Client
	// Scheme knows every kind that the operator reads or writes.
	Scheme *runtime.Scheme

	server *envtest.Environment
}

// Start starts etcd and kube-apiserver on free ports of the loopback interface, and installs. Binaries that have to be
// built first are told to progress. The working directory must be inside the repository.
func Start(ctx context.Context, progress io.Writer) (*Cluster, error) {
	scheme, err := operator.NewScheme()
	if err != nil {
		return nil, err
	}
	assets, err := controlplane.Assets(ctx, progress)
	if err != nil {
		return nil, fmt.Errorf("finding the control plane: %w", err)
	}
	definitions, err := config.CustomResourceDefinitions()
	if err != nil {
		return nil, err
	}
	c := &Cluster{Scheme: scheme, server: &envtest.Environment{
		Scheme:                   scheme,
		BinaryAssetsDirectory:    assets,
		CRDs:                     definitions,
		ControlPlaneStartTimeout: startStop,
		ControlPlaneStopTimeout:  startStop,
	}}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	cfg, err := c.server.Start()
	if err != nil {
		return fmt.Errorf("starting the API server: %w", err)
	}
	c.Config = unlimited(cfg)
	if c.Admin, err = client.New(c.Config, client.Options{Scheme: c.Scheme}); err != nil {
		return fmt.Errorf("making the administrator's client: %w", err)
	}
	return c.install(ctx)
}

// Stop stops the API server and etcd, and deletes what they stored.
func (c *Cluster) Stop() error {
	if err := c.server.Stop(); err != nil {
		return fmt.Errorf("stopping the API server: %w", err)
	}
	return nil
}

// As returns a client of a person whom the API server takes for the given user, by impersonation.
func (c *Cluster) As(user rest.ImpersonationConfig) (client.WithWatch, error) {
	cfg := rest.CopyConfig(c.Config)
	cfg.Impersonate = user
	as, err := client.NewWithWatch(cfg, client.Options{Scheme: c.Scheme})
	if err != nil {
		return nil, fmt.Errorf("making a client of %s: %w", user.UserName, err)
	}
	return as, nil
}

// unlimited turns the client's own rate limit off: it would sleep.
func unlimited(cfg *rest.Config) *rest.Config {
	cfg = rest.CopyConfig(cfg)
	cfg.QPS = -1
	return cfg
}
