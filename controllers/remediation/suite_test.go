package remediation_test

import (
	"context"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/account"
	"github.com/runbook-operator/runbook-operator/controllers/application"
	"github.com/runbook-operator/runbook-operator/controllers/claim"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/controllers/remediation"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	claimed "github.com/runbook-operator/runbook-operator/internal/claim"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/transport"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var environment *env.Environment

func TestRemediation(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Remediation")
}

var _ = BeforeSuite(func() {
	logf.SetLogger(GinkgoLogr)
	environment = env.Start(GinkgoTB())
})

const (
	alice   = "alice@example.com" // may approve
	role    = "runbook-operator-react-stocks"
	patient = 20 * time.Minute // of world time
)

// story is one spec: React Stocks on a quiet day, a change that a person asks for, and everybody in it.
type story struct {
	*env.Fixture
	ctx  context.Context
	mind *mind
}

// begin starts a story with the shortest verification that the policy knows, and a client that a spec can tamper with.
func begin() *story {
	GinkgoHelper()
	return beginWith(aws.Options{})
}

func beginWith(o aws.Options) *story {
	GinkgoHelper()
	s := &story{ctx: context.Background(), mind: &mind{}}
	s.Fixture = environment.NewFixture(GinkgoTB(), env.Options{Controllers: s.controllers, AWS: o})
	s.Bind(alice, "runbook-operator-approver")
	ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(),
		builder.ChangePolicy(s.Namespace, func(p *v1alpha1.ChangePolicy) { p.Spec.Verification.Window = "1m" }),
		builder.ServerlessApplication(s.Namespace, func(a *v1alpha1.ServerlessApplication) {
			a.Spec.ChangePolicyRef = &v1alpha1.LocalReference{Name: "default"}
		}))
	s.pass(claimed.Settle) // nothing is changed right after the account was claimed
	return s
}

func (s *story) controllers(d controller.Deps) []controller.Controller {
	d.Client = tampered{Client: d.Client, mind: s.mind}
	return []controller.Controller{account.New(d), claim.New(d), application.New(d), remediation.New(d)}
}

// asks creates a Remediation as a person, and lets time pass until its plan waits for approval.
func (s *story) asks(changes ...func(*v1alpha1.Remediation)) *v1alpha1.Remediation {
	GinkgoHelper()
	rem := builder.Remediation(s.Namespace, changes...)
	Expect(s.Admin.Create(s.ctx, rem)).To(Succeed())
	s.until("the plan waits for approval", patient, func() bool {
		return s.reason(rem.Name, v1alpha1.ConditionApproved) == v1alpha1.ReasonAwaitingApproval
	})
	return s.get(rem.Name)
}

// approves creates an Approval of the present plan as Alice.
func (s *story) approves(rem *v1alpha1.Remediation) {
	GinkgoHelper()
	s.decides(rem, v1alpha1.DecisionApproved)
}

// decides creates an Approval or a rejection of the present plan as Alice.
func (s *story) decides(rem *v1alpha1.Remediation, decision v1alpha1.Decision) {
	GinkgoHelper()
	person := environment.As(GinkgoTB(), rest.ImpersonationConfig{UserName: alice, Groups: []string{"system:authenticated"}})
	Expect(person.Create(s.ctx, builder.Approval(s.get(rem.Name), func(a *v1alpha1.Approval) { a.Spec.Decision = decision }))).To(Succeed())
}

func (s *story) until(what string, limit time.Duration, holds func() bool) {
	GinkgoHelper()
	Expect(s.Driver.RunUntil(s.ctx, limit, holds)).To(Succeed(), "waiting until %s", what)
}

func (s *story) pass(d time.Duration) {
	GinkgoHelper()
	Expect(s.Driver.RunFor(s.ctx, d)).To(Succeed())
}

// ends lets time pass until a Remediation ended.
func (s *story) ends(rem *v1alpha1.Remediation, limit time.Duration) *v1alpha1.Remediation {
	GinkgoHelper()
	s.until("the Remediation ends", limit, func() bool { return s.get(rem.Name).Status.EndedAt != nil })
	return s.get(rem.Name)
}

func (s *story) find(name string) (*v1alpha1.Remediation, error) {
	rem := &v1alpha1.Remediation{}
	err := s.Admin.Get(s.ctx, client.ObjectKey{Namespace: s.Namespace, Name: name}, rem)
	return rem, err
}

func (s *story) get(name string) *v1alpha1.Remediation {
	GinkgoHelper()
	rem, err := s.find(name)
	Expect(err).NotTo(HaveOccurred())
	return rem
}

func (s *story) reason(name, typ string) string {
	GinkgoHelper()
	return conditions.Reason(s.get(name).Status.Conditions, typ)
}

// gone says whether a Remediation does not exist any more.
func (s *story) gone(name string) bool {
	_, err := s.find(name)
	return client.IgnoreNotFound(err) == nil && err != nil
}

// calls returns the mutating calls of the operator, whatever became of them.
func (s *story) calls() []ledger.Entry {
	return s.World.Ledger().Entries(ledger.ByClass(ledger.Change), ledger.ByRole(role))
}

// changed returns those that changed something.
func (s *story) changed() []ledger.Entry {
	return s.World.Ledger().Entries(ledger.Changed(), ledger.ByRole(role))
}

// leases counts the Leases that are held.
func (s *story) leases() int {
	GinkgoHelper()
	var list coordinationv1.LeaseList
	Expect(s.Admin.List(s.ctx, &list, client.InNamespace(s.OperatorNamespace))).To(Succeed())
	return len(list.Items)
}

// byHand is a Lambda client of a platform administrator.
func (s *story) byHand() *lambda.Client {
	return lambda.NewFromConfig(awssdk.Config{
		Region: reactstocks.Region, BaseEndpoint: awssdk.String(s.Endpoint), HTTPClient: transport.New(),
		Credentials: credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
	})
}

// reserved returns the reserved concurrency of the backend as AWS has it.
func (s *story) reserved() int32 {
	GinkgoHelper()
	out, err := s.byHand().GetFunctionConcurrency(s.ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: awssdk.String(reactstocks.BackendFunction)})
	Expect(err).NotTo(HaveOccurred())
	return awssdk.ToInt32(out.ReservedConcurrentExecutions)
}

// named names a Remediation.
func named(name string) func(*v1alpha1.Remediation) {
	return func(r *v1alpha1.Remediation) { r.Name = name }
}

// reserving asks for another number of reserved executions.
func reserving(function v1alpha1.FunctionName, n int32) func(*v1alpha1.Remediation) {
	return func(r *v1alpha1.Remediation) {
		r.Spec.Target.FunctionName = function
		r.Spec.Action = v1alpha1.Action{SetReservedConcurrency: &v1alpha1.SetReservedConcurrency{Value: n}}
	}
}

// timing asks for a timeout.
func timing(function v1alpha1.FunctionName, n int32) func(*v1alpha1.Remediation) {
	return func(r *v1alpha1.Remediation) {
		r.Spec.Target.FunctionName = function
		r.Spec.Action = v1alpha1.Action{SetTimeout: &v1alpha1.SetTimeout{Seconds: n}}
	}
}

// mind says what becomes of the operator's status writes; its zero value lets all through.
type mind struct {
	// status is given each write of a Remediation's status, and makes it or not.
	status func(rem *v1alpha1.Remediation, write func() error) error
}

// tampered is a client whose status writes a spec can let fail.
type tampered struct {
	client.Client
	mind *mind
}

func (t tampered) Status() client.SubResourceWriter {
	return tamperedStatus{SubResourceWriter: t.Client.Status(), mind: t.mind}
}

type tamperedStatus struct {
	client.SubResourceWriter
	mind *mind
}

func (t tamperedStatus) Update(ctx context.Context, o client.Object, opts ...client.SubResourceUpdateOption) error {
	write := func() error { return t.SubResourceWriter.Update(ctx, o, opts...) }
	if rem, ok := o.(*v1alpha1.Remediation); ok && t.mind.status != nil {
		return t.mind.status(rem, write)
	}
	return write()
}
