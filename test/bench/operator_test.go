//go:build bench

package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/runbook-operator/runbook-operator/hack/cluster"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/clock"
	"github.com/runbook-operator/runbook-operator/internal/operator"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// variable tells an execution of this binary that it is the operator, and how.
const variable = "RUNBOOK_OPERATOR_BENCH"

// orders are what the operator is told at its start.
type orders struct {
	Host, Token, Endpoint, Metrics string
	CA                             []byte
	Clock                          worldClock
	Elect                          bool
}

// worldClock is world time: it shows Base when the wall shows Wall, and is Factor times as fast.
type worldClock struct {
	Base, Wall time.Time
	Factor     float64
}

// Now returns the world's time.
func (c worldClock) Now() time.Time {
	return c.Base.Add(time.Duration(float64(time.Now().Round(0).Sub(c.Wall)) * c.Factor))
}

// Since returns how much of the world's time passed since a time.
func (c worldClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// TestMain is the benchmark, or the operator that is measured.
func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	if text := os.Getenv(variable); text != "" {
		if err := operate(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// operate is the operator of production until SIGTERM. Only its clock and the counter of its requests are the benchmark's.
func operate(text string) error {
	var o orders
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return fmt.Errorf("reading the orders: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() { // it ends with the benchmark
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	cfg := &rest.Config{Host: o.Host, BearerToken: o.Token, TLSClientConfig: rest.TLSClientConfig{CAData: o.CA}, QPS: -1}
	count(cfg)
	options := operator.Options{
		Clock: o.Clock, Wall: clock.Real{}, Namespace: cluster.Namespace, LeaderElection: o.Elect, MetricsAddr: o.Metrics,
		AWS: aws.Options{Load: []func(*awsconfig.LoadOptions) error{
			awsconfig.WithSharedConfigFiles(nil), awsconfig.WithSharedCredentialsFiles(nil),
			awsconfig.WithBaseEndpoint(o.Endpoint), awsconfig.WithRegion(reactstocks.Region),
			awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(
				reactstocks.OperatorAccessKeyID, reactstocks.OperatorSecretAccessKey, "")),
		}},
	}
	if o.Clock.Factor != 1 {
		options.NewQueue = clock.Scaled{Epoch: o.Clock.Wall, Factor: o.Clock.Factor}.NewQueue
	}
	op, err := operator.New(ctx, cfg, options)
	if err != nil {
		return err
	}
	return op.Start(ctx)
}

// counted is the metric of the requests to the API server, by method and kind.
const counted = "bench_kubernetes_requests_total"

// count counts the requests of a configuration, in the operator's own metrics.
func count(cfg *rest.Config) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: counted, Help: "Requests to the API server."}, []string{"method", "kind"})
	metrics.Registry.MustRegister(requests)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return tripper(func(r *http.Request) (*http.Response, error) {
			requests.WithLabelValues(r.Method, kindOf(r.URL.Path)).Inc()
			return next.RoundTrip(r)
		})
	})
}

type tripper func(*http.Request) (*http.Response, error)

// RoundTrip sends a request.
func (t tripper) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// kindOf returns the resource of a path, with its subresource.
func kindOf(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	parts = parts[min(len(parts), map[bool]int{true: 2, false: 3}[parts[0] == "api"]):]
	if len(parts) > 2 && parts[0] == "namespaces" {
		parts = parts[2:]
	}
	switch len(parts) {
	case 0:
		return "discovery"
	case 1, 2:
		return parts[0]
	}
	return parts[0] + "/" + parts[2]
}

// process is one running operator.
type process struct {
	cmd     *exec.Cmd
	stdin   io.Closer
	metrics string
	started time.Time // right before it was started
}

// start starts the operator, as its own service account.
func (s *stage) start(elect bool) *process {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	s.must("finding a port", err)
	p := &process{metrics: l.Addr().String()}
	s.must("finding a port", l.Close())
	cfg := s.cluster.OperatorConfig
	text, err := json.Marshal(orders{
		Host: cfg.Host, Token: cfg.BearerToken, CA: cfg.CAData, Endpoint: s.endpoint, Metrics: p.metrics, Clock: s.clock, Elect: elect,
	})
	s.must("writing the orders", err)
	binary, err := os.Executable()
	s.must("finding this binary", err)
	p.cmd = exec.Command(binary)
	p.cmd.Env = append(os.Environ(), variable+"="+string(text))
	p.cmd.Stderr = os.Stderr
	p.stdin, err = p.cmd.StdinPipe()
	s.must("making a pipe", err)
	p.started = time.Now()
	s.must("starting the operator", p.cmd.Start())
	s.t.Cleanup(func() { _ = p.end(syscall.SIGKILL) })
	return p
}

// end ends the operator and waits for it.
func (p *process) end(by syscall.Signal) error {
	err := p.cmd.Process.Signal(by)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	_ = p.cmd.Wait() // how it ended is known
	return err
}

// memory returns the resident set of the operator in bytes.
func (p *process) memory() int64 {
	value, _, _ := strings.Cut(field(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid), "VmRSS"), " ")
	kib, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		panic(err)
	}
	return kib * 1024
}

// requests returns how many requests the operator sent so far, by method and kind.
func (s *stage) requests(p *process) map[string]float64 {
	s.t.Helper()
	response, err := http.Get("http://" + p.metrics + "/metrics")
	s.must("reading the metrics", err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	s.must("reading the metrics", err)
	found := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		if labels, ok := strings.CutPrefix(name, counted+"{"); ok {
			parts := strings.Split(labels, `"`) // kind="…",method="…"
			n, err := strconv.ParseFloat(value, 64)
			s.must("reading the metrics", err)
			found[parts[3]+" "+parts[1]] = n
		}
	}
	return found
}
