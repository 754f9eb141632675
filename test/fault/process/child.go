//go:build fault

package process

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/operator"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// variable tells an execution of the test binary that it is the operator, and how.
const variable = "RUNBOOK_OPERATOR_CHILD"

// orders are what a child is told at its start.
type orders struct {
	Name      string // of the incarnation
	Host      string
	CA        []byte
	Token     string
	Namespace string
	Endpoint  string
	Clock     string // the file of the clock
	Points    string // the file of the points
	Elect     bool
	Armed     bool
	At        Point
}

// Main is the TestMain of a suite that starts processes: this execution is the operator, a process of the control plane,
// or the suite.
func Main(m *testing.M) {
	switch {
	case os.Getenv(variable) != "":
		os.Exit(said(operate(os.Getenv(variable))))
	case isControlPlane(filepath.Base(os.Args[0])):
		os.Exit(said(supervise(filepath.Base(os.Args[0]), os.Args[1:])))
	}
	ctrl.SetLogger(logr.Discard()) // of the suite: every operator has a log of its own
	os.Exit(m.Run())
}

func said(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// operate is the operator of production, assembled by internal/operator as main.go does: as its own account, until
// SIGTERM, and with leader election where the orders say so. Only the clock, the two seams and the names in User-Agents are the suite's.
func operate(text string) error {
	var o orders
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return fmt.Errorf("reading the orders: %w", err)
	}
	logger := zap.New(zap.WriteTo(os.Stderr))
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
	shared, err := MapClock(o.Clock)
	if err != nil {
		return err
	}
	passed, err := openPoints(o.Points)
	if err != nil {
		return err
	}
	if o.Armed {
		passed.arm(o.At)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cfg := &rest.Config{
		Host: o.Host, BearerToken: o.Token, TLSClientConfig: rest.TLSClientConfig{CAData: o.CA},
		QPS: -1, UserAgent: o.Name,
	}
	wrapKubernetes(cfg, passed)
	pace := &pacer{clock: shared}
	op, err := operator.New(ctx, cfg, operator.Options{
		Clock: shared.World(), Wall: shared.Wall(), NewQueue: pace.newQueue, Namespace: o.Namespace, LeaderElection: o.Elect,
		AWS: aws.Options{Load: []func(*awsconfig.LoadOptions) error{
			awsconfig.WithSharedConfigFiles(nil), awsconfig.WithSharedCredentialsFiles(nil),
			awsconfig.WithBaseEndpoint(o.Endpoint), awsconfig.WithRegion(reactstocks.Region),
			awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(
				reactstocks.OperatorAccessKeyID, reactstocks.OperatorSecretAccessKey, "")),
			awsconfig.WithAppID(o.Name),
			loadAWS(passed),
		}},
	})
	if err != nil {
		return err
	}
	go pace.run(ctx, op.Elected())
	go obey(passed)
	return op.Start(ctx)
}

// obey arms the points when the parent says so, and ends the process with the parent.
func obey(p *points) {
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			os.Exit(1)
		}
		var at Point
		if err := json.Unmarshal([]byte(line), &at); err != nil {
			panic(err)
		}
		p.arm(at)
		fmt.Println("armed")
	}
}
