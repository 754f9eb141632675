package operator_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	runtimecontroller "sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/controllers"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/internal/clock"
	"github.com/runbook-operator/runbook-operator/test/env"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var _ = Describe("A window of 15 minutes under a real manager", func() {
	// The plain queue is what goes wrong without a word: the clock runs, and nobody looks.
	DescribeTable("is observed every 30 seconds only by a queue that shares the clock",
		func(ctx SpecContext, scale bool, least, most int) {
			f := environment.NewFixture(GinkgoTB(), env.Options{Controllers: controllers.All})
			scaled := clock.Scaled{Epoch: time.Now(), Factor: factor}
			// The event of its own write, which comes late on a busy machine, would be another look of the plain queue.
			watch := &watcher{clock: scaled, writes: scale}
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

			Eventually(func() bool { return scaled.Since(watch.began) > 15*time.Minute+20*time.Second }).
				WithTimeout(20 * time.Second).Should(BeTrue())
			stop()
			Eventually(ended).WithTimeout(time.Minute).Should(Receive(Not(HaveOccurred())))
			Expect(len(watch.seen())).To(And(BeNumerically(">=", least), BeNumerically("<=", most)))
		},
		// 31, less what a busy machine misses whenever it stops for more than a tenth of a second.
		Entry("with the scaled queue", true, 16, 31),
		Entry("not with the plain queue, which passes the window after one look", false, 1, 1),
	)
})

// watcher looks at one object every 30 seconds of world time and writes down that it did.
type watcher struct {
	clock  clock.Scaled
	client client.Client
	writes bool // how often it looked, into the object

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
	if rest := w.next().Sub(now); rest > 0 { // woken by its own write
		return reconcile.Result{RequeueAfter: rest}, nil
	}
	w.at = append(w.at, now)
	again := reconcile.Result{RequeueAfter: max(w.next().Sub(now), time.Second)}
	if !w.writes {
		return again, nil
	}
	var object corev1.ConfigMap
	if err := w.client.Get(ctx, r.NamespacedName, &object); err != nil {
		return reconcile.Result{}, err
	}
	object.Data = map[string]string{"observations": fmt.Sprint(len(w.at))}
	return again, w.client.Update(ctx, &object)
}

// next is when to look next: on the half minutes since the beginning, so that being late once is not added up.
func (w *watcher) next() time.Time {
	if len(w.at) == 0 {
		return w.began
	}
	last := w.at[len(w.at)-1].Sub(w.began)
	return w.began.Add(last.Truncate(30*time.Second) + 30*time.Second)
}
