package aws

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/fault"
	simledger "github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

func TestABudgetLetsABurstThroughAndThenItsRate(t *testing.T) {
	g := NewWithT(t)
	b := newBudgets(Budgets{LambdaReads: Budget{PerSecond: 2, Burst: 3}})
	here := place{account: "1", region: "us-east-1"}
	take := func(p place, operation string, at time.Duration) error {
		return b.take(p, "lambda", operation, epoch.Add(at))
	}
	for range 3 {
		g.Expect(take(here, "GetAccountSettings", 0)).To(Succeed())
	}
	f := fault.From(take(here, "GetAccountSettings", 0))
	g.Expect(f.Class).To(Equal(fault.Waiting))
	g.Expect(f.After).To(Equal(500 * time.Millisecond))
	g.Expect(f.Refused).To(BeTrue(), "a call that is not sent changes nothing")

	g.Expect(take(place{account: "2", region: "us-east-1"}, "GetAlias", 0)).To(Succeed(), "another account has a quota of its own")
	g.Expect(take(place{account: "1", region: "eu-west-1"}, "GetAlias", 0)).To(Succeed(), "another Region has a quota of its own")
	g.Expect(take(here, "GetAlias", 500*time.Millisecond)).To(Succeed())
	g.Expect(take(here, "GetAlias", 500*time.Millisecond)).NotTo(Succeed())
}

// In the first second a budget lets its burst and its rate through: together they stay below what AWS publishes. SQS is not
// here: a standard queue has next to no limit (Amazon SQS quotas).
func TestTheBudgetsStayBelowTheQuotasOfAWS(t *testing.T) {
	const (
		cloudwatch = "Amazon CloudWatch endpoints and quotas, General Reference"
		parameters = "Systems Manager service quotas, General Reference: Parameter Store, standard throughput"
	)
	b := newBudgets(DefaultBudgets())
	seen := map[string]bool{"receiving from SQS": true, "deleting from SQS": true}
	for _, c := range []struct {
		quota  float64
		source string
		calls  []string
	}{
		{15, "Lambda quotas: the rest of the control plane, in all", []string{"lambda:GetAccountSettings", "lambda:GetAlias", "lambda:PutFunctionConcurrency", "lambda:UpdateFunctionConfiguration"}},
		{100, "Lambda quotas: GetFunction", []string{"lambda:GetFunction"}},
		{9, cloudwatch + ": DescribeAlarms", []string{"cloudwatch:DescribeAlarms"}},
		{20, cloudwatch + ": DescribeAlarmHistory", []string{"cloudwatch:DescribeAlarmHistory"}},
		{20, cloudwatch + ": GetAlarmMuteRule", []string{"cloudwatch:GetAlarmMuteRule"}},
		{50, cloudwatch + ": ListAlarmMuteRules", []string{"cloudwatch:ListAlarmMuteRules"}},
		{50, "CloudWatch quotas: GetMetricData, of the Region that had the least; 500 in all of them now", []string{"cloudwatch:GetMetricData"}},
		{600, "IAM and STS quotas: requests to STS, in all", []string{"sts:AssumeRole", "sts:GetCallerIdentity"}},
		{40, parameters + ", GetParameter", []string{"ssm:GetParameter"}},
		{3, parameters + ", PutParameter", []string{"ssm:PutParameter"}},
	} {
		t.Run(c.source, func(t *testing.T) {
			g := NewWithT(t)
			first, counted := 0.0, map[string]bool{}
			for _, call := range c.calls {
				service, operation, _ := strings.Cut(call, ":")
				family, budget, err := b.family(service, operation)
				g.Expect(err).NotTo(HaveOccurred())
				if !counted[family] {
					first += budget.PerSecond + float64(budget.Burst)
				}
				counted[family], seen[family] = true, true
			}
			g.Expect(first).To(BeNumerically("<", c.quota))
		})
	}
	for _, f := range families {
		NewWithT(t).Expect(seen).To(HaveKey(f.name), "every family is below a quota")
	}
}

// The simulated AWS enforces its quotas: whoever calls as fast as the budgets allow is never throttled, and whoever has
// ten times the budget is.
func TestWhoeverCallsAsFastAsTheBudgetAllowsIsNotThrottled(t *testing.T) {
	for _, c := range []struct {
		name      string
		factor    int
		throttled bool
	}{{"as shipped", 1, false}, {"ten times", 10, true}} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t, reactstocks.Steady)
			budgets := DefaultBudgets()
			budgets.LambdaReads.PerSecond *= float64(c.factor)
			budgets.LambdaReads.Burst *= c.factor
			w.clients.budgets = newBudgets(budgets)
			s := w.session(t)
			held, sent := 0, 0
			for range 20 {
				for range 40 {
					_, err := s.Lambda.AccountSettings(t.Context())
					if err == nil {
						sent++
					} else {
						g.Expect(fault.From(err).Class).To(Equal(fault.Waiting))
						held++
					}
				}
				w.clock.Step(250 * time.Millisecond)
			}
			throttled := w.Ledger().Count(simledger.ByAction("lambda:GetAccountSettings"), simledger.ByError("TooManyRequestsException"))
			g.Expect(held).To(BeNumerically(">", 0))
			g.Expect(sent).To(BeNumerically(">=", 25))
			if c.throttled {
				g.Expect(throttled).To(BeNumerically(">", 0))
			} else {
				g.Expect(throttled).To(BeZero())
			}
		})
	}
}

// Whoever is refused takes nothing: many who ask at the same moment must not hold back those who ask later.
func TestCallsThatAreRefusedCostTheBudgetNothing(t *testing.T) {
	g := NewWithT(t)
	b := newBudgets(DefaultBudgets())
	where, now := place{account: "123456789012", region: "us-east-1"}, time.Now()
	granted := func(now time.Time) int64 {
		var n atomic.Int64
		var all sync.WaitGroup
		for range 2000 {
			all.Go(func() {
				if b.take(where, "lambda", "GetAccountSettings", now) == nil {
					n.Add(1)
				}
			})
		}
		all.Wait()
		return n.Load()
	}
	for second := range 5 {
		g.Expect(granted(now.Add(time.Duration(second)*time.Second))).To(BeEquivalentTo(5), "in second %d", second)
	}
	err := b.take(where, "lambda", "GetAccountSettings", now.Add(4*time.Second))
	g.Expect(fault.From(err).After).To(BeNumerically("~", 200*time.Millisecond, time.Millisecond), "when there is a call again")
}

func TestWhetherThereIsRoomForACallCostsNothing(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	s := w.session(t)
	for range 100 {
		g.Expect(s.Room("lambda:PutFunctionConcurrency")).To(Succeed())
	}
	for range DefaultBudgets().LambdaChanges.Burst {
		g.Expect(s.Lambda.PutFunctionConcurrency(t.Context(), reactstocks.BackendFunction, 120)).To(Succeed())
	}
	g.Expect(HeldBack(s.Room("lambda:PutFunctionConcurrency"))).To(BeTrue())
	g.Expect(s.Room("lambda:GetAccountSettings")).To(Succeed(), "reads have a budget of their own")
	w.clock.Step(500 * time.Millisecond)
	g.Expect(s.Room("lambda:PutFunctionConcurrency")).To(Succeed())
}
