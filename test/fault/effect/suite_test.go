//go:build fault

package effect

import (
	"context"
	"flag"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/transport"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/fault/process"
)

func TestMain(m *testing.M) {
	// The tests wait more than they work: for processes that start, for Leases that end, for answers that never come.
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	process.Main(m)
}

const (
	role    = "runbook-operator-react-stocks"
	patient = 4 * time.Minute       // of the wall, for what takes seconds on a machine that has nothing else to do
	often   = 25 * time.Millisecond // each look costs the API server as much as the operator does

	// timeoutBefore is the timeout of the news worker.
	timeoutBefore = 10
	// updating is more than the update of a function takes in the simulated Lambda (four seconds).
	updating = 5 * time.Second
)

// errand is a change that is asked for.
type errand struct {
	// call of the change, and of its inverse, as the faults of AWS name it.
	call string
	// wants makes a Remediation ask for it.
	wants func(*v1alpha1.Remediation)
}

var (
	// moreConcurrency raises the reserved concurrency of the backend, by a call that takes effect at once and that AWS
	// offers no condition for.
	moreConcurrency = errand{call: "lambda:PutFunctionConcurrency", wants: func(*v1alpha1.Remediation) {}}
	// moreTime raises the timeout of the news worker, by a call that is conditional on a RevisionId and whose update
	// goes on after the answer.
	moreTime = errand{call: "lambda:UpdateFunctionConfiguration", wants: func(r *v1alpha1.Remediation) {
		r.Spec.Target.FunctionName = reactstocks.NewsSyncFunction
		r.Spec.Action = v1alpha1.Action{SetTimeout: &v1alpha1.SetTimeout{Seconds: 45}}
	}}
	// moreTimeForAWhile does so for ten minutes, which are enough to prove that it helps. Then it is reverted.
	moreTimeForAWhile = errand{call: moreTime.call, wants: func(r *v1alpha1.Remediation) {
		moreTime.wants(r)
		r.Spec.ExpiresAfter = "10m"
	}}
)

// stage is a world in which one change after the other is asked for, and the operator that lives now.
type stage struct {
	*WithT
	*process.World
	*cast
	t     testing.TB
	ctx   context.Context
	alice client.Client
}

// cast are the operators of a stage.
type cast struct {
	now   *process.Incarnation
	dead  []*process.Incarnation
	lives int // changes that were asked for
}

// newStage makes a world with React Stocks, and no operator.
func newStage(t *testing.T, scenario reactstocks.Scenario) *stage {
	t.Helper()
	s := &stage{WithT: NewWithT(t), World: process.NewWorld(t, scenario), cast: &cast{}, t: t, ctx: context.WithoutCancel(t.Context())}
	user := rest.ImpersonationConfig{UserName: process.Approver, Groups: []string{"system:authenticated"}}
	s.Expect(s.Cluster.AwaitAllowed(s.ctx, user, authorizationv1.ResourceAttributes{
		Group: v1alpha1.GroupVersion.Group, Namespace: process.Team, Verb: "approve", Resource: "remediations", Subresource: string(v1alpha1.ActionSetReservedConcurrency),
	})).To(Succeed())
	alice, err := s.Cluster.As(user)
	s.Expect(err).NotTo(HaveOccurred())
	s.alice = alice
	for _, o := range []client.Object{
		builder.AWSAccount(),
		builder.ChangePolicy(process.Team, func(p *v1alpha1.ChangePolicy) { p.Spec.Verification.Window = "1m" }),
		builder.ServerlessApplication(process.Team, func(a *v1alpha1.ServerlessApplication) {
			a.Spec.ChangePolicyRef = &v1alpha1.LocalReference{Name: "default"}
		}),
	} {
		s.Expect(s.Cluster.Admin.Create(s.ctx, o)).To(Succeed())
	}
	return s
}

// in lets the test of a part fail, and not the whole.
func (s *stage) in(t *testing.T) *stage {
	part := *s
	part.t, part.WithT = t, NewWithT(t)
	return &part
}

// byHand is a Lambda client of a platform administrator.
func (s *stage) byHand() *lambda.Client {
	return lambda.New(lambda.Options{
		Region: reactstocks.Region, BaseEndpoint: &s.Endpoint,
		HTTPClient:  transport.New(),
		Credentials: credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
	})
}

// reserve sets the reserved concurrency of the backend by hand.
func (s *stage) reserve(n int32) {
	s.t.Helper()
	_, err := s.byHand().PutFunctionConcurrency(s.ctx, &lambda.PutFunctionConcurrencyInput{
		FunctionName: awssdk.String(reactstocks.BackendFunction), ReservedConcurrentExecutions: &n,
	})
	s.Expect(err).NotTo(HaveOccurred())
}

// reserved is the reserved concurrency of the backend.
func (s *stage) reserved() int32 {
	s.t.Helper()
	out, err := s.byHand().GetFunctionConcurrency(s.ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: awssdk.String(reactstocks.BackendFunction)})
	s.Expect(err).NotTo(HaveOccurred())
	return awssdk.ToInt32(out.ReservedConcurrentExecutions)
}

// setTimeout sets the timeout of the news worker by hand.
func (s *stage) setTimeout(seconds int32) {
	s.t.Helper()
	_, err := s.byHand().UpdateFunctionConfiguration(s.ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: awssdk.String(reactstocks.NewsSyncFunction), Timeout: &seconds,
	})
	s.Expect(err).NotTo(HaveOccurred())
}

// timeout is the timeout of the news worker.
func (s *stage) timeout() int32 {
	s.t.Helper()
	out, err := s.byHand().GetFunctionConfiguration(s.ctx, &lambda.GetFunctionConfigurationInput{FunctionName: awssdk.String(reactstocks.NewsSyncFunction)})
	s.Expect(err).NotTo(HaveOccurred())
	return awssdk.ToInt32(out.Timeout)
}

// changes returns the calls of the operator after an entry of the ledger that may change something.
func (s *stage) changes(after int) []ledger.Entry {
	return s.AWS.Ledger().Entries(ledger.After(after), ledger.ByClass(ledger.Change), ledger.ByRole(role))
}

// passes lets world time pass.
func (s *stage) passes(d time.Duration) {
	s.t.Helper()
	until := s.Clock.World().Now().Add(d)
	s.Clock.Run(false)
	s.Eventually(func() time.Time { return s.Clock.World().Now() }).WithTimeout(patient).WithPolling(often).Should(BeTemporally(">=", until))
	s.Clock.Hold()
}
