// Package scene owns what the suites about people share: React Stocks on a quiet day, the people around it, and a seam
// before and after every request that the operator sends. It must not assert anything about the operator.
package scene

import (
	"context"
	"fmt"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/claim"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
)

// The people around React Stocks.
const (
	// Alice and Bob may approve every action.
	Alice, Bob = "alice@example.com", "bob@example.com"
	// Carol asks for changes, and may approve them too.
	Carol = "carol@example.com"
	// Mallory may create Approvals, and approve nothing.
	Mallory = "mallory@example.com"
)

// nobody is a user whom nothing is forbidden but by an admission policy.
var nobody = rest.ImpersonationConfig{UserName: "system:nobody", Groups: []string{"system:masters"}}

// Scene is one Fixture with every controller, and a seam in all that the operator sends.
type Scene struct {
	*env.Fixture
	// Seam is called at every boundary of the operator's requests, if it is set. What it does happens there.
	Seam func(context.Context, Boundary)

	t        testing.TB
	ctx      context.Context
	people   map[string]client.Client
	byHand   *lambda.Client
	boundary counter
	replaced bool // the admission policies were, and nobody knows yet that they are in force
}

// New opens a scene: React Stocks in the mode Act, with a ChangePolicy named default, an hour or so after everything was
// installed. Nobody has asked for anything.
func New(t testing.TB, e *env.Environment, changes ...func(*v1alpha1.ChangePolicy)) *Scene {
	t.Helper()
	s := &Scene{t: t, ctx: context.WithoutCancel(t.Context()), people: map[string]client.Client{}}
	s.Fixture = e.NewFixture(t, env.Options{
		Controllers: s.controllers,
		Sim:         sim.Options{Seed: 7},
		// What is attacked here is not the budgets: many changes are made in little time.
		AWS: aws.Options{Load: s.load(), Budgets: plenty()},
	})
	s.World.Quotas().Disable()
	for _, person := range []string{Alice, Bob, Carol} {
		s.Bind(person, "runbook-operator-approver")
	}
	s.Bind(Carol, "runbook-operator-editor")
	objects := []client.Object{
		builder.AWSAccount(func(a *v1alpha1.AWSAccount) { a.Name = s.Account() }),
		builder.ChangePolicy(s.Namespace, append([]func(*v1alpha1.ChangePolicy){short}, changes...)...),
		builder.ServerlessApplication(s.Namespace, func(a *v1alpha1.ServerlessApplication) {
			a.Spec.AWS.AccountRef.Name = s.Account()
			a.Spec.ChangePolicyRef = &v1alpha1.LocalReference{Name: "default"}
		}),
	}
	for _, o := range objects {
		s.must("making "+o.GetName(), s.Admin.Create(s.ctx, o))
	}
	s.must("settling", s.Driver.Settle(s.ctx))
	s.Pass(claim.Settle) // nothing is changed right after the account was claimed
	return s
}

// Account is the name of the AWSAccount: scenes that are open at once have one each.
func (s *Scene) Account() string { return s.Namespace }

func short(p *v1alpha1.ChangePolicy) { p.Spec.Verification.Window = "1m" }

func plenty() aws.Budgets {
	b := aws.Budget{PerSecond: 1e6, Burst: 1e6}
	return aws.Budgets{
		LambdaReads: b, LambdaChanges: b, LambdaGetFunction: b, DescribeAlarms: b, AlarmDetails: b, GetMetricData: b, STS: b, SQS: b,
		ParameterReads: b, ParameterWrites: b,
	}
}

func (s *Scene) controllers(d controller.Deps) []controller.Controller {
	d.Client, d.APIReader = s.Watched(d.Client), s.Watched(d.Client)
	return controllers.All(d)
}

// Controllers returns the controllers anew, as another process of the operator has them.
func (s *Scene) Controllers() []controller.Controller { return s.controllers(s.Deps) }

// Reconciler returns the reconciler of one controller, by its name.
func (s *Scene) Reconciler(name string) reconcile.Reconciler {
	s.t.Helper()
	for _, c := range s.Driver.Controllers {
		if c.Name == name {
			return c.Reconciler
		}
	}
	s.t.Fatalf("there is no controller %s", name)
	return nil
}

// As returns a client of a person.
func (s *Scene) As(username string) client.Client {
	s.t.Helper()
	return s.AsUser(rest.ImpersonationConfig{UserName: username, Groups: []string{"system:authenticated"}})
}

// AsUser returns a client of a person with a uid, groups and claims. Clients of the same person are the same.
func (s *Scene) AsUser(user rest.ImpersonationConfig) client.Client {
	s.t.Helper()
	key := fmt.Sprint(user)
	if s.people[key] == nil {
		s.people[key] = s.Environment.As(s.t, user)
	}
	return s.people[key]
}

// Ask creates a Remediation as Carol.
func (s *Scene) Ask(changes ...func(*v1alpha1.Remediation)) *v1alpha1.Remediation {
	s.t.Helper()
	rem := builder.Remediation(s.Namespace, changes...)
	s.must("asking for a change", s.As(Carol).Create(s.ctx, rem))
	return rem
}

// Planned asks for a change and drives until its plan waits for approval.
func (s *Scene) Planned(changes ...func(*v1alpha1.Remediation)) *v1alpha1.Remediation {
	s.t.Helper()
	rem := s.Ask(changes...)
	s.Until("the plan of "+rem.Name+" waits for approval", 20*time.Minute, func() bool {
		return s.Reason(rem.Name, v1alpha1.ConditionApproved) == v1alpha1.ReasonAwaitingApproval
	})
	return s.Get(rem.Name)
}

// Approve creates an Approval of the present plan as a person, and returns it.
func (s *Scene) Approve(username, name string, changes ...func(*v1alpha1.Approval)) *v1alpha1.Approval {
	s.t.Helper()
	a := builder.Approval(s.Get(name), changes...)
	s.must(username+" approving", s.As(username).Create(s.ctx, a))
	return a
}

// Until drives until something holds.
func (s *Scene) Until(what string, limit time.Duration, holds func() bool) {
	s.t.Helper()
	s.must("waiting until "+what, s.Driver.RunUntil(s.ctx, limit, holds))
}

// Pass lets time pass.
func (s *Scene) Pass(d time.Duration) {
	s.t.Helper()
	s.must("letting time pass", s.Driver.RunFor(s.ctx, d))
}

// Overtake moves the wall clock to the API server's, so that what the operator sees for the first time from now on is
// seen no earlier than the API server stamped it.
func (s *Scene) Overtake() {
	if now := time.Now(); now.After(s.Wall.Now()) {
		s.Wall.SetTime(now)
	}
}

// Get returns a Remediation as it is now.
func (s *Scene) Get(name string) *v1alpha1.Remediation {
	s.t.Helper()
	rem := &v1alpha1.Remediation{}
	s.must("reading Remediation "+name, s.Admin.Get(s.ctx, types.NamespacedName{Namespace: s.Namespace, Name: name}, rem))
	return rem
}

// Gone says whether a Remediation does not exist any more.
func (s *Scene) Gone(name string) bool {
	s.t.Helper()
	err := s.Admin.Get(s.ctx, types.NamespacedName{Namespace: s.Namespace, Name: name}, &v1alpha1.Remediation{})
	s.must("reading Remediation "+name, client.IgnoreNotFound(err))
	return err != nil
}

// Reason returns the reason of a condition of a Remediation, or "".
func (s *Scene) Reason(name, typ string) string {
	s.t.Helper()
	return conditions.Reason(s.Get(name).Status.Conditions, typ)
}

// Events returns the events about an object.
func (s *Scene) Events(o client.Object) []eventsv1.Event {
	s.t.Helper()
	var list eventsv1.EventList
	s.must("listing events", s.Admin.List(s.ctx, &list, client.InNamespace(o.GetNamespace())))
	var about []eventsv1.Event
	for _, e := range list.Items {
		if e.Regarding.UID == o.GetUID() {
			about = append(about, e)
		}
	}
	return about
}

// Calls returns the mutating calls of the operator after a mark of the ledger, whatever became of them.
func (s *Scene) Calls(after int) []ledger.Entry {
	return s.World.Ledger().Entries(ledger.After(after), ledger.ByClass(ledger.Change), ledger.ByRole(reactstocks.GrantRole))
}

// Changed returns those that changed something.
func (s *Scene) Changed(after int) []ledger.Entry {
	return s.World.Ledger().Entries(ledger.After(after), ledger.Changed(), ledger.ByClass(ledger.Change), ledger.ByRole(reactstocks.GrantRole))
}

// ByHand is a Lambda client of a platform administrator.
func (s *Scene) ByHand() *lambda.Client {
	if s.byHand == nil {
		s.byHand = lambda.NewFromConfig(awssdk.Config{
			Region: reactstocks.Region, BaseEndpoint: awssdk.String(s.Endpoint),
			Credentials: credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
		})
	}
	return s.byHand
}

// Reserve sets the reserved concurrency of a function by hand.
func (s *Scene) Reserve(function string, n int32) {
	s.t.Helper()
	_, err := s.ByHand().PutFunctionConcurrency(s.ctx, &lambda.PutFunctionConcurrencyInput{
		FunctionName: &function, ReservedConcurrentExecutions: &n,
	})
	s.must("reserving concurrency by hand", err)
}

// Reserved returns the reserved concurrency of a function as AWS has it; 0 for none.
func (s *Scene) Reserved(function string) int32 {
	s.t.Helper()
	out, err := s.ByHand().GetFunctionConcurrency(s.ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: &function})
	s.must("reading concurrency by hand", err)
	return awssdk.ToInt32(out.ReservedConcurrentExecutions)
}

func (s *Scene) must(doing string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%s: %v", doing, err)
	}
}
