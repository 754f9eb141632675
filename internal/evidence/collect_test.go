package evidence

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/number"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

var (
	backend  = v1alpha1.ApplicationFunction{Name: reactstocks.BackendFunction, Alias: reactstocks.Alias}
	newsSync = v1alpha1.ApplicationFunction{Name: reactstocks.NewsSyncFunction}
)

// everyStep asks for each member of the union once, by name.
func everyStep() []v1alpha1.Step {
	return []v1alpha1.Step{
		{Name: "throttles", Metric: &v1alpha1.MetricStep{Namespace: "AWS/Lambda", Name: "Throttles", Statistic: "Sum", Window: "15m"}},
		{Name: "fn", FunctionState: &v1alpha1.FunctionStateStep{}},
		{Name: "limits", AccountLimits: &v1alpha1.AccountLimitsStep{}},
		{Name: "traffic", TrafficPattern: &v1alpha1.TrafficPatternStep{Window: "30m"}},
	}
}

func requests(steps []v1alpha1.Step, functions ...v1alpha1.ApplicationFunction) (all []Request) {
	for _, f := range functions {
		for _, s := range steps {
			all = append(all, Request{Runbook: "lambda-throttling", Step: s, Function: f})
		}
	}
	return all
}

func (w *world) collect(t *testing.T, requests []Request) []v1alpha1.StepResult {
	t.Helper()
	return Collect(t.Context(), Subject{Session: w.session, Now: w.clock.Now()}, requests)
}

func value(g *WithT, n *v1alpha1.Number) float64 {
	v, ok := number.Parse(n)
	g.Expect(ok).To(BeTrue())
	return v
}

func TestEachStepSeesWhatHappened(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Throttling, sim.Options{})
	w.clock.Step(8*time.Minute + 30*time.Second)
	asked := requests(everyStep(), backend)
	results := w.collect(t, asked)
	g.Expect(results).To(HaveLen(4))
	for i, r := range results {
		g.Expect(r.Step).To(Equal(asked[i].Step.Name), "results are in the order of requests")
		g.Expect(r.Runbook).To(Equal("lambda-throttling"))
		g.Expect(r.FunctionName).To(Equal(backend.Name))
		g.Expect(r.At.Time).To(Equal(w.clock.Now()))
		g.Expect(r.Gap).To(BeNil())
		g.Expect(r.Evidence).NotTo(BeNil())
	}
	metric := results[0].Evidence.Metric
	g.Expect(value(g, metric.Value)).To(BeNumerically(">", 100))
	g.Expect(metric.End.Time).To(Equal(epoch.Add(8*time.Minute)), "a window ends on the minute")
	g.Expect(metric.Start.Time).To(Equal(epoch.Add(-7 * time.Minute)))
	g.Expect(metric.Datapoints).To(BeNumerically(">", 0))

	fn := results[1].Evidence.FunctionState
	g.Expect(*fn.ReservedConcurrency).To(BeEquivalentTo(100))
	g.Expect(fn.TimeoutSeconds).To(BeEquivalentTo(30))
	g.Expect(fn.MemoryMB).To(BeEquivalentTo(512))
	g.Expect(fn.LastUpdateStatus).To(Equal("Successful"))
	g.Expect(*fn.Alias).To(Equal("live"))
	g.Expect(*fn.AliasVersion).To(MatchRegexp(`^\d+$`))
	g.Expect(*fn.StackName).To(Equal(reactstocks.Stack))
	g.Expect(fn.EnvironmentNames).To(ContainElement("TIINGO_API_KEY"))

	limits := results[2].Evidence.AccountLimits
	g.Expect(limits.ConcurrentExecutions).To(BeEquivalentTo(1000))
	g.Expect(limits.Unreserved).To(BeEquivalentTo(900))
	g.Expect(limits.UnreservedFloor).To(BeEquivalentTo(100))
	g.Expect(limits.UnreservedFloorSource).To(Equal(v1alpha1.FloorAssumed))
	g.Expect(*limits.PeakUnreserved).To(BeNumerically(">", 0))

	traffic := results[3].Evidence.TrafficPattern
	g.Expect(*traffic.Kind).To(Or(Equal(v1alpha1.TrafficSpike), Equal(v1alpha1.TrafficGrowth)))
	g.Expect(value(g, traffic.PeakPerSecond)).To(BeNumerically(">", value(g, traffic.AveragePerSecond)))
	g.Expect(traffic.Missing).To(Equal([]string{"sources: needs the API's access logs"}))
}

func TestAPatternIsOfTheWindowThatTheStepNames(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	w.clock.Step(2 * time.Hour)
	w.AdvanceTo(w.clock.Now()) // two hours take longer than a call may
	for window, minutes := range map[string]int{"20m": 20, "90m": 90, "": 60} {
		step := v1alpha1.Step{Name: "traffic", TrafficPattern: &v1alpha1.TrafficPatternStep{Window: window}}
		results := w.collect(t, requests([]v1alpha1.Step{step}, backend))
		g.Expect(results[0].Gap).To(BeNil(), "window %q", window)
		g.Expect(results[0].Evidence.TrafficPattern.Datapoints).To(BeEquivalentTo(minutes-1), "window %q: every minute but the newest, whose data are not there yet", window)
	}
}

func TestWhatIsAbsentStaysAbsent(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	w.RemoveFunction(reactstocks.CheckoutFunction)
	results := w.collect(t, append(requests(everyStep(), newsSync),
		Request{Step: everyStep()[0], Function: v1alpha1.ApplicationFunction{Name: "idle"}},
		Request{Step: everyStep()[3], Function: v1alpha1.ApplicationFunction{Name: "idle"}}))
	g.Expect(results[1].Evidence.FunctionState.ReservedConcurrency).To(BeNil(), "none is reserved, which is not 0")
	g.Expect(results[1].Evidence.FunctionState.Alias).To(BeNil())
	g.Expect(results[4].Evidence.Metric.Value).To(BeNil(), "no data are not 0")
	g.Expect(results[4].Evidence.Metric.Datapoints).To(BeZero())
	g.Expect(results[5].Evidence.TrafficPattern.Kind).To(BeNil())
	g.Expect(results[5].Evidence.TrafficPattern.PeakPerSecond).To(BeNil())
}

func TestTheConfiguredFloorIsUsedAndNamed(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	floor := int32(10)
	results := Collect(t.Context(), Subject{Session: w.session, UnreservedFloor: &floor, Now: epoch}, requests(everyStep()[2:3], backend))
	g.Expect(results[0].Evidence.AccountLimits.UnreservedFloor).To(BeEquivalentTo(10))
	g.Expect(results[0].Evidence.AccountLimits.UnreservedFloorSource).To(Equal(v1alpha1.FloorConfigured))
}

func TestEqualReadsAreMadeOnce(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	twice := append(requests(everyStep(), backend, newsSync), requests(everyStep(), backend, newsSync)...)
	from := w.Ledger().Len()
	for _, r := range w.collect(t, twice) {
		g.Expect(r.Gap).To(BeNil())
	}
	calls := map[string]int{}
	for _, e := range w.Ledger().Entries(ledger.After(from)) {
		calls[e.Action()]++
	}
	g.Expect(calls).To(Equal(map[string]int{
		"cloudwatch:GetMetricData": 1, "lambda:GetFunction": 2, "lambda:GetAlias": 1, "lambda:GetAccountSettings": 1,
	}))
}

func TestCollectingChangesNothingAndMayBeRepeated(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Throttling, sim.Options{})
	w.clock.Step(8 * time.Minute)
	before := w.StateHash()
	asked := requests(everyStep(), backend, newsSync)
	first := w.collect(t, asked)
	g.Expect(w.collect(t, asked)).To(Equal(first))
	g.Expect(w.StateHash()).To(Equal(before))
	g.Expect(w.Ledger().Count(ledger.ByRole(reactstocks.GrantRole), ledger.ByClass(ledger.Change))).To(BeZero())
}

func TestNoSecretOfAFunctionIsInItsEvidence(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	text, err := json.Marshal(w.collect(t, requests(everyStep(), backend, newsSync)))
	g.Expect(err).NotTo(HaveOccurred())
	for _, secret := range append(reactstocks.Secrets(), "https://", "awslambda") {
		g.Expect(string(text)).NotTo(ContainSubstring(secret))
	}
}

func TestAStepThatFailsIsAGapAndTheOthersGoOn(t *testing.T) {
	for _, c := range []struct {
		name      string
		rule      faults.Rule
		gaps      []string
		reason    string
		retryable bool
	}{
		{"Lambda is down", faults.Rule{Action: "lambda:GetFunction", Effect: faults.InternalError()}, []string{"fn"}, "AWSUnavailable", true},
		{"metrics are throttled", faults.Rule{Action: "cloudwatch:*", Effect: faults.Effect{Throttle: true}}, []string{"throttles", "limits", "traffic"}, "AWSUnavailable", true},
		{"limits reset", faults.Rule{Action: "lambda:GetAccountSettings", Effect: faults.Effect{ResetBefore: true}}, []string{"limits"}, "AWSUnavailable", true},
		{"refused", faults.Rule{Action: "lambda:GetAlias", Effect: faults.Error("InvalidParameterValueException", "no", 400)}, []string{"fn"}, "Refused", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t, reactstocks.Steady, sim.Options{})
			w.Faults().Add(c.rule)
			for _, r := range w.collect(t, requests(everyStep(), backend)) {
				if !slices.Contains(c.gaps, r.Step) {
					g.Expect(r.Gap).To(BeNil(), r.Step)
					continue
				}
				g.Expect(r.Evidence).To(BeNil())
				g.Expect(r.Gap.Reason).To(Equal(c.reason))
				g.Expect(r.Gap.Message).NotTo(BeEmpty())
				if c.retryable {
					g.Expect(RetryAfter(r.Gap)).To(BeNumerically(">", 0))
				} else {
					g.Expect(RetryAfter(r.Gap)).To(BeZero())
				}
			}
		})
	}
}

func TestAGapNamesTheFunctionThatIsMissing(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	r := w.collect(t, requests(everyStep()[1:2], v1alpha1.ApplicationFunction{Name: "gone"}))
	g.Expect(r[0].Gap.Reason).To(Equal("FunctionNotFound"))
	g.Expect(r[0].Gap.Message).To(ContainSubstring("function gone"))
}

func TestAStepPastItsDeadlineTimedOut(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	for _, r := range Collect(ctx, Subject{Session: w.session, Now: epoch}, requests(everyStep(), backend)) {
		g.Expect(r.Gap.Reason).To(Equal(GapTimedOut))
		g.Expect(RetryAfter(r.Gap)).To(BeNumerically(">", 0))
	}
}

func TestAStepThatNobodyKnowsIsAGap(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	r := w.collect(t, []Request{{Step: v1alpha1.Step{Name: "future"}, Function: backend}})
	g.Expect(r[0].Gap.Reason).To(Equal(GapUnknownStep))
	g.Expect(RetryAfter(r[0].Gap)).To(BeZero())
}

// Every step works with exactly the permissions that it declares, and not with one less.
func TestEveryStepDeclaresItsPermissions(t *testing.T) {
	for _, s := range Steps() {
		t.Run(s.Name(), func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t, reactstocks.Steady, sim.Options{})
			var ask v1alpha1.Step
			for _, candidate := range everyStep() {
				if s.Wants(candidate) {
					ask = candidate
				}
			}
			g.Expect(ask.Name).NotTo(BeEmpty(), "every step is in everyStep")
			allowed := iam.Allow(s.Permissions()...)
			w.IAM().SetRolePolicy(reactstocks.GrantRoleARN, &allowed)
			g.Expect(w.collect(t, requests([]v1alpha1.Step{ask}, backend))[0].Gap).To(BeNil())
			for _, missing := range s.Permissions() {
				if missing == "lambda:ListTags" {
					continue // its absence hides the stack, and is no gap
				}
				rest := iam.Allow(append(slices.DeleteFunc(slices.Clone(s.Permissions()), func(p string) bool { return p == missing }), "sts:GetCallerIdentity")...)
				w.IAM().SetRolePolicy(reactstocks.GrantRoleARN, &rest)
				gap := w.collect(t, requests([]v1alpha1.Step{ask}, backend))[0].Gap
				g.Expect(gap).NotTo(BeNil(), missing)
				g.Expect(gap.Reason).To(Equal("AccessDenied"))
				g.Expect(gap.Message).To(ContainSubstring(missing))
			}
		})
	}
}
