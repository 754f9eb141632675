// Command runbook-operator runs the operator in a cluster. It only turns flags into options; internal/operator
// assembles, and the controllers work.
package main

import (
	"flag"
	"fmt"
	"os"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/runbook-operator/runbook-operator/internal/clock"
	"github.com/runbook-operator/runbook-operator/internal/operator"
)

func main() {
	o := operator.Options{Clock: clock.Real{}, Wall: clock.Real{}, LeaderElection: true}
	flag.StringVar(&o.Namespace, "namespace", os.Getenv("POD_NAMESPACE"),
		"the operator's own namespace, with shared Runbooks and Leases; the default is $POD_NAMESPACE")
	flag.StringVar(&o.ClusterName, "cluster-name", os.Getenv("CLUSTER_NAME"),
		"what people call this cluster, shown where it holds the claim of an account; the default is $CLUSTER_NAME")
	flag.StringVar(&o.HealthAddr, "health-address", ":8081", `where /healthz and /readyz are served; "0" turns them off`)
	flag.StringVar(&o.MetricsAddr, "metrics-address", ":8080", `where /metrics are served; "0" turns them off`)
	var logging zap.Options
	logging.BindFlags(flag.CommandLine)
	flag.Parse()
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&logging)))

	if err := run(o, flag.Args()); err != nil {
		ctrl.Log.Error(err, "The operator does not run")
		os.Exit(1)
	}
}

func run(o operator.Options, rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("%q is no flag: nothing after it would be read, so write every setting as --name=value", rest[0])
	}
	cfg, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the cluster: %w", err)
	}
	ctx := ctrl.SetupSignalHandler()
	op, err := operator.New(ctx, cfg, o)
	if err != nil {
		return err
	}
	return op.Start(ctx)
}
