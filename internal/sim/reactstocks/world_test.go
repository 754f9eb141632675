package reactstocks_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/transport"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// serve starts a world and returns it with SDK configurations of the operator and of a person.
func serve(t *testing.T, seed int64, s reactstocks.Scenario) (w *sim.World, operator, admin aws.Config) {
	t.Helper()
	w, err := reactstocks.New(t.Context(), sim.Options{Seed: seed, Start: start}, s)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	endpoint, stop, err := w.Start("127.0.0.1:0")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	t.Cleanup(stop)
	config := func(id, secret string) aws.Config {
		return aws.Config{
			Region: reactstocks.Region, BaseEndpoint: &endpoint, HTTPClient: transport.New(),
			Credentials: credentials.NewStaticCredentialsProvider(id, secret, ""),
			Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
		}
	}
	return w, config(reactstocks.OperatorAccessKeyID, reactstocks.OperatorSecretAccessKey),
		config(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey)
}

// states are the states of all alarms by name, read through the SDK.
func states(t *testing.T, cfg aws.Config) map[string]types.StateValue {
	t.Helper()
	out, err := cloudwatch.NewFromConfig(cfg).DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	got := map[string]types.StateValue{}
	for _, a := range out.MetricAlarms {
		got[aws.ToString(a.AlarmName)] = a.StateValue
	}
	return got
}

func TestEveryAlarmIsOKOnAnOrdinaryDay(t *testing.T) {
	g := NewWithT(t)
	w, _, admin := serve(t, 1, reactstocks.Steady)
	for range 3 {
		for name, state := range states(t, admin) {
			g.Expect(state).To(Equal(types.StateValueOk), name)
		}
		w.AdvanceTo(w.Now().Add(20 * time.Minute))
	}
}

func TestTheThrottleAlarmFiresByItselfAndOnlyEnoughConcurrencyCuresIt(t *testing.T) {
	for seed := int64(1); seed <= 6; seed++ {
		g := NewWithT(t)
		w, _, admin := serve(t, seed, reactstocks.Throttling)
		put := func(n int32) {
			_, err := lambda.NewFromConfig(admin).PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{
				FunctionName: aws.String(reactstocks.BackendFunction), ReservedConcurrentExecutions: aws.Int32(n),
			})
			g.Expect(err).NotTo(HaveOccurred())
		}
		w.AdvanceTo(start.Add(8 * time.Minute))
		g.Expect(states(t, admin)).To(HaveKeyWithValue(reactstocks.ThrottlesAlarm, types.StateValueAlarm))
		g.Expect(states(t, admin)).To(HaveKeyWithValue(reactstocks.TimeoutAlarm, types.StateValueOk))
		put(110)
		w.AdvanceTo(w.Now().Add(10 * time.Minute))
		g.Expect(states(t, admin)).To(HaveKeyWithValue(reactstocks.ThrottlesAlarm, types.StateValueAlarm))
		put(200)
		w.AdvanceTo(w.Now().Add(5 * time.Minute))
		g.Expect(states(t, admin)).To(HaveKeyWithValue(reactstocks.ThrottlesAlarm, types.StateValueOk))
		g.Expect(states(t, admin)).To(HaveKeyWithValue(reactstocks.APIErrorsAlarm, types.StateValueOk))
		g.Expect(w.Ledger().Count(ledger.ByRole(reactstocks.AdminRole), ledger.Changed())).To(Equal(2))
	}
}

func TestASlowDependencyTimesTheWorkerOutUntilItsTimeoutIsLongEnough(t *testing.T) {
	for seed := int64(1); seed <= 6; seed++ {
		g := NewWithT(t)
		w, _, admin := serve(t, seed, reactstocks.SlowDependency)
		w.AdvanceTo(start.Add(8 * time.Minute))
		g.Expect(states(t, admin)).To(HaveKeyWithValue(reactstocks.TimeoutAlarm, types.StateValueAlarm))
		g.Expect(states(t, admin)).To(HaveKeyWithValue(reactstocks.ThrottlesAlarm, types.StateValueOk))
		_, err := lambda.NewFromConfig(admin).UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
			FunctionName: aws.String(reactstocks.NewsSyncFunction), Timeout: aws.Int32(30),
		})
		g.Expect(err).NotTo(HaveOccurred())
		w.AdvanceTo(w.Now().Add(6 * time.Minute))
		g.Expect(states(t, admin)).To(HaveKeyWithValue(reactstocks.TimeoutAlarm, types.StateValueOk))
	}
}

func TestAlarmsRecoverWithoutAChangeWhenTrafficFallsOrStops(t *testing.T) {
	for _, s := range []reactstocks.Scenario{reactstocks.RecoversByItself, reactstocks.TrafficGone} {
		g := NewWithT(t)
		w, _, admin := serve(t, 4, s)
		w.AdvanceTo(start.Add(8 * time.Minute))
		g.Expect(states(t, admin)).To(HaveKeyWithValue(reactstocks.ThrottlesAlarm, types.StateValueAlarm), string(s))
		w.AdvanceTo(start.Add(25 * time.Minute))
		g.Expect(states(t, admin)).To(HaveKeyWithValue(reactstocks.ThrottlesAlarm, types.StateValueOk), string(s))
		g.Expect(w.Ledger().Count(ledger.Changed())).To(BeZero())
	}
}

func TestTheOperatorActsThroughItsRolesOnlyWithTheExternalID(t *testing.T) {
	for _, role := range []string{reactstocks.GrantRole, reactstocks.AccountRole} {
		t.Run(role, func(t *testing.T) { actsThrough(t, role) })
	}
}

func actsThrough(t *testing.T, role string) {
	g := NewWithT(t)
	w, operator, _ := serve(t, 1, reactstocks.Steady)
	assume := func(externalID string) aws.Config {
		cfg := operator
		cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(operator), w.IAM().RoleARN(role),
			func(o *stscreds.AssumeRoleOptions) {
				o.RoleSessionName, o.ExternalID = "incident-1", aws.String(externalID)
			}))
		return cfg
	}
	out, err := sts.NewFromConfig(assume(reactstocks.ExternalID)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(aws.ToString(out.Arn)).To(Equal("arn:aws:sts::123456789012:assumed-role/" + role + "/incident-1"))
	g.Expect(aws.ToString(out.Account)).To(Equal(reactstocks.AccountID))
	_, err = sts.NewFromConfig(assume("wrong")).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	g.Expect(err).To(MatchError(ContainSubstring("AccessDenied")))
	g.Expect(w.Ledger().Entries(ledger.ByClass(ledger.Bookkeeping))).To(HaveLen(2))
}
