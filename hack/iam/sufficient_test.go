package main

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/action"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/claim"
	"github.com/runbook-operator/runbook-operator/internal/evidence"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

var function = v1alpha1.ApplicationFunction{Name: reactstocks.BackendFunction, Alias: reactstocks.Alias}

// attach gives a role these of the generated policies, with the placeholders replaced as the README says.
func attach(g *WithT, w *sim.World, role string, names ...string) {
	place := strings.NewReplacer("REGION", reactstocks.Region, "ACCOUNT_ID", reactstocks.AccountID, "FUNCTION_NAME", "react-stocks-backend-prod-*")
	var all iam.Policy
	for _, name := range names {
		p, err := iam.ParsePolicy([]byte(place.Replace(string(files()[name+".json"]))))
		g.Expect(err).NotTo(HaveOccurred())
		all.Statements = append(all.Statements, p.Statements...)
	}
	w.IAM().SetRolePolicy(role, &all)
}

// start starts the simulated AWS, and returns it with the operator's clients of it and where it is.
func start(t *testing.T, g *WithT, clock *clocktesting.FakeClock) (*sim.World, *aws.Clients, string) {
	t.Helper()
	w, err := reactstocks.New(t.Context(), sim.Options{Seed: 7, Clock: clock, Wall: clock}, reactstocks.Steady)
	g.Expect(err).NotTo(HaveOccurred())
	endpoint, stop, err := w.Start("127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(stop)
	clients, err := aws.New(t.Context(), aws.Options{Clock: clock, Wall: clock, Load: []func(*config.LoadOptions) error{
		config.WithBaseEndpoint(endpoint), config.WithRegion(reactstocks.Region),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(reactstocks.OperatorAccessKeyID, reactstocks.OperatorSecretAccessKey, "")),
	}})
	g.Expect(err).NotTo(HaveOccurred())
	return w, clients, endpoint
}

// everyStep has a step of each member of the union, named as the member.
func everyStep() []v1alpha1.Step {
	var all []v1alpha1.Step
	for f := range reflect.TypeFor[v1alpha1.Step]().Fields() {
		if f.Type.Kind() != reflect.Pointer {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		s := v1alpha1.Step{Name: name}
		reflect.ValueOf(&s).Elem().FieldByIndex(f.Index).Set(reflect.New(f.Type.Elem()))
		if s.Metric != nil {
			*s.Metric = v1alpha1.MetricStep{Namespace: "AWS/Lambda", Name: "Throttles", Statistic: "Sum", Window: "15m"}
		}
		all = append(all, s)
	}
	return all
}

func TestThePolicyOfTheClaimIsEnoughForItAndNoMore(t *testing.T) {
	g := NewWithT(t)
	clock := clocktesting.NewFakeClock(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
	w, clients, _ := start(t, g, clock)
	s, err := clients.Session(t.Context(), aws.Access{
		AccountID: reactstocks.AccountID, Region: "us-east-1", RoleARN: reactstocks.AccountRoleARN, ExternalID: reactstocks.ExternalID,
	}, "test")
	g.Expect(err).NotTo(HaveOccurred())
	me, err := claim.NewCluster("0f4c5b1e-2b44-4d7e-9b39-1d6f1f1f0a01", "")
	g.Expect(err).NotTo(HaveOccurred())

	attach(g, w, reactstocks.AccountRoleARN, "detect")
	_, err = claim.Read(t.Context(), s)
	g.Expect(fault.From(err).Reason).To(Equal("AccessDenied"))

	attach(g, w, reactstocks.AccountRoleARN, "detect", "claim")
	found, err := claim.Read(t.Context(), s)
	g.Expect(err).NotTo(HaveOccurred())
	mine, err := claim.Write(t.Context(), s, claim.Create, found, me, clock.Now())
	g.Expect(err).NotTo(HaveOccurred())
	clock.Step(time.Minute)
	_, err = claim.Write(t.Context(), s, claim.Renew, mine, me, clock.Now())
	g.Expect(err).NotTo(HaveOccurred())
	clock.Step(time.Minute)
	g.Expect(fault.From(s.SSM.CreateParameter(t.Context(), "/team/secret", "mine")).Reason).To(Equal("AccessDenied"))
}

func TestThePoliciesAreEnoughForTheirModeAndNoMore(t *testing.T) {
	g := NewWithT(t)
	clock := clocktesting.NewFakeClock(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
	w, clients, endpoint := start(t, g, clock)
	s, err := clients.Session(t.Context(), aws.Access{
		AccountID: reactstocks.AccountID, Region: reactstocks.Region, RoleARN: reactstocks.GrantRoleARN, ExternalID: reactstocks.ExternalID,
	}, "test")
	g.Expect(err).NotTo(HaveOccurred())

	collect := func(f v1alpha1.ApplicationFunction) []v1alpha1.StepResult {
		clock.Step(time.Second) // the operator keeps a budget of reads
		var asked []evidence.Request
		for _, step := range everyStep() {
			asked = append(asked, evidence.Request{Step: step, Function: f})
		}
		return evidence.Collect(t.Context(), evidence.Subject{Session: s, Now: clock.Now()}, asked)
	}
	denied := func(results []v1alpha1.StepResult) (names []string) {
		for _, r := range results {
			if r.Gap != nil && r.Gap.Reason == v1alpha1.ReasonAccessDenied {
				names = append(names, r.Step)
			}
		}
		return names
	}
	change, ok := action.Get(v1alpha1.ActionSetReservedConcurrency)
	g.Expect(ok).To(BeTrue())
	plan := func() (action.Proposal, error) {
		return change.Plan(t.Context(), s, action.Target{AccountID: reactstocks.AccountID, Region: reactstocks.Region, Function: function, Now: clock.Now()},
			v1alpha1.Action{SetReservedConcurrency: &v1alpha1.SetReservedConcurrency{Value: 200}})
	}

	_, err = cloudwatch.New(cloudwatch.Options{
		BaseEndpoint: &endpoint, Region: reactstocks.Region,
		Credentials: credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
	}).PutAlarmMuteRule(t.Context(), &cloudwatch.PutAlarmMuteRuleInput{
		Name: new("maintenance"), MuteTargets: &types.MuteTargets{AlarmNames: []string{reactstocks.ThrottlesAlarm}},
		Rule: &types.Rule{Schedule: &types.Schedule{Expression: new("cron(* * * * *)"), Duration: new("PT1M")}},
	})
	g.Expect(err).NotTo(HaveOccurred())
	clock.Step(time.Second)
	muted := func() {
		muting, err := (&alarms.MuteRules{}).Read(t.Context(), s, clock.Now())
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(muting).To(HaveKey(reactstocks.ThrottlesAlarm))
	}

	attach(g, w, reactstocks.GrantRoleARN, "detect")
	_, err = alarms.Firing(t.Context(), s)
	g.Expect(err).NotTo(HaveOccurred())
	muted()
	g.Expect(denied(collect(function))).To(HaveLen(len(everyStep())))

	attach(g, w, reactstocks.GrantRoleARN, "investigate")
	_, err = alarms.Firing(t.Context(), s)
	g.Expect(err).NotTo(HaveOccurred(), "changes are verified by alarms")
	muted()
	for _, r := range collect(function) {
		g.Expect(r.Gap).To(BeNil(), r.Step)
	}
	other := v1alpha1.ApplicationFunction{Name: reactstocks.CheckoutFunction}
	g.Expect(denied(collect(other))).To(ContainElement("functionState"), "a function that the policy does not name")
	p, err := plan()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(fault.From(change.Apply(t.Context(), s, p.Calls[0].Call, "")).Reason).To(Equal("AccessDenied"))

	attach(g, w, reactstocks.GrantRoleARN, "investigate", "remediate")
	g.Expect(change.Apply(t.Context(), s, p.Calls[0].Call, "")).To(Succeed())
}
