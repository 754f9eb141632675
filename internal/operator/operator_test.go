package operator_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	runtimecontroller "sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/controllers"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/clock"
	"github.com/runbook-operator/runbook-operator/internal/operator"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var environment *env.Environment

func TestOperator(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Operator")
}

var _ = BeforeSuite(func() {
	ctrl.SetLogger(zap.New(zap.WriteTo(GinkgoWriter)))
	environment = env.Start(GinkgoTB())
})

// factor is how fast the scaled specs run: 15 minutes take 3 seconds.
const factor = 300

var _ = Describe("The operator", func() {
	var f *env.Fixture

	BeforeEach(func() { f = environment.NewFixture(GinkgoTB(), env.Options{Controllers: controllers.All}) })

	// assemble assembles the operator as its own account, on a scaled clock that starts where the fixture's stands.
	assemble := func(ctx context.Context, o operator.Options) (*operator.Operator, clock.Scaled) {
		scaled := clock.Scaled{Epoch: time.Now(), Factor: factor}
		f.World.FollowClock(world{f.Clock.Now(), scaled})
		o.Clock, o.Wall, o.NewQueue = world{f.Clock.Now(), scaled}, clock.Real{}, scaled.NewQueue
		o.Namespace, o.AWS = f.OperatorNamespace, aws.Options{Load: f.LoadAWS()}
		op, err := operator.New(ctx, environment.OperatorConfig, o)
		Expect(err).NotTo(HaveOccurred())
		return op, scaled
	}
	// run starts an operator, and ends it with the spec.
	run := func(op *operator.Operator) {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- op.Start(ctx) }()
		DeferCleanup(func() {
			cancel()
			Eventually(ended).WithTimeout(time.Minute).Should(Receive(Not(HaveOccurred())))
		})
	}

	It("reads alarms every 30 seconds of world time on a scaled clock", func(ctx SpecContext) {
		ExpectApplied(ctx, f.Admin, builder.AWSAccount(), builder.ServerlessApplication(f.Namespace))
		op, _ := assemble(ctx, operator.Options{})
		reads := func() []time.Time {
			var at []time.Time
			for _, e := range f.World.Ledger().Entries(ledger.ByAction("cloudwatch:DescribeAlarms")) {
				if len(at) == 0 || e.At.Sub(at[len(at)-1]) > 15*time.Second { // one reading is more than one call
					at = append(at, e.At)
				}
			}
			return at
		}

		run(op)
		Eventually(reads).WithTimeout(20 * time.Second).Should(HaveLen(20))

		at := reads()
		for i := 1; i < len(at); i++ {
			Expect(at[i].Sub(at[i-1])).To(BeNumerically("~", 30*time.Second, 12*time.Second), "reading %d", i)
		}
	})

	It("leads and is healthy with the rights that are shipped", func(ctx SpecContext) {
		health := freeAddress()
		op, _ := assemble(ctx, operator.Options{LeaderElection: true, HealthAddr: health})
		run(op)

		Eventually(op.Elected()).WithTimeout(20 * time.Second).Should(BeClosed())
		lease := ExpectExists(ctx, f.Admin, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
			Namespace: f.OperatorNamespace, Name: operator.Name,
		}})
		Expect(lease.Spec.HolderIdentity).NotTo(BeNil())
		for _, path := range []string{"/healthz", "/readyz"} {
			Eventually(func() (int, error) {
				response, err := http.Get("http://" + health + path)
				if err != nil {
					return 0, err
				}
				return response.StatusCode, response.Body.Close()
			}).WithTimeout(20*time.Second).Should(Equal(http.StatusOK), path)
		}
	})

	It("reads what it just wrote, and lists by every field that the controllers use", func(ctx SpecContext) {
		op, _ := assemble(ctx, operator.Options{})
		run(op)
		app := builder.ServerlessApplication(f.Namespace)
		rem := builder.Remediation(f.Namespace)
		rem.Status.Plan = nil
		approval := builder.Approval(rem)
		ExpectApplied(ctx, f.Admin, app, builder.Incident(f.Namespace), rem)
		Expect(approval.Spec.RemediationRef.Name).To(Equal(rem.Name))
		Eventually(op.Elected()).WithTimeout(20 * time.Second).Should(BeClosed())

		for _, field := range operator.Fields() {
			value := field.Value(filled(field.Object, app, rem))
			selector := client.MatchingFields{field.Path: value}
			By(fmt.Sprintf("listing %T by %s=%s", field.Object, field.Path, value))
			for name, reader := range map[string]client.Reader{"live": f.Deps.APIReader, "cached": op.Client()} {
				list := listOf(field.Object)
				Eventually(func() (int, error) {
					err := reader.List(ctx, list, client.InNamespace(f.Namespace), selector)
					return count(list), err
				}).WithTimeout(20*time.Second).Should(Equal(wanted(field.Object)), name)
			}
		}
	})

	It("has controllers of different names", func() {
		names := map[string]bool{}
		for _, c := range controllers.All(f.Deps) {
			Expect(names).NotTo(HaveKey(c.Name))
			names[c.Name] = true
			Expect(c.Object).NotTo(BeNil())
			Expect(c.Reconciler).NotTo(BeNil())
		}
		Expect(names).NotTo(BeEmpty())
	})

	It("never leads while a call that another leader began may still arrive", func() {
		Expect(operator.LeaseDuration - operator.RenewDeadline).To(BeNumerically(">", f.Deps.AWS.CallDeadline()))
	})

	It("says what is missing when it does not know its namespace", func(ctx SpecContext) {
		_, err := operator.New(ctx, environment.OperatorConfig, operator.Options{Clock: clock.Real{}, Wall: clock.Real{}})
		Expect(err).To(MatchError(ContainSubstring("set --namespace or POD_NAMESPACE")))
	})
})

var _ = Describe("A window of 15 minutes under a real manager", func() {
	// The plain queue is what goes wrong without a word: the clock runs, and nobody looks.
	DescribeTable("is observed every 30 seconds only by a queue that shares the clock",
		func(ctx SpecContext, scale bool, observations, slack int) {
			f := environment.NewFixture(GinkgoTB(), env.Options{Controllers: controllers.All})
			scaled := clock.Scaled{Epoch: time.Now(), Factor: factor}
			watch := &watcher{clock: scaled}
			mgr, err := ctrl.NewManager(environment.Config, ctrl.Options{Metrics: server.Options{BindAddress: "0"}})
			Expect(err).NotTo(HaveOccurred())
			watch.client = mgr.GetClient()
			options := runtimecontroller.Options{
				RateLimiter:        workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Second, time.Minute),
				SkipNameValidation: new(true),
			}
			if scale {
				options.NewQueue = scaled.NewQueue
			}
			c := controller.Controller{Name: "window", Object: &corev1.ConfigMap{}, Reconciler: reconcile.Func(watch.reconcile)}
			Expect(c.SetupWithManager(mgr, options)).To(Succeed())
			running, stop := context.WithCancel(ctx)
			ended := make(chan error, 1)
			go func() { ended <- mgr.Start(running) }()
			Expect(mgr.GetCache().WaitForCacheSync(ctx)).To(BeTrue())

			watch.begin(client.ObjectKey{Namespace: f.Namespace, Name: "window"})
			ExpectApplied(ctx, f.Admin, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: f.Namespace, Name: "window"}})

			Eventually(func() bool { return scaled.Since(watch.began) > 15*time.Minute+15*time.Second }).
				WithTimeout(20 * time.Second).Should(BeTrue())
			stop()
			Eventually(ended).WithTimeout(time.Minute).Should(Receive(Not(HaveOccurred())))
			Expect(len(watch.seen())).To(BeNumerically("~", observations, slack))
		},
		Entry("with the scaled queue", true, 31, 2),
		Entry("not with the plain queue, which passes the window after one look", false, 1, 0),
	)
})

// watcher looks at one object every 30 seconds of world time and writes down that it did.
type watcher struct {
	clock  clock.Scaled
	client client.Client

	mu    sync.Mutex
	key   client.ObjectKey
	began time.Time
	at    []time.Time
}

func (w *watcher) begin(key client.ObjectKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.key, w.began = key, w.clock.Now()
}

func (w *watcher) seen() []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *watcher) reconcile(ctx context.Context, r reconcile.Request) (reconcile.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.NamespacedName != w.key {
		return reconcile.Result{}, nil
	}
	now := w.clock.Now()
	if n := len(w.at); n > 0 {
		if rest := 30*time.Second - now.Sub(w.at[n-1]); rest > 0 { // woken by its own write
			return reconcile.Result{RequeueAfter: rest}, nil
		}
	}
	w.at = append(w.at, now)
	var object corev1.ConfigMap
	if err := w.client.Get(ctx, r.NamespacedName, &object); err != nil {
		return reconcile.Result{}, err
	}
	object.Data = map[string]string{"observations": fmt.Sprint(len(w.at))}
	return reconcile.Result{RequeueAfter: 30 * time.Second}, w.client.Update(ctx, &object)
}

// world is a scaled clock that shows a fixture's time at its epoch.
type world struct {
	start  time.Time
	scaled clock.Scaled
}

func (w world) Now() time.Time                  { return w.start.Add(w.scaled.Since(w.scaled.Epoch)) }
func (w world) Since(t time.Time) time.Duration { return w.Now().Sub(t) }

// freeAddress returns a loopback address that nobody listens on.
func freeAddress() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer func() { Expect(l.Close()).To(Succeed()) }()
	return l.Addr().String()
}
