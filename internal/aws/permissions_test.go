package aws_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/runbook-operator/runbook-operator/internal/action"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/evidence"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// insideAnother are permissions for which AWS asks while it answers another call (Lambda API reference, GetFunction).
var insideAnother = map[string]bool{"lambda:ListTags": true}

// sessionWith is a session in the simulated AWS, whose calls have these budgets.
func sessionWith(t *testing.T, budgets aws.Budgets) *aws.Session {
	t.Helper()
	g := NewWithT(t)
	clock := clocktesting.NewFakeClock(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
	world, err := reactstocks.New(t.Context(), sim.Options{Seed: 7, Clock: clock, Wall: clock}, reactstocks.Steady)
	g.Expect(err).NotTo(HaveOccurred())
	endpoint, stop, err := world.Start("127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(stop)
	clients, err := aws.New(t.Context(), aws.Options{Clock: clock, Wall: clock, Budgets: budgets, Load: []func(*config.LoadOptions) error{
		config.WithBaseEndpoint(endpoint),
		config.WithRegion(reactstocks.Region),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(
			reactstocks.OperatorAccessKeyID, reactstocks.OperatorSecretAccessKey, "")),
	}})
	g.Expect(err).NotTo(HaveOccurred())
	s, err := clients.Session(t.Context(), aws.Access{
		AccountID: reactstocks.AccountID, Region: reactstocks.Region,
		RoleARN: reactstocks.GrantRoleARN, ExternalID: reactstocks.ExternalID,
	}, "test")
	g.Expect(err).NotTo(HaveOccurred())
	return s
}

func TestWhatStepsAndActionsReadTakesNothingOfTheBudgetsOfChanges(t *testing.T) {
	g := NewWithT(t)
	budgets := aws.DefaultBudgets()
	budgets.LambdaChanges, budgets.ParameterWrites = aws.Budget{}, aws.Budget{}
	s := sessionWith(t, budgets)
	var reads []string
	for _, step := range evidence.Steps() {
		reads = append(reads, step.Permissions()...)
	}
	for _, a := range action.All() {
		reads = append(reads, a.Permissions().Read...)
	}
	for _, permission := range reads {
		if !insideAnother[permission] {
			g.Expect(s.Room(permission)).To(Succeed())
		}
	}
}

func TestWhatActionsWriteTakesOnlyOfTheBudgetsOfChanges(t *testing.T) {
	g := NewWithT(t)
	all := aws.DefaultBudgets()
	s := sessionWith(t, aws.Budgets{STS: all.STS, LambdaChanges: all.LambdaChanges, ParameterWrites: all.ParameterWrites})
	for _, a := range action.All() {
		g.Expect(a.Permissions().Write).NotTo(BeEmpty())
		for _, permission := range a.Permissions().Write {
			g.Expect(s.Room(permission)).To(Succeed())
		}
	}
}
