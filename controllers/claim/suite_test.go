package claim_test

import (
	"context"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go/middleware"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/account"
	"github.com/runbook-operator/runbook-operator/controllers/application"
	claims "github.com/runbook-operator/runbook-operator/controllers/claim"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/controllers/remediation"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/claim"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/transport"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

// The two API servers of the suite: two clusters.
var first, second *env.Environment

func TestClaim(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The claim of an account")
}

var _ = BeforeSuite(func() {
	logf.SetLogger(GinkgoLogr)
	first, second = env.Start(GinkgoTB()), env.Start(GinkgoTB())
})

const (
	alice = "alice@example.com" // may approve, in every cluster
	tick  = time.Minute
)

// cluster is one cluster with an operator. All clusters of a spec work in one account, on one clock.
type cluster struct {
	*env.Fixture
	ctx context.Context
	// at is called before and after every request of this cluster's operator to Parameter Store, if it is set.
	at func(moment string)
	// beside is the other cluster of the spec, which time passes for as well; nil: there is none.
	beside *cluster
}

// one is the only cluster of an account.
func one() *cluster { return open(first, nil) }

// two are two clusters of one account, installed from the same Git.
func two() (*cluster, *cluster) {
	blue := open(first, nil)
	green := open(second, blue)
	blue.beside = green
	return blue, green
}

func open(e *env.Environment, beside *cluster) *cluster {
	GinkgoHelper()
	c := &cluster{ctx: context.Background()}
	o := env.Options{Controllers: controllers, AWS: aws.Options{Load: c.seam()}}
	if beside != nil {
		o.Beside = beside.Fixture
	}
	c.Fixture = e.NewFixture(GinkgoTB(), o)
	c.World.Quotas().Disable() // the budgets are below them, and what is looked at here is the order
	c.Bind(alice, "runbook-operator-approver")
	return c
}

func controllers(d controller.Deps) []controller.Controller {
	return []controller.Controller{account.New(d), claims.New(d), application.New(d), remediation.New(d)}
}

// seam is between the SDK and the network.
func (c *cluster) seam() []func(*config.LoadOptions) error {
	pass := func(moment string) {
		if c.at != nil {
			c.at(moment)
		}
	}
	seam := middleware.FinalizeMiddlewareFunc("Seam", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		if awsmiddleware.GetServiceID(ctx) != "SSM" {
			return next.HandleFinalize(ctx, in)
		}
		pass("before " + awsmiddleware.GetOperationName(ctx))
		out, metadata, err := next.HandleFinalize(ctx, in)
		pass("after " + awsmiddleware.GetOperationName(ctx))
		return out, metadata, err
	})
	return []func(*config.LoadOptions) error{config.WithAPIOptions([]func(*middleware.Stack) error{
		func(stack *middleware.Stack) error { return stack.Finalize.Add(seam, middleware.Before) },
	})}
}

// install installs React Stocks in the mode Act, and lets happen what happens at once.
func (c *cluster) install(changes ...func(*v1alpha1.AWSAccount)) {
	GinkgoHelper()
	ExpectApplied(c.ctx, c.Admin, builder.AWSAccount(changes...),
		builder.ChangePolicy(c.Namespace, func(p *v1alpha1.ChangePolicy) { p.Spec.Verification.Window = "1m" }),
		builder.ServerlessApplication(c.Namespace, func(a *v1alpha1.ServerlessApplication) {
			a.Spec.ChangePolicyRef = &v1alpha1.LocalReference{Name: "default"}
		}))
	c.settle()
}

func (c *cluster) settle() {
	GinkgoHelper()
	Expect(c.Driver.Settle(c.ctx)).To(Succeed())
}

// pass lets time pass for every cluster of the account.
func (c *cluster) pass(d time.Duration) {
	GinkgoHelper()
	if c.beside == nil {
		Expect(c.Driver.RunFor(c.ctx, d)).To(Succeed())
		return
	}
	for end := c.Clock.Now().Add(d); c.Clock.Now().Before(end); {
		Expect(c.Driver.RunFor(c.ctx, min(tick, end.Sub(c.Clock.Now())))).To(Succeed())
		c.beside.settle()
	}
	c.settle()
}

// until lets time pass until something holds.
func (c *cluster) until(what string, limit time.Duration, holds func() bool) {
	GinkgoHelper()
	for end := c.Clock.Now().Add(limit); !holds(); c.pass(tick) {
		Expect(c.Clock.Now().Before(end)).To(BeTrue(), "waiting until %s", what)
	}
}

func (c *cluster) account() *v1alpha1.AWSAccount {
	GinkgoHelper()
	return ExpectExists(c.ctx, c.Admin, builder.AWSAccount())
}

func (c *cluster) application() *v1alpha1.ServerlessApplication {
	GinkgoHelper()
	return ExpectExists(c.ctx, c.Admin, builder.ServerlessApplication(c.Namespace))
}

// claimed returns the reason of the condition Claimed.
func (c *cluster) claimed() string {
	GinkgoHelper()
	return conditions.Reason(c.account().Status.Conditions, v1alpha1.ConditionClaimed)
}

// says returns the message of the condition Claimed.
func (c *cluster) says() string {
	GinkgoHelper()
	for _, condition := range c.account().Status.Conditions {
		if condition.Type == v1alpha1.ConditionClaimed {
			return condition.Message
		}
	}
	return ""
}

// takesOverFrom writes into the AWSAccount what a platform administrator writes.
func (c *cluster) takesOverFrom(uid string) {
	GinkgoHelper()
	account := c.account()
	account.Spec.Claim = &v1alpha1.AccountClaim{TakeOverFrom: v1alpha1.ClusterUID(uid)}
	Expect(c.Admin.Update(c.ctx, account)).To(Succeed())
}

// look lets the operator look at the claim once, now.
func (c *cluster) look() {
	GinkgoHelper()
	for _, one := range c.Driver.Controllers {
		if one.Name == "claim" {
			_, err := one.Reconciler.Reconcile(c.ctx, controller.Request("", builder.Account))
			Expect(err).NotTo(HaveOccurred())
		}
	}
}

// asks creates a Remediation as a person, and lets time pass until its plan waits for approval.
func (c *cluster) asks(changes ...func(*v1alpha1.Remediation)) *v1alpha1.Remediation {
	GinkgoHelper()
	rem := builder.Remediation(c.Namespace, changes...)
	Expect(c.Admin.Create(c.ctx, rem)).To(Succeed())
	c.until("the plan waits for approval", 20*time.Minute, func() bool {
		return c.reason(rem, v1alpha1.ConditionApproved) == v1alpha1.ReasonAwaitingApproval
	})
	return c.get(rem)
}

// approves creates an Approval of the present plan as Alice.
func (c *cluster) approves(rem *v1alpha1.Remediation) {
	GinkgoHelper()
	person := c.Environment.As(GinkgoTB(), rest.ImpersonationConfig{UserName: alice, Groups: []string{"system:authenticated"}})
	Expect(person.Create(c.ctx, builder.Approval(c.get(rem)))).To(Succeed())
}

func (c *cluster) get(rem *v1alpha1.Remediation) *v1alpha1.Remediation {
	GinkgoHelper()
	return ExpectExists(c.ctx, c.Admin, rem)
}

func (c *cluster) reason(rem *v1alpha1.Remediation, typ string) string {
	GinkgoHelper()
	return conditions.Reason(c.get(rem).Status.Conditions, typ)
}

// changes are the mutating calls of all operators together, whatever became of them.
func (c *cluster) changes() []ledger.Entry {
	return c.World.Ledger().Entries(ledger.ByClass(ledger.Change), ledger.ByRole(reactstocks.GrantRole))
}

// writes counts the writes of the claim.
func (c *cluster) writes() int { return c.World.Ledger().Count(ledger.ByAction("ssm:PutParameter")) }

// person is Parameter Store as a platform administrator uses it.
func (c *cluster) person() *ssm.Client {
	return ssm.New(ssm.Options{
		BaseEndpoint: &c.Endpoint, Region: reactstocks.Region, HTTPClient: transport.New(),
		Credentials: credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
	})
}

// parameter returns what the account says now, and "" where it says nothing.
func (c *cluster) parameter() string {
	GinkgoHelper()
	out, err := c.person().GetParameter(c.ctx, &ssm.GetParameterInput{Name: awssdk.String(claim.ParameterName)})
	if err != nil {
		Expect(err.Error()).To(ContainSubstring("ParameterNotFound"))
		return ""
	}
	return *out.Parameter.Value
}

// holds says whether the account names this cluster.
func (c *cluster) holds() bool {
	GinkgoHelper()
	return strings.Contains(c.parameter(), `"cluster":"`+c.Deps.Cluster.UID+`"`)
}

// puts writes the parameter by hand.
func (c *cluster) puts(value string) {
	GinkgoHelper()
	_, err := c.person().PutParameter(c.ctx, &ssm.PutParameterInput{
		Name: awssdk.String(claim.ParameterName), Value: &value, Type: types.ParameterTypeString, Overwrite: awssdk.Bool(true),
	})
	Expect(err).NotTo(HaveOccurred())
}

// deletes deletes the parameter by hand.
func (c *cluster) deletes() {
	GinkgoHelper()
	_, err := c.person().DeleteParameter(c.ctx, &ssm.DeleteParameterInput{Name: awssdk.String(claim.ParameterName)})
	Expect(err).NotTo(HaveOccurred())
}

// edit changes an object as a person does.
func (c *cluster) edit(o client.Object) {
	GinkgoHelper()
	Expect(c.Admin.Update(c.ctx, o)).To(Succeed())
}
