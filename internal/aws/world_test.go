package aws

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

var epoch = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// world is the simulated AWS served over HTTP, with clients that reach it by the SDK's standard settings.
type world struct {
	*sim.World
	clock    *clocktesting.FakeClock
	wall     *clocktesting.FakeClock
	endpoint string
	clients  *Clients
	access   Access
}

func newWorld(t *testing.T, scenario reactstocks.Scenario) *world {
	t.Helper()
	g := NewWithT(t)
	w := &world{
		clock: clocktesting.NewFakeClock(epoch),
		wall:  clocktesting.NewFakeClock(epoch),
		access: Access{
			AccountID: reactstocks.AccountID, Region: reactstocks.Region,
			RoleARN: reactstocks.GrantRoleARN, ExternalID: reactstocks.ExternalID,
		},
	}
	var err error
	w.World, err = reactstocks.New(t.Context(), sim.Options{Seed: 7, Clock: w.clock, Wall: w.wall}, scenario)
	g.Expect(err).NotTo(HaveOccurred())
	endpoint, stop, err := w.Start("127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(stop)
	w.endpoint = endpoint
	w.clients, err = New(t.Context(), Options{Clock: w.clock, Wall: w.wall, Load: static(endpoint)})
	g.Expect(err).NotTo(HaveOccurred())
	return w
}

func (w *world) session(t *testing.T) *Session {
	t.Helper()
	s, err := w.clients.Session(t.Context(), w.access, "test")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return s
}

// somebody is a client of a person who administers the account.
func (w *world) somebody() *lambda.Client {
	return lambda.New(lambda.Options{
		Region: reactstocks.Region, BaseEndpoint: &w.endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
	})
}

// static are the settings that the environment gives in production.
func static(endpoint string) []func(*config.LoadOptions) error {
	return []func(*config.LoadOptions) error{
		config.WithBaseEndpoint(endpoint),
		config.WithRegion(reactstocks.Region),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(
			reactstocks.OperatorAccessKeyID, reactstocks.OperatorSecretAccessKey, "")),
	}
}
