package env

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	testclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/controllers/controller"
)

// minutes is a world in which something happens every minute.
type minutes struct{ now time.Time }

func (m *minutes) AdvanceTo(t time.Time) { m.now = t }
func (m *minutes) Next() time.Time       { return m.now.Truncate(time.Minute).Add(time.Minute) }

// driver returns a driver of one controller of ConfigMaps over a client in memory: what the driver does with what it
// sees does not depend on where the objects are.
func driver(t *testing.T, watches []controller.Watch, reconciler func(*Driver) reconcile.Func, objects ...client.Object) *Driver {
	t.Helper()
	scheme := runtime.NewScheme()
	NewWithT(t).Expect(corev1.AddToScheme(scheme)).To(Succeed())
	d := &Driver{
		Client: fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build(),
		Clock:  testclock.NewFakeClock(night), Wall: testclock.NewFakeClock(night),
		World: &minutes{now: night}, Namespaces: []string{"here"},
	}
	d.Controllers = []controller.Controller{{
		Name: "configmaps", Object: &corev1.ConfigMap{}, Watches: watches, Reconciler: reconciler(d),
	}}
	return d
}

func configMap(namespace, name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
}

// write changes a ConfigMap, as status writes do.
func write(ctx context.Context, d *Driver, r reconcile.Request) error {
	var c corev1.ConfigMap
	if err := d.Client.Get(ctx, r.NamespacedName, &c); err != nil {
		return client.IgnoreNotFound(err)
	}
	c.Data = map[string]string{"count": fmt.Sprint(len(d.Trace()))}
	return d.Client.Update(ctx, &c)
}

func TestTimeJumpsFromOneDueMomentToTheNext(t *testing.T) {
	g := NewWithT(t)
	var observations []time.Time
	d := driver(t, nil, func(d *Driver) reconcile.Func {
		return func(context.Context, reconcile.Request) (reconcile.Result, error) {
			observations = append(observations, d.Clock.Now())
			return reconcile.Result{RequeueAfter: 30 * time.Second}, nil
		}
	}, configMap("here", "a"))

	started := time.Now()
	g.Expect(d.RunFor(t.Context(), 15*time.Minute)).To(Succeed())

	g.Expect(observations).To(HaveLen(31))
	for i, at := range observations {
		g.Expect(at).To(Equal(night.Add(time.Duration(i) * 30 * time.Second)))
	}
	g.Expect(d.Wall.Now()).To(Equal(night.Add(15*time.Minute)), "the wall moves with the world")
	g.Expect(time.Since(started)).To(BeNumerically("<", 5*time.Second), "nothing sleeps")
}

func TestEveryMomentOfTheWorldIsStoppedAt(t *testing.T) {
	g := NewWithT(t)
	d := driver(t, nil, func(*Driver) reconcile.Func {
		return func(context.Context, reconcile.Request) (reconcile.Result, error) { return reconcile.Result{}, nil }
	}, configMap("here", "a"))
	asked := 0

	g.Expect(d.RunUntil(t.Context(), time.Hour, func() bool { asked++; return !d.Clock.Now().Before(night.Add(10 * time.Minute)) })).
		To(Succeed())

	g.Expect(asked).To(Equal(11))
	g.Expect(d.Trace()).To(HaveLen(1), "what neither changed nor asked to come back is left alone")
}

func TestAStatusThatNeverComesToRestIsAHotLoop(t *testing.T) {
	for _, tc := range []struct {
		name      string
		reconcile func(*Driver) reconcile.Func
		says      string
	}{
		{"each Reconcile writes something else", func(d *Driver) reconcile.Func {
			return func(ctx context.Context, r reconcile.Request) (reconcile.Result, error) {
				return reconcile.Result{}, write(ctx, d, r)
			}
		}, `"count":`},
		{"each Reconcile asks to come back at once", func(*Driver) reconcile.Func {
			return func(context.Context, reconcile.Request) (reconcile.Result, error) {
				return reconcile.Result{RequeueAfter: time.Nanosecond}, nil
			}
		}, "asks for another look at once"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			d := driver(t, nil, tc.reconcile, configMap("here", "a"))

			err := d.RunFor(t.Context(), time.Hour)

			g.Expect(err).To(MatchError(ContainSubstring("hot loop")))
			g.Expect(err).To(MatchError(ContainSubstring("configmaps here/a")))
			g.Expect(err).To(MatchError(ContainSubstring(tc.says)))
			g.Expect(d.Clock.Now()).To(BeTemporally("<", night.Add(time.Second)), "time does not pass meanwhile")
		})
	}
}

func TestErrorsAreTriedAgainWithAGrowingDelay(t *testing.T) {
	g := NewWithT(t)
	d := driver(t, nil, func(d *Driver) reconcile.Func {
		return func(context.Context, reconcile.Request) (reconcile.Result, error) {
			if len(d.Trace()) < 4 {
				return reconcile.Result{}, errors.New("not yet")
			}
			return reconcile.Result{}, nil
		}
	}, configMap("here", "a"))

	g.Expect(d.RunFor(t.Context(), time.Hour)).To(Succeed())

	var after []time.Duration
	for _, s := range d.Trace() {
		after = append(after, s.At.Sub(night))
	}
	g.Expect(after).To(Equal([]time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second}))
}

func TestATerminalErrorIsNotTriedAgain(t *testing.T) {
	g := NewWithT(t)
	d := driver(t, nil, func(*Driver) reconcile.Func {
		return func(context.Context, reconcile.Request) (reconcile.Result, error) {
			return reconcile.Result{}, reconcile.TerminalError(errors.New("the spec has to change"))
		}
	}, configMap("here", "a"))

	g.Expect(d.RunFor(t.Context(), time.Hour)).To(Succeed())

	g.Expect(d.Trace()).To(HaveLen(1))
}

func TestOnlyADeclaredWatchWakesAController(t *testing.T) {
	secret := func(name string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "here", Name: name}}
	}
	still := func(*Driver) reconcile.Func {
		return func(context.Context, reconcile.Request) (reconcile.Result, error) { return reconcile.Result{}, nil }
	}
	watch := []controller.Watch{{Object: &corev1.Secret{}, Requests: func(_ context.Context, o client.Object) []reconcile.Request {
		return []reconcile.Request{controller.Request(o.GetNamespace(), "of-"+o.GetName())}
	}}}
	for _, tc := range []struct {
		name    string
		watches []controller.Watch
		want    []string
	}{
		{"declared", watch, []string{"here/of-s", "here/of-s", "here/of-s"}},
		{"missing", nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := NewWithT(t)
			d := driver(t, tc.watches, still)
			s := secret("s")
			g.Expect(d.Client.Create(t.Context(), s)).To(Succeed())
			g.Expect(d.Settle(t.Context())).To(Succeed())
			s.StringData = map[string]string{"a": "b"}
			g.Expect(d.Client.Update(t.Context(), s)).To(Succeed())
			g.Expect(d.Settle(t.Context())).To(Succeed())
			g.Expect(d.Client.Delete(t.Context(), s)).To(Succeed())
			g.Expect(d.Settle(t.Context())).To(Succeed())

			var woken []string
			for _, step := range d.Trace() {
				woken = append(woken, step.Request.String())
			}
			g.Expect(woken).To(Equal(tc.want))
		})
	}
}

func TestAfterARestartEverythingIsSeenForTheFirstTime(t *testing.T) {
	g := NewWithT(t)
	later := func(*Driver) reconcile.Func {
		return func(context.Context, reconcile.Request) (reconcile.Result, error) {
			return reconcile.Result{RequeueAfter: time.Hour}, nil
		}
	}
	d := driver(t, nil, later, configMap("here", "a"))
	g.Expect(d.RunFor(t.Context(), time.Minute)).To(Succeed())
	g.Expect(d.Trace()).To(HaveLen(1))

	d.Restart(d.Controllers)

	g.Expect(d.RunFor(t.Context(), time.Minute)).To(Succeed())
	g.Expect(d.Trace()).To(HaveLen(2))
}

func TestObjectsOfOtherNamespacesAreLeftAlone(t *testing.T) {
	g := NewWithT(t)
	d := driver(t, nil, func(d *Driver) reconcile.Func {
		return func(context.Context, reconcile.Request) (reconcile.Result, error) { return reconcile.Result{}, nil }
	}, configMap("here", "a"), configMap("elsewhere", "b"))

	g.Expect(d.Settle(t.Context())).To(Succeed())

	g.Expect(d.Trace()).To(HaveLen(1))
	g.Expect(d.Trace()[0].Request).To(Equal(controller.Request("here", "a")))
}

func TestTheSameStoryIsDrivenTheSameWay(t *testing.T) {
	g := NewWithT(t)
	story := func() []Step {
		d := driver(t, nil, func(d *Driver) reconcile.Func {
			return func(ctx context.Context, r reconcile.Request) (reconcile.Result, error) {
				if d.Clock.Now().Equal(night) && len(d.Trace()) < 20 {
					return reconcile.Result{}, write(ctx, d, r)
				}
				if d.Clock.Now().Second()%20 == 0 {
					return reconcile.Result{RequeueAfter: 7 * time.Second}, nil
				}
				return reconcile.Result{}, errors.New("the world was busy")
			}
		}, configMap("here", "b"), configMap("here", "a"), configMap("here", "c"))
		g.Expect(d.RunFor(t.Context(), 10*time.Minute)).To(Succeed())
		return d.Trace()
	}

	first := story()

	g.Expect(len(first)).To(BeNumerically(">", 40))
	g.Expect(story()).To(Equal(first))
}

func TestWhatIsNotDoneInTimeIsSaidWithTheLastCalls(t *testing.T) {
	g := NewWithT(t)
	d := driver(t, nil, func(*Driver) reconcile.Func {
		return func(context.Context, reconcile.Request) (reconcile.Result, error) {
			return reconcile.Result{}, errors.New("the role is missing")
		}
	}, configMap("here", "a"))

	err := d.RunUntil(t.Context(), 20*time.Minute, func() bool { return false })

	g.Expect(err).To(MatchError(ContainSubstring("not done after 20m0s of world time")))
	g.Expect(err).To(MatchError(ContainSubstring("configmaps here/a: the role is missing")))
	g.Expect(d.Clock.Now()).To(Equal(night.Add(20 * time.Minute)))
}
