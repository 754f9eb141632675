package evidence

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

var epoch = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// world is the simulated AWS served over HTTP, with a session that reaches it by the SDK's standard settings.
type world struct {
	*sim.World
	clock   *clocktesting.FakeClock
	session *aws.Session
}

func newWorld(t *testing.T, scenario reactstocks.Scenario, o sim.Options) *world {
	t.Helper()
	g := NewWithT(t)
	w := &world{clock: clocktesting.NewFakeClock(epoch)}
	o.Seed, o.Clock, o.Wall = 7, w.clock, clocktesting.NewFakeClock(epoch)
	var err error
	w.World, err = reactstocks.New(t.Context(), o, scenario)
	g.Expect(err).NotTo(HaveOccurred())
	endpoint, stop, err := w.Start("127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(stop)
	// What is looked at here is not the budgets: every step reads again and again at one moment.
	budgets := aws.DefaultBudgets()
	budgets.LambdaReads = aws.Budget{PerSecond: 1000, Burst: 1000}
	w.Quotas().Disable()
	clients, err := aws.New(t.Context(), aws.Options{Clock: w.clock, Wall: clocktesting.NewFakeClock(epoch), Budgets: budgets, Load: []func(*config.LoadOptions) error{
		config.WithBaseEndpoint(endpoint),
		config.WithRegion(reactstocks.Region),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(
			reactstocks.OperatorAccessKeyID, reactstocks.OperatorSecretAccessKey, "")),
	}})
	g.Expect(err).NotTo(HaveOccurred())
	w.session, err = clients.Session(t.Context(), aws.Access{
		AccountID: reactstocks.AccountID, Region: reactstocks.Region,
		RoleARN: reactstocks.GrantRoleARN, ExternalID: reactstocks.ExternalID,
	}, "test")
	g.Expect(err).NotTo(HaveOccurred())
	return w
}
