package env

import (
	"context"
	"fmt"
	"testing"
	"time"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	testclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/hack/cluster"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/operator"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// Options of a Fixture.
type Options struct {
	// Controllers returns the controllers to drive: controllers.All, or those that a suite is about.
	Controllers func(controller.Deps) []controller.Controller
	// Scenario of React Stocks that happens in AWS. The default is reactstocks.Steady.
	Scenario reactstocks.Scenario
	// Sim are further options of the simulated AWS. Clock and Wall are filled in.
	Sim sim.Options
	// AWS are further options of the operator's AWS clients, such as budgets. Clock, Wall and how to reach the
	// simulator are filled in.
	AWS aws.Options
	// Beside is the fixture of another cluster, whose AWS and clocks this one has too. Nil: it has its own.
	Beside *Fixture
}

// Fixture is what one spec has for itself: namespaces, a simulated AWS, clocks, and controllers that are driven.
type Fixture struct {
	// Environment that the fixture is of.
	Environment *Environment
	// Namespace of a team, with the label team=react-stocks.
	Namespace string
	// OperatorNamespace takes the place of the operator's own namespace: shared Runbooks and Leases are there.
	OperatorNamespace string
	// Clock is world time, Wall transport time. They stand still, and move together by the Driver's hand alone.
	Clock, Wall *testclock.FakeClock
	// World is the simulated AWS; it moves with Clock.
	World *sim.World
	// Endpoint is where AWS is.
	Endpoint string
	// Admin is a client whom nothing is forbidden.
	Admin client.Client
	// Deps is what the controllers were given. Its client has the operator's rights and no more.
	Deps controller.Deps
	// Driver drives the controllers.
	Driver *Driver

	t testing.TB
	// ctx outlives the spec: its objects are deleted after it.
	ctx context.Context
}

// night is the first moment of every world.
var night = time.Date(2026, time.November, 23, 3, 0, 0, 0, time.UTC)

// NewFixture makes a fixture for one spec, and removes its objects when the spec ends. Specs of one Environment run one
// after the other: AWSAccounts are of the whole cluster.
func (e *Environment) NewFixture(t testing.TB, o Options) *Fixture {
	t.Helper()
	name := fmt.Sprintf("spec-%d", e.fixtures.Add(1))
	f := &Fixture{
		Environment:       e,
		Namespace:         name,
		OperatorNamespace: name + "-system",
		Clock:             testclock.NewFakeClock(night),
		// The API server stamps objects with the real time. A minute behind it, whatever a spec creates comes
		// after the admission policies were first seen.
		Wall:  testclock.NewFakeClock(time.Now().Add(-time.Minute)),
		Admin: e.Admin,
		t:     t,
		ctx:   context.WithoutCancel(t.Context()),
	}
	ctx := f.ctx
	f.must("making the namespace of the operator", e.operatorNamespace(ctx, f.OperatorNamespace))
	f.must("making the namespace of the team", e.Admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: f.Namespace, Labels: map[string]string{"team": "react-stocks"},
	}}))
	t.Cleanup(f.clear)
	if o.Beside == nil {
		f.startWorld(o)
	} else {
		f.Clock, f.Wall, f.World, f.Endpoint = o.Beside.Clock, o.Beside.Wall, o.Beside.World, o.Beside.Endpoint
	}
	f.Deps = f.deps(o)
	f.Driver = &Driver{
		Client: e.Admin, Clock: f.Clock, Wall: f.Wall, World: f.World,
		Controllers: o.Controllers(f.Deps), Namespaces: []string{f.Namespace, f.OperatorNamespace},
		store: e,
	}
	return f
}

func (f *Fixture) startWorld(o Options) {
	f.t.Helper()
	if o.Scenario == "" {
		o.Scenario = reactstocks.Steady
	}
	o.Sim.Clock, o.Sim.Wall = f.Clock, simWall{fake: f.Wall}
	world, err := reactstocks.New(f.ctx, o.Sim, o.Scenario)
	f.must("making the simulated AWS", err)
	endpoint, stop, err := world.Start("127.0.0.1:0")
	f.must("starting the simulated AWS", err)
	f.t.Cleanup(stop)
	f.World, f.Endpoint = world, endpoint
}

func (f *Fixture) deps(o Options) controller.Deps {
	f.t.Helper()
	own, err := client.New(f.Environment.OperatorConfig, client.Options{Scheme: f.Environment.Scheme})
	f.must("making the operator's client", err)
	o.AWS.Clock, o.AWS.Wall = f.Clock, f.Wall
	o.AWS.Load = append(o.AWS.Load, f.LoadAWS()...)
	clients, err := aws.New(f.ctx, o.AWS)
	f.must("making the AWS clients", err)
	policies, err := approval.NewAdmissionPolicies(own, own, f.OperatorNamespace, f.Wall, nil)
	f.must("reading the shipped admission policies", err)
	_, err = policies.Check(f.ctx)
	f.must("looking at the admission policies for the first time", err)
	this, err := operator.ThisCluster(f.ctx, own, "")
	f.must("finding out which cluster this is", err)
	return controller.Deps{
		Client: own, APIReader: own, Scheme: f.Environment.Scheme,
		Recorder: &recorder{t: f.t, ctx: f.ctx, client: own, clock: f.Wall},
		Clock:    f.Clock, Wall: f.Wall, AWS: clients, Namespace: f.OperatorNamespace,
		Leadership: controller.Alone, Cluster: this,
	}
}

// LoadAWS returns how the SDK reaches the simulated AWS as the operator. It is given to the SDK, and not set in the
// process's environment: nothing of the machine's own AWS configuration is used.
func (f *Fixture) LoadAWS() []func(*awsconfig.LoadOptions) error {
	return []func(*awsconfig.LoadOptions) error{
		awsconfig.WithSharedConfigFiles(nil), awsconfig.WithSharedCredentialsFiles(nil),
		awsconfig.WithBaseEndpoint(f.Endpoint), awsconfig.WithRegion(reactstocks.Region),
		awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(
			reactstocks.OperatorAccessKeyID, reactstocks.OperatorSecretAccessKey, "")),
	}
}

// AddNamespace makes another namespace that the driver watches, for specs about several teams.
func (f *Fixture) AddNamespace(suffix string, labels map[string]string) string {
	f.t.Helper()
	name := f.Namespace + "-" + suffix
	f.must("making another namespace", f.Admin.Create(f.ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
	}))
	f.Driver.Namespaces = append(f.Driver.Namespaces, name)
	return name
}

// Bind gives a person one of the shipped ClusterRoles in the fixture's namespace, and waits until it is in force.
func (f *Fixture) Bind(username, clusterRole string) {
	f.t.Helper()
	ctx := f.ctx
	var role rbacv1.ClusterRole
	f.must("reading a ClusterRole", f.Admin.Get(ctx, client.ObjectKey{Name: clusterRole}, &role))
	f.must("binding a ClusterRole", f.Admin.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: f.Namespace, GenerateName: "person-"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: clusterRole},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: username}},
	}))
	rule := role.Rules[len(role.Rules)-1]
	f.must("waiting for a binding", f.Environment.awaitAllowed(ctx, username, attributes(rule, f.Namespace)))
}

// InstallLibrary puts the shipped Runbooks into the operator's namespace.
func (f *Fixture) InstallLibrary() {
	f.t.Helper()
	library, err := cluster.Manifests("config", "runbooks")
	f.must("reading the shipped Runbooks", err)
	for _, o := range library {
		o.SetNamespace(f.OperatorNamespace)
		f.must("installing a shipped Runbook", f.Admin.Create(f.ctx, o))
	}
}

// clear deletes what the spec left: later specs share the cluster-scoped objects and the API server's memory.
func (f *Fixture) clear() {
	ctx := f.ctx
	var remediations v1alpha1.RemediationList
	f.must("listing Remediations", f.Admin.List(ctx, &remediations))
	for _, r := range remediations.Items {
		if len(r.Finalizers) > 0 {
			patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
			f.must("removing a finalizer", client.IgnoreNotFound(f.Admin.Patch(ctx, &r, patch)))
		}
	}
	f.must("deleting AWSAccounts", f.Admin.DeleteAllOf(ctx, &v1alpha1.AWSAccount{}))
	namespaces := []string{f.Namespace, f.OperatorNamespace}
	if f.Driver != nil {
		namespaces = f.Driver.Namespaces
	}
	for _, namespace := range namespaces {
		for _, o := range []client.Object{
			&v1alpha1.ServerlessApplication{}, &v1alpha1.Incident{}, &v1alpha1.Remediation{}, &v1alpha1.Runbook{},
			&v1alpha1.ChangePolicy{}, &v1alpha1.Approval{}, &coordinationv1.Lease{},
		} {
			f.must("deleting the objects of the spec", f.Admin.DeleteAllOf(ctx, o, client.InNamespace(namespace)))
		}
	}
}

func (f *Fixture) must(doing string, err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatalf("%s: %v", doing, err)
	}
}

// simWall is the simulator's transport time: sessions expire by the fixture's wall clock, and a latency really passes,
// so that the deadline of a call can end it.
type simWall struct {
	clock.RealClock
	fake clock.PassiveClock
}

// Now returns the fixture's wall time.
func (w simWall) Now() time.Time { return w.fake.Now() }

// Since returns how much of the fixture's wall time passed.
func (w simWall) Since(t time.Time) time.Duration { return w.fake.Since(t) }
