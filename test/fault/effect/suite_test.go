//go:build fault

package effect

import (
	"context"
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

func TestMain(m *testing.M) { process.Main(m) }

const (
	role    = "runbook-operator-react-stocks"
	patient = time.Minute // of the wall, for what takes a second on a machine that has nothing else to do
	often   = 5 * time.Millisecond
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

// newStage makes a world with React Stocks on a quiet day, and no operator.
func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{WithT: NewWithT(t), World: process.NewWorld(t, reactstocks.Steady), cast: &cast{}, t: t, ctx: context.WithoutCancel(t.Context())}
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
