package action

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
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
	clock    *clocktesting.FakeClock
	endpoint string
	session  *aws.Session
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
	w.endpoint = endpoint
	clients, err := aws.New(t.Context(), aws.Options{Clock: w.clock, Wall: clocktesting.NewFakeClock(epoch), Load: []func(*config.LoadOptions) error{
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

// alias points an alias to a version of a function, as somebody else does.
func (w *world) alias(t *testing.T, function, name, version string) {
	t.Helper()
	someone := lambda.New(lambda.Options{
		Region: reactstocks.Region, BaseEndpoint: &w.endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
	})
	_, err := someone.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: &function, Name: &name, FunctionVersion: &version})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
}
