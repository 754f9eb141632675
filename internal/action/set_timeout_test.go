package action

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

func TestATimeoutIsRaised(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	p := w.plan(t, setTimeout{}, example{want: timeout(45), target: target(reactstocks.NewsSyncFunction, "", "1m")})
	arn := w.FunctionARN(reactstocks.NewsSyncFunction)
	before, after := "10", "45"
	g.Expect(p.Summary).To(Equal("timeout 10 s → 45 s"))
	g.Expect(p.Calls).To(Equal([]v1alpha1.PlannedCall{{
		Call:    v1alpha1.Call{Operation: "lambda:UpdateFunctionConfiguration", ResourceARN: arn, Writes: []v1alpha1.Field{{Name: "Timeout", Value: &after}}},
		Before:  []v1alpha1.Field{{Name: "Timeout", Value: &before}},
		Inverse: v1alpha1.Call{Operation: "lambda:UpdateFunctionConfiguration", ResourceARN: arn, Writes: []v1alpha1.Field{{Name: "Timeout", Value: &before}}},
		Observe: "lambda:GetFunction shows Timeout 45 and LastUpdateStatus Successful",
	}}))
	g.Expect(setTimeout{}.UsesConcurrencyPool()).To(BeFalse())
	g.Expect(p.Warnings).To(Equal([]string{"at 1.9 requests a second, up to 85 executions would run at once if each took the whole 45 s"}))
	g.Expect(p.BlastRadius.Message).To(Equal("every caller of function " + reactstocks.NewsSyncFunction + " may wait for up to 45 s instead of 10 s" + offeredMean))
	g.Expect(string(*p.BlastRadius.RequestsPerMinute)).To(MatchRegexp(`^\d+$`), "no more digits than a person reads")
	g.Expect(p.Cost).To(Equal("estimate: at most 0.1458 USD more for every 1000 executions that run into the timeout (35 s more of 256 MB at 0.0000166667 USD per GB-second, x86_64, us-east-1; AWS Lambda pricing, as of November 2026)"))
	g.Expect(p.TemplatePatch).To(HaveSuffix(".Properties.Timeout: 45 (stack react-stocks-backend-prod)"))
}

func TestTheGuardOfTheTimeoutRefuses(t *testing.T) {
	news := reactstocks.NewsSyncFunction
	for _, c := range []struct {
		name    string
		target  Target
		seconds int32
		class   fault.Class
		reason  string
		message string
	}{
		{"a function behind an alias", target(reactstocks.BackendFunction, "live", "1m"), 45, fault.Terminal, "AliasServesVersion", "alias live"},
		{"a function with an alias that nobody declared", target(reactstocks.BackendFunction, "", "1m"), 45, fault.Terminal, "AliasServesVersion",
			"function " + reactstocks.BackendFunction + " has aliases of published versions, which keep their timeout while $LATEST is changed: live (version 1); if users come through one, declare it as alias of the function in the ServerlessApplication and deploy the timeout; if none is used, delete them, then create a Remediation"},
		{"an unknown caller", target(news, "", ""), 45, fault.Blocked, "CallerTimeoutUnknown", "set callerTimeout"},
		{"a caller's timeout that is none", target(news, "", "soon"), 45, fault.Blocked, "CallerTimeoutUnknown", "no duration"},
		{"longer than the caller waits", target(news, "", "29s"), 30, fault.Terminal, "BeyondCallerTimeout", "ask for at most 29 s in a new Remediation"},
		{"longer than the caller waits, which is a part of a second more", target(news, "", "29900ms"), 30, fault.Terminal, "BeyondCallerTimeout", "ask for at most 29 s in a new Remediation"},
		{"as long as the caller waits already", target(news, "", "10s"), 11, fault.Terminal, "BeyondCallerTimeout",
			"the caller of function " + news + " gives up after 10s, and its timeout is 10 s already: a longer one would only keep executions busy that nobody waits for; make the function faster"},
		{"longer than the caller waits already", target(news, "", "500ms"), 30, fault.Terminal, "BeyondCallerTimeout", "its timeout is 10 s already"},
		{"the present value", target(news, "", "1m"), 10, fault.Terminal, "NothingToChange", "is 10 s already"},
		{"less than now", target(news, "", "1m"), 9, fault.Terminal, "NoHeadroom", "moves against its intent"},
		{"less than now, of an unknown caller", target(news, "", ""), 9, fault.Terminal, "NoHeadroom", "moves against its intent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t, reactstocks.Steady, sim.Options{})
			before := w.StateHash()
			_, err := setTimeout{}.Plan(t.Context(), w.session, c.target, timeout(c.seconds))
			f := fault.From(err)
			g.Expect(f.Class).To(Equal(c.class))
			g.Expect(f.Reason).To(Equal(c.reason))
			g.Expect(f.Message).To(ContainSubstring(c.message))
			g.Expect(w.StateHash()).To(Equal(before))
		})
	}
	NewWithT(t).Expect(guardCaller(target(news, "", "29s").Function, aws.Function{TimeoutSeconds: 10}, 29)).To(Succeed(), "as long as the caller waits")
}

func TestATimeoutIsRaisedUnlessAnAliasServesAPublishedVersion(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	news := target(reactstocks.NewsSyncFunction, "", "1m")
	w.alias(t, reactstocks.NewsSyncFunction, "dev", "$LATEST")
	w.plan(t, setTimeout{}, example{want: timeout(45), target: news}) // whoever comes through it is served by $LATEST

	aliases := []aws.Alias{{Name: "a", Version: "1"}, {Name: "b", Version: "2"}, {Name: "c", Version: "3"}, {Name: "d", Version: "4"}, {Name: "e", Version: "5"}}
	g.Expect(guardAliases(aws.Function{}, nil)).To(Succeed())
	g.Expect(guardAliases(aws.Function{}, aliases)).To(MatchError(ContainSubstring(": a (version 1), b (version 2), c (version 3), d (version 4), e (version 5); if users")))
	aliases = append(aliases, aws.Alias{Name: "f", Version: "6"}, aws.Alias{Name: "g", Version: "7"})
	g.Expect(guardAliases(aws.Function{}, aliases)).To(MatchError(ContainSubstring(", e (version 5) and 2 more; if users")))
}

func TestATimeoutOfManagedInstancesIsNotRaisedWhereNobodyIsServedByIt(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	w.PutFunction(lambda.Function{
		Name: reactstocks.NewsSyncFunction, MemorySize: 2048, Timeout: 10, Code: "n",
		CapacityProviderARN: "arn:aws:lambda:us-east-1:" + reactstocks.AccountID + ":capacity-provider:fleet",
	})
	before := w.StateHash()
	_, err := setTimeout{}.Plan(t.Context(), w.session, target(reactstocks.NewsSyncFunction, "", "1m"), timeout(45))
	f := fault.From(err)
	g.Expect(f.Class).To(Equal(fault.Terminal))
	g.Expect(f.Reason).To(Equal("AliasServesVersion"))
	g.Expect(f.Message).To(HavePrefix("function " + reactstocks.NewsSyncFunction + " runs on Lambda Managed Instances, where callers are served by the version $LATEST.PUBLISHED"))
	g.Expect(w.StateHash()).To(Equal(before))
}

func TestATimeoutIsInForceOnlyWhenItsUpdateEnded(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	a := setTimeout{}
	c := w.plan(t, a, example{want: timeout(45), target: target(reactstocks.NewsSyncFunction, "", "1m")}).Calls[0].Call
	g.Expect(a.Apply(t.Context(), w.session, c, w.observe(t, a, c).RevisionID)).To(Succeed())
	during := w.observe(t, a, c)
	g.Expect(during.Fields).To(Equal(c.Writes))
	g.Expect(during.Settled).To(BeFalse(), "the fields alone do not say that it is in force")
	g.Expect(during.RevisionID).To(BeEmpty(), "it is about to move")
	w.clock.Step(time.Minute)
	g.Expect(w.observe(t, a, c).Settled).To(BeTrue())
}

func TestATimeoutIsSetOnlyUponTheRevisionThatWasRead(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	a := setTimeout{}
	c := w.plan(t, a, example{want: timeout(45), target: target(reactstocks.NewsSyncFunction, "", "1m")}).Calls[0].Call
	f := fault.From(a.Apply(t.Context(), w.session, c, ""))
	g.Expect(f.Reason).To(Equal("UpdateInProgress"))
	g.Expect(f.Refused).To(BeTrue())
	g.Expect(w.changes()).To(BeZero(), "without a revision no call is made")

	read := w.observe(t, a, c).RevisionID
	g.Expect(w.session.Lambda.SetTimeout(t.Context(), reactstocks.NewsSyncFunction, 12, read)).To(Succeed())
	w.clock.Step(time.Minute)
	f = fault.From(a.Apply(t.Context(), w.session, c, read))
	g.Expect(f.Reason).To(Equal("Stale"))
	g.Expect(f.Refused).To(BeTrue())
	g.Expect(*w.observe(t, a, c).Fields[0].Value).To(Equal("12"), "the other hand's value stays")
}

func TestALostAnswerIsResolvedByLooking(t *testing.T) {
	for _, e := range examples() {
		t.Run(string(e.want.Name()), func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t, reactstocks.Steady, sim.Options{})
			a, ok := Get(e.want.Name())
			g.Expect(ok).To(BeTrue())
			c := w.plan(t, a, e).Calls[0].Call
			revision := w.observe(t, a, c).RevisionID
			w.Faults().Add(faults.Rule{Action: c.Operation, Times: 1, Effect: faults.Effect{ResetAfter: true}})
			f := fault.From(a.Apply(t.Context(), w.session, c, revision))
			g.Expect(f.Refused).To(BeFalse())
			w.clock.Step(time.Minute)
			g.Expect(w.observe(t, a, c).Fields).To(Equal(c.Writes), "it had arrived")
			g.Expect(w.changes()).To(Equal(1), "and was made once")
		})
	}
}

func TestMoreTimeNeedsMoreConcurrency(t *testing.T) {
	g := NewWithT(t)
	offered := 600.0
	fn := aws.Function{Name: "f", ReservedConcurrency: n(100)}
	g.Expect(expectedConcurrency(fn, use{offered: &offered}, 5)).To(Equal("at 10.0 requests a second, up to 50 executions would run at once if each took the whole 5 s"))
	g.Expect(expectedConcurrency(fn, use{offered: &offered}, 30)).To(HaveSuffix("more than the 100 reserved, so requests could be throttled"))
	g.Expect(expectedConcurrency(fn, use{}, 30)).To(ContainSubstring("no data"))
}

func TestTheCostOfATimeoutIsAnEstimateWithItsSource(t *testing.T) {
	g := NewWithT(t)
	// 1000 executions × 10 s × 0.5 GB × 0.0000166667 USD = 0.0833 USD.
	g.Expect(costOfTimeout("us-east-1", "x86_64", 512, 10)).To(ContainSubstring("at most 0.0833 USD more for every 1000 executions"))
	g.Expect(costOfTimeout("us-east-1", "arm64", 512, 10)).To(ContainSubstring("0.0667 USD"))
	g.Expect(costOfTimeout("eu-north-1", "x86_64", 512, 10)).To(ContainSubstring("no price of Region eu-north-1 is known"))
}
