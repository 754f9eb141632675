//go:build fault

package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	testclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/hack/cluster"
	"github.com/runbook-operator/runbook-operator/hack/controlplane"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/operator"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

const (
	// Team is the namespace of React Stocks.
	Team = "react-stocks"
	// Approver is a person who may approve every change in it.
	Approver = "alice@example.com"
)

// World is one API server, installed as in production, one simulated AWS, and the processes of the operator that a test
// starts.
type World struct {
	// Cluster is the Kubernetes side, as processes that can be killed.
	Cluster *cluster.Cluster
	// AWS is the simulated account, in the process of the suite.
	AWS *sim.World
	// Endpoint is where AWS is.
	Endpoint string
	// Clock is the time of all.
	Clock *Clock
	// Namespace is the operator's own.
	Namespace string
	// Elect lets the processes that are started from now on elect one that works, on the time of the machine. Without it
	// one at a time has to be started.
	Elect bool

	dir       string
	clockFile string
	calls     *calls
	running   []*Incarnation
	started   int
}

// NewWorld starts a world without an operator, and ends it with everything that was started in it when the test ends.
func NewWorld(t testing.TB, scenario reactstocks.Scenario) *World {
	t.Helper()
	w := &World{Namespace: cluster.Namespace, dir: t.TempDir()}
	w.clockFile = filepath.Join(w.dir, "clock")
	must := func(doing string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", doing, err)
		}
	}
	var err error
	w.Clock, err = MapClock(w.clockFile)
	must("making the clock", err)
	w.Clock.Hold()
	w.AWS, err = reactstocks.New(t.Context(), sim.Options{Seed: 7, Clock: w.Clock.World(), Wall: w.Clock.Wall()}, scenario)
	must("making the simulated AWS", err)
	must("starting the simulated AWS", w.serve(t))
	must("starting the control plane", w.startCluster(t))
	t.Cleanup(func() {
		for _, i := range w.running {
			must("ending an operator", i.end())
		}
	})
	must("installing", w.install(context.WithoutCancel(t.Context())))
	return w
}

// serve serves AWS over a listener that writes down who calls.
func (w *World) serve(t testing.TB) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	w.calls = &calls{next: w.AWS.Handler(), session: func(accessKeyID, token string) string {
		// Whether the session is still good is the business of AWS, not of who it was.
		who, err := w.AWS.IAM().Authenticate(accessKeyID, token, time.Time{})
		if err != nil {
			return ""
		}
		return who.ARN[strings.LastIndex(who.ARN, "/")+1:]
	}}
	server := &http.Server{Handler: w.calls, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			panic(err)
		}
	}()
	t.Cleanup(func() { _ = server.Close(); <-done })
	w.Endpoint = "http://" + l.Addr().String()
	return nil
}

// starting is held while a control plane starts: where its binaries are is said in the environment of the process.
var starting sync.Mutex

// startCluster starts the control plane under the supervision of this binary, with an audit log.
func (w *World) startCluster(t testing.TB) error {
	starting.Lock()
	defer starting.Unlock()
	assets, err := controlplane.Assets(t.Context(), os.Stderr)
	if err != nil {
		return fmt.Errorf("finding the control plane: %w", err)
	}
	binary, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding the test binary: %w", err)
	}
	for _, name := range []string{APIServer, Etcd} {
		if err := os.Symlink(binary, filepath.Join(w.dir, name)); err != nil {
			return fmt.Errorf("naming the test binary %s: %w", name, err)
		}
	}
	if err := os.WriteFile(filepath.Join(w.dir, "policy.yaml"), []byte(auditPolicy), 0o600); err != nil {
		return fmt.Errorf("writing the audit policy: %w", err)
	}
	for name, value := range map[string]string{realAssets: assets, auditFolder: w.dir, "KUBEBUILDER_ASSETS": w.dir} {
		before, set := os.LookupEnv(name)
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("setting %s: %w", name, err)
		}
		defer func() {
			if set {
				_ = os.Setenv(name, before)
			} else {
				_ = os.Unsetenv(name)
			}
		}()
	}
	if w.Cluster, err = cluster.Start(t.Context(), os.Stderr); err != nil {
		return err
	}
	t.Cleanup(func() {
		if err := w.Cluster.Stop(); err != nil {
			t.Errorf("stopping the control plane: %v", err)
		}
	})
	return nil
}

// install makes the namespace of the team and its approver, and lets the admission policies be seen, as they are in an
// installation that is older than its first incident.
func (w *World) install(ctx context.Context) error {
	for _, o := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: Team, Labels: map[string]string{"team": "react-stocks"}}},
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: Team, Name: "approver"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "runbook-operator-approver"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: Approver}},
		},
	} {
		if err := w.Cluster.Admin.Create(ctx, o); err != nil {
			return fmt.Errorf("creating %s: %w", o.GetName(), err)
		}
	}
	aMinuteAgo := testclock.NewFakePassiveClock(time.Now().Add(-time.Minute))
	policies, err := approval.NewAdmissionPolicies(w.Cluster.Admin, w.Cluster.Admin, w.Namespace, aMinuteAgo, nil)
	if err != nil {
		return err
	}
	seen, err := policies.Check(ctx)
	if err == nil && !seen.Intact {
		err = errors.New(seen.Message)
	}
	return err
}

// Vacate deletes the Lease of the leader, as somebody may by hand: the next process leads at once, and does not wait until
// a Lease ends that nobody renews.
func (w *World) Vacate(ctx context.Context) error {
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: operator.Name}}
	if err := client.IgnoreNotFound(w.Cluster.Admin.Delete(ctx, lease)); err != nil {
		return fmt.Errorf("deleting the leader's Lease: %w", err)
	}
	return nil
}

// Kill kills a process of the control plane, which comes back after a second.
func (w *World) Kill(name string) error { return kill(w.dir, name) }

// Incarnations returns every process of the operator that was started.
func (w *World) Incarnations() []*Incarnation { return w.running }

// CallsAfter returns the calls to AWS of a process that came after a moment.
func (w *World) CallsAfter(from *Incarnation, at time.Time) []Call {
	return w.calls.after(from.Name, at)
}
