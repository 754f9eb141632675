// Package world owns a whole world on this machine: a Kubernetes API server installed as in production, a simulated AWS,
// and the operator with its own account and rights, on one clock. It must not decide what happens in it: a scenario
// is traffic, and the operator is the one of production.
package world

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/runbook-operator/runbook-operator/hack/cluster"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/clock"
	"github.com/runbook-operator/runbook-operator/internal/operator"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// The names of the sample, config/samples.
const (
	// Team is the namespace of the application's team.
	Team = "react-stocks"
	// Application is the ServerlessApplication in it.
	Application = "react-stocks"
	// Account is the AWSAccount.
	Account = "prod"
)

// Options of a World.
type Options struct {
	// Seed makes worlds differ. Equal seeds repeat what AWS does by itself after Begin: what is throttled in each minute,
	// and when alarms fire.
	Seed int64
	// Factor is how many seconds pass in the world in one second of the wall. It must be above 0.
	Factor float64
	// Log is the file that takes the operator's log. It is overwritten.
	Log string
	// Progress takes a line for everything that is built or started and takes its time.
	Progress io.Writer
}

// World is one running world with steady traffic.
type World struct {
	// Cluster is the Kubernetes side.
	Cluster *cluster.Cluster
	// AWS is the simulated account.
	AWS *sim.World
	// Endpoint is where AWS is, for AWS_ENDPOINT_URL.
	Endpoint string
	// Clock is world time.
	Clock clock.Scaled
	// Runbooks is how many are installed.
	Runbooks int

	seed    int64
	failed  chan error
	closers []func() error
}

// Start starts a world: the API server with the shipped manifests, the shipped Runbooks and the sample, the simulated
// AWS, and the operator. The working directory must be inside the repository.
func Start(ctx context.Context, o Options) (*World, error) {
	w := of(o)
	if err := w.start(ctx, o); err != nil {
		return nil, errors.Join(err, w.Stop())
	}
	return w, nil
}

// of is a world of which nothing has started.
func of(o Options) *World { return &World{seed: o.Seed, failed: make(chan error, 1)} }

func (w *World) start(ctx context.Context, o Options) error {
	closeLog, err := logTo(o.Log)
	if err != nil {
		return err
	}
	w.closers = append(w.closers, closeLog)

	if w.Cluster, err = cluster.Start(ctx, o.Progress); err != nil {
		return err
	}
	w.closers = append(w.closers, w.Cluster.Stop)
	if err := w.install(ctx); err != nil {
		return err
	}

	w.Clock = clock.Scaled{Epoch: time.Now(), Factor: o.Factor}
	if err := w.simulate(ctx); err != nil {
		return err
	}
	return w.operate(ctx)
}

// simulate starts the account, with an hour of its seed's ordinary traffic behind it.
func (w *World) simulate(ctx context.Context) error {
	now, err := w.Clock.Now(), error(nil)
	if w.AWS, err = reactstocks.New(ctx, sim.Options{Seed: w.seed, Start: now.Add(-past)}, reactstocks.Steady); err != nil {
		return fmt.Errorf("making the simulated AWS: %w", err)
	}
	w.AWS.SetTraffic(backend(arrivals(reactstocks.Steady, w.seed)))
	w.AWS.AdvanceTo(now)
	w.AWS.FollowClock(w.Clock)
	if err := w.alarmOfTimeouts(ctx); err != nil {
		return err
	}
	if err := w.limit(); err != nil {
		return err
	}
	endpoint, stop, err := w.AWS.Start("127.0.0.1:0")
	if err != nil {
		return err
	}
	w.Endpoint = endpoint
	w.closers = append(w.closers, func() error { stop(); return nil })
	return nil
}

// install applies the shipped Runbooks in the operator's namespace and the sample, and waits until its people may do
// what it says.
func (w *World) install(ctx context.Context) error {
	runbooks, err := cluster.Manifests("config", "runbooks")
	if err != nil {
		return err
	}
	w.Runbooks = len(runbooks)
	for _, o := range runbooks {
		o.SetNamespace(cluster.Namespace)
	}
	sample, err := cluster.Manifests("config", "samples")
	if err != nil {
		return err
	}
	if err := w.Cluster.Create(ctx, append(runbooks, sample...)); err != nil {
		return err
	}
	return awaitRights(ctx, w.Cluster)
}

// operate starts the operator as its own service account: what it may not do, it cannot do here either.
func (w *World) operate(ctx context.Context) error {
	op, err := operator.New(ctx, w.Cluster.OperatorConfig, operator.Options{
		Clock: w.Clock, Wall: clock.Real{}, NewQueue: w.Clock.NewQueue, Namespace: cluster.Namespace,
		AWS: aws.Options{Load: []func(*awsconfig.LoadOptions) error{
			// Nothing of the machine's own AWS configuration is used.
			awsconfig.WithSharedConfigFiles(nil), awsconfig.WithSharedCredentialsFiles(nil),
			awsconfig.WithBaseEndpoint(w.Endpoint), awsconfig.WithRegion(reactstocks.Region),
			awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(
				reactstocks.OperatorAccessKeyID, reactstocks.OperatorSecretAccessKey, "")),
		}},
	})
	if err != nil {
		return err
	}
	running, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := op.Start(running); err != nil {
			w.failed <- err
		} else if running.Err() == nil {
			w.failed <- errors.New("the operator stopped by itself")
		}
	}()
	w.closers = append(w.closers, func() error { cancel(); <-done; return nil })
	return nil
}

// CloudWatch returns a client of a person with the role platform-admin, who looks at AWS by hand. Its calls are in the
// ledger under that role.
func (w *World) CloudWatch() *cloudwatch.Client {
	return cloudwatch.New(cloudwatch.Options{
		BaseEndpoint: &w.Endpoint, Region: reactstocks.Region,
		Credentials: credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
	})
}

// Lambda returns a client of the same person.
func (w *World) Lambda() *lambda.Client {
	return lambda.New(lambda.Options{
		BaseEndpoint: &w.Endpoint, Region: reactstocks.Region,
		Credentials: credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
	})
}

// Failed gives the error of an operator that stopped before it was told to.
func (w *World) Failed() <-chan error { return w.failed }

// Stop stops everything, the last started first, and waits for it.
func (w *World) Stop() error {
	var failed []error
	for i := len(w.closers) - 1; i >= 0; i-- {
		failed = append(failed, w.closers[i]())
	}
	w.closers = nil
	return errors.Join(failed...)
}

// Folder returns the repository's ignored folder for what a world leaves behind, and makes it.
func Folder() (string, error) {
	root, err := cluster.Repository()
	if err != nil {
		return "", err
	}
	dir := root + string(os.PathSeparator) + ".dev"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making the folder for logs: %w", err)
	}
	return dir, nil
}
