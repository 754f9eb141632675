//go:build fault

package bounds

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/clock"
	"github.com/runbook-operator/runbook-operator/internal/operator"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// variable tells an execution of the test binary that it is the operator, and how.
const variable = "RUNBOOK_OPERATOR_BOUNDS"

// orders are what a child is told at its start.
type orders struct {
	Host      string
	CA        []byte
	Token     string
	Namespace string
	Endpoint  string
	Metrics   string
	Level     string // of the log, as --zap-log-level of the operator
	Epoch     time.Time
	Factor    float64
}

func TestMain(m *testing.M) {
	if text := os.Getenv(variable); text != "" {
		if err := operate(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	ctrl.SetLogger(logr.Discard()) // of the suite: every operator has a log of its own
	os.Exit(m.Run())
}

// operate is the operator of production, assembled and logging as main.go does, until SIGTERM. Only the clock is the
// suite's.
func operate(text string) error {
	var o orders
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return fmt.Errorf("reading the orders: %w", err)
	}
	var logging zap.Options
	flags := flag.NewFlagSet("operator", flag.ContinueOnError)
	logging.BindFlags(flags)
	if err := flags.Parse([]string{"--zap-log-level=" + o.Level}); err != nil {
		return fmt.Errorf("reading the log level: %w", err)
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&logging)))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	world := clock.Scaled{Epoch: o.Epoch, Factor: o.Factor}
	op, err := operator.New(ctx, &rest.Config{
		Host: o.Host, BearerToken: o.Token, TLSClientConfig: rest.TLSClientConfig{CAData: o.CA}, QPS: -1,
	}, operator.Options{
		Clock: world, Wall: clock.Real{}, NewQueue: world.NewQueue, Namespace: o.Namespace, MetricsAddr: o.Metrics,
		AWS: aws.Options{Load: []func(*awsconfig.LoadOptions) error{
			awsconfig.WithSharedConfigFiles(nil), awsconfig.WithSharedCredentialsFiles(nil),
			awsconfig.WithBaseEndpoint(o.Endpoint), awsconfig.WithRegion(reactstocks.Region),
			awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(
				reactstocks.OperatorAccessKeyID, reactstocks.OperatorSecretAccessKey, "")),
		}},
	})
	if err != nil {
		return err
	}
	go func() { // ends with the suite, whatever becomes of it
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	return op.Start(ctx)
}

// child is a process of the operator.
type child struct {
	cmd     *exec.Cmd
	ended   chan struct{}
	log     string
	metrics string
}

// startChild starts the operator in a process of its own, and ends it with the test.
func startChild(t testing.TB, o orders) *child {
	t.Helper()
	binary, err := os.Executable()
	must(t, "finding the test binary", err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, "finding a free port", err)
	o.Metrics = l.Addr().String()
	must(t, "giving the port back", l.Close())
	text, err := json.Marshal(o)
	must(t, "writing the orders", err)
	c := &child{ended: make(chan struct{}), log: filepath.Join(t.TempDir(), "log"), metrics: "http://" + o.Metrics + "/metrics"}
	log, err := os.Create(c.log)
	must(t, "creating the log", err)
	c.cmd = exec.Command(binary)
	c.cmd.Env = append(os.Environ(), variable+"="+string(text))
	c.cmd.Stdout, c.cmd.Stderr = log, log
	_, err = c.cmd.StdinPipe() // open for as long as the suite lives
	must(t, "making a pipe", err)
	must(t, "starting the operator", c.cmd.Start())
	go func() {
		defer close(c.ended)
		_ = c.cmd.Wait()
		_ = log.Close()
	}()
	t.Cleanup(c.stop)
	return c
}

// stop asks the process to end, and waits for it.
func (c *child) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(20 * time.Second):
		_ = c.cmd.Process.Kill()
		<-c.ended
	}
}

// said returns everything that the process logged.
func (c *child) said(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(c.log)
	must(t, "reading the log", err)
	return string(text)
}

// measured returns what the process serves at /metrics; "" while it does not.
func (c *child) measured(t testing.TB) string {
	t.Helper()
	response, err := http.Get(c.metrics)
	if err != nil {
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	must(t, "reading the metrics", err)
	return string(text)
}

// metric returns the value of a metric without labels.
func (c *child) metric(t testing.TB, name string) float64 {
	t.Helper()
	for line := range strings.Lines(c.measured(t)) {
		if text, ok := strings.CutPrefix(line, name+" "); ok {
			value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			must(t, "reading metric "+name, err)
			return value
		}
	}
	return -1
}

// memory returns a line of /proc/<pid>/status in bytes: VmRSS is what is resident now, VmHWM the most that ever was.
func (c *child) memory(t testing.TB, line string) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	must(t, "reading the status of the process", err)
	for l := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(l, line+":"); ok {
			kB, err := strconv.Atoi(strings.Fields(rest)[0])
			must(t, "reading "+line, err)
			return kB << 10
		}
	}
	t.Fatalf("no %s", line)
	return 0
}

func must(t testing.TB, doing string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", doing, err)
	}
}

// sum adds the values of all metrics that begin in a way.
func sum(text, prefix string) float64 {
	total := 0.0
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); strings.HasPrefix(line, prefix) && len(fields) > 1 {
			if value, err := strconv.ParseFloat(fields[len(fields)-1], 64); err == nil {
				total += value
			}
		}
	}
	return total
}
