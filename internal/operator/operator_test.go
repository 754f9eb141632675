package operator_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers"
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
		Eventually(func() int { return len(reads()) }).WithTimeout(time.Minute).Should(BeNumerically(">=", 20))

		// A queue that took the delay for wall time would have needed ten minutes. A busy machine is late, at this
		// speed by 300 times as much, but a reading is never early. The first ones do not count: an application
		// that became Ready is read at once.
		at := reads()
		Expect(at[19].Sub(at[1])).To(BeNumerically(">", 18*29*time.Second))
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

	It("is not ready in a namespace that is not its own, where it can never lead", func(ctx SpecContext) {
		f.OperatorNamespace = f.Namespace // it has no Role there
		health := freeAddress()
		op, _ := assemble(ctx, operator.Options{LeaderElection: true, HealthAddr: health})
		run(op)

		answer := func(path string) func() (int, error) {
			return func() (int, error) {
				response, err := http.Get("http://" + health + path)
				if err != nil {
					return 0, err
				}
				return response.StatusCode, response.Body.Close()
			}
		}
		Eventually(answer("/healthz")).WithTimeout(20 * time.Second).Should(Equal(http.StatusOK))
		Eventually(answer("/readyz/cache")).WithTimeout(20 * time.Second).Should(Equal(http.StatusOK))
		Consistently(answer("/readyz")).WithTimeout(3 * time.Second).Should(Equal(http.StatusInternalServerError))
	})

	It("does not start in a namespace that does not exist", func(ctx SpecContext) {
		o := operator.Options{Clock: clock.Real{}, Wall: clock.Real{}, Namespace: "runbook-opertor-system"}
		_, err := operator.New(ctx, environment.OperatorConfig, o)
		Expect(err).To(MatchError("the operator's own namespace runbook-opertor-system does not exist: correct --namespace or POD_NAMESPACE"))
	})

	It("looks at the admission policies before anybody approves anything", func(ctx SpecContext) {
		// The fixture looked already; a new installation did not.
		seen := &corev1.ConfigMapList{}
		Expect(f.Admin.List(ctx, seen, client.InNamespace(f.OperatorNamespace))).To(Succeed())
		for _, c := range seen.Items {
			ExpectDeleted(ctx, f.Admin, &c)
		}
		op, _ := assemble(ctx, operator.Options{})

		run(op)

		Eventually(func() ([]corev1.ConfigMap, error) {
			err := f.Admin.List(ctx, seen, client.InNamespace(f.OperatorNamespace))
			return seen.Items, err
		}).WithTimeout(20 * time.Second).Should(ContainElement(HaveField("Data", Not(BeEmpty()))))
	})

	It("reads what it wrote, and writes what it does not watch", func(ctx SpecContext) {
		rem := builder.Remediation(f.Namespace)
		ExpectApplied(ctx, f.Admin, rem)
		op, _ := assemble(ctx, operator.Options{})
		run(op)
		Eventually(op.Elected()).WithTimeout(20 * time.Second).Should(BeClosed())
		c := op.Client()

		for i := range 50 {
			Expect(c.Get(ctx, client.ObjectKeyFromObject(rem), rem)).To(Succeed())
			before := client.MergeFrom(rem.DeepCopy())
			rem.Annotations = map[string]string{"example.com/written": fmt.Sprint(i)}
			Expect(c.Patch(ctx, rem, before)).To(Succeed())
			Expect(c.Get(ctx, client.ObjectKeyFromObject(rem), rem)).To(Succeed())
			Expect(rem.Annotations).To(HaveKeyWithValue("example.com/written", fmt.Sprint(i)))
		}
		lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: f.OperatorNamespace, Name: "written"}}
		Expect(c.Create(ctx, lease)).To(Succeed())
		Expect(c.Get(ctx, client.ObjectKeyFromObject(lease), lease)).To(Succeed())
		Expect(c.Delete(ctx, lease)).To(Succeed())
		Expect(c.Create(ctx, &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: "anna@example.com", ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "get", Resource: "pods"},
		}})).To(Succeed())
	})

	It("lists by the same fields live and from its cache", func(ctx SpecContext) {
		rem := builder.Remediation(f.Namespace)
		ExpectApplied(ctx, f.Admin, rem)
		objects := []client.Object{
			builder.ServerlessApplication(f.Namespace), builder.Incident(f.Namespace),
			builder.Approval(rem, func(a *v1alpha1.Approval) { a.Spec.PlanDigest = "sha256:" + strings.Repeat("0", 64) }),
		}
		ExpectApplied(ctx, f.Admin, objects...)
		op, _ := assemble(ctx, operator.Options{})
		run(op)
		Eventually(op.Elected()).WithTimeout(20 * time.Second).Should(BeClosed())

		listed := 0
		for _, field := range operator.Fields() {
			for _, o := range append(objects, rem) {
				if reflect.TypeOf(o) != reflect.TypeOf(field.Object) {
					continue
				}
				listed++
				for _, reader := range []client.Reader{f.Deps.APIReader, op.Client()} {
					Eventually(func() []string { return names(ctx, reader, o, field.Path, field.Value(o)) }).
						WithTimeout(20 * time.Second).Should(Equal([]string{o.GetName()}))
					Expect(names(ctx, reader, o, field.Path, "something-else")).To(BeEmpty())
				}
			}
		}
		Expect(listed).To(Equal(len(operator.Fields())))
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

// names lists objects of a kind in a namespace by a field.
func names(ctx context.Context, reader client.Reader, of client.Object, path, value string) []string {
	kind, err := apiutil.GVKForObject(of, environment.Scheme)
	Expect(err).NotTo(HaveOccurred())
	kind.Kind += "List"
	made, err := environment.Scheme.New(kind)
	Expect(err).NotTo(HaveOccurred())
	list, ok := made.(client.ObjectList)
	Expect(ok).To(BeTrue())
	Expect(reader.List(ctx, list, client.InNamespace(of.GetNamespace()), client.MatchingFields{path: value})).To(Succeed())
	var found []string
	Expect(meta.EachListItem(list, func(item runtime.Object) error {
		o, err := meta.Accessor(item)
		found = append(found, o.GetName())
		return err
	})).To(Succeed())
	return found
}
