package evidence

import (
	"context"
	"encoding/json"
	"path"
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

// example is one step of everyStep.
func example(g *WithT, name string) v1alpha1.Step {
	all := everyStep()
	i := slices.IndexFunc(all, func(s v1alpha1.Step) bool { return s.Name == name })
	g.Expect(i).To(BeNumerically(">=", 0), "everyStep has a step named %s", name)
	return all[i]
}

// seen is the evidence of the step of a name at a function.
func seen(g *WithT, results []v1alpha1.StepResult, name string, of v1alpha1.FunctionName) *v1alpha1.Evidence {
	i := slices.IndexFunc(results, func(r v1alpha1.StepResult) bool { return r.Step == name && r.FunctionName == of })
	g.Expect(i).To(BeNumerically(">=", 0), "there is a result of %s at %s", name, of)
	g.Expect(results[i].Evidence).NotTo(BeNil(), "%s at %s", name, of)
	return results[i].Evidence
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
	g.Expect(results).To(HaveLen(len(asked)))
	for i, r := range results {
		g.Expect(r.Step).To(Equal(asked[i].Step.Name), "results are in the order of requests")
		g.Expect(r.Runbook).To(Equal("lambda-throttling"))
		g.Expect(r.FunctionName).To(Equal(backend.Name))
		g.Expect(r.At.Time).To(Equal(w.clock.Now()))
		g.Expect(r.Gap).To(BeNil())
		g.Expect(r.Evidence).NotTo(BeNil())
	}
	metric := seen(g, results, "throttles", backend.Name).Metric
	g.Expect(value(g, metric.Value)).To(BeNumerically(">", 100))
	g.Expect(metric.End.Time).To(Equal(epoch.Add(8*time.Minute)), "a window ends on the minute")
	g.Expect(metric.Start.Time).To(Equal(epoch.Add(-7 * time.Minute)))
	g.Expect(metric.Datapoints).To(BeNumerically(">", 0))

	fn := seen(g, results, "fn", backend.Name).FunctionState
	g.Expect(*fn.ReservedConcurrency).To(BeEquivalentTo(100))
	g.Expect(fn.TimeoutSeconds).To(BeEquivalentTo(30))
	g.Expect(fn.MemoryMB).To(BeEquivalentTo(512))
	g.Expect(fn.LastUpdateStatus).To(Equal("Successful"))
	g.Expect(*fn.Alias).To(Equal("live"))
	g.Expect(*fn.AliasVersion).To(MatchRegexp(`^\d+$`))
	g.Expect(*fn.StackName).To(Equal(reactstocks.Stack))
	g.Expect(fn.EnvironmentNames).To(ContainElement("TIINGO_API_KEY"))

	limits := seen(g, results, "limits", backend.Name).AccountLimits
	g.Expect(limits.ConcurrentExecutions).To(BeEquivalentTo(1000))
	g.Expect(limits.Unreserved).To(BeEquivalentTo(900))
	g.Expect(limits.UnreservedFloor).To(BeEquivalentTo(100))
	g.Expect(limits.UnreservedFloorSource).To(Equal(v1alpha1.FloorAssumed))
	g.Expect(*limits.PeakUnreserved).To(BeNumerically(">", 0))

	traffic := seen(g, results, "traffic", backend.Name).TrafficPattern
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
	const idle = v1alpha1.FunctionName("idle")
	results := w.collect(t, append(requests(everyStep(), newsSync),
		Request{Step: example(g, "throttles"), Function: v1alpha1.ApplicationFunction{Name: idle}},
		Request{Step: example(g, "traffic"), Function: v1alpha1.ApplicationFunction{Name: idle}}))
	fn := seen(g, results, "fn", newsSync.Name).FunctionState
	g.Expect(fn.ReservedConcurrency).To(BeNil(), "none is reserved, which is not 0")
	g.Expect(fn.Alias).To(BeNil())
	metric := seen(g, results, "throttles", idle).Metric
	g.Expect(metric.Value).To(BeNil(), "no data are not 0")
	g.Expect(metric.Datapoints).To(BeZero())
	traffic := seen(g, results, "traffic", idle).TrafficPattern
	g.Expect(traffic.Kind).To(BeNil())
	g.Expect(traffic.PeakPerSecond).To(BeNil())
}

func TestTheConfiguredFloorIsUsedAndNamed(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	floor := int32(10)
	results := Collect(t.Context(), Subject{Session: w.session, UnreservedFloor: &floor, Now: epoch}, requests([]v1alpha1.Step{example(g, "limits")}, backend))
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
	calls, equal := map[string]int{}, map[string]int{}
	for _, e := range w.Ledger().Entries(ledger.After(from)) {
		input, err := json.Marshal(e.Input)
		g.Expect(err).NotTo(HaveOccurred())
		calls[e.Action()]++
		equal[e.Action()+" "+string(input)]++
	}
	for action, times := range map[string]int{
		"cloudwatch:GetMetricData": 1, "lambda:GetFunction": 2, "lambda:GetAlias": 1, "lambda:GetAccountSettings": 1,
	} {
		g.Expect(calls).To(HaveKeyWithValue(action, times))
	}
	g.Expect(equal).To(HaveEach(1))
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
		calls     string // the calls that fail: whoever declares one of them has a gap
		gaps      []string
		reason    string
		retryable bool
	}{
		{"Lambda is down", faults.Rule{Effect: faults.InternalError()}, "lambda:GetFunction", []string{"fn"}, "AWSUnavailable", true},
		{"metrics are throttled", faults.Rule{Effect: faults.Effect{Throttle: true}}, "cloudwatch:*", []string{"throttles", "limits", "traffic"}, "AWSUnavailable", true},
		{"limits reset", faults.Rule{Effect: faults.Effect{ResetBefore: true}}, "lambda:GetAccountSettings", []string{"limits"}, "AWSUnavailable", true},
		{"refused", faults.Rule{Effect: faults.Error("InvalidParameterValueException", "no", 400)}, "lambda:GetAlias", []string{"fn"}, "Refused", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			w := newWorld(t, reactstocks.Steady, sim.Options{})
			c.rule.Action = c.calls
			w.Faults().Add(c.rule)
			var gaps []string
			asked := requests(everyStep(), backend)
			for i, r := range w.collect(t, asked) {
				needs := slices.ContainsFunc(stepOf(asked[i].Step).Permissions(), func(p string) bool {
					matched, err := path.Match(c.calls, p)
					g.Expect(err).NotTo(HaveOccurred())
					return matched
				})
				if !needs {
					g.Expect(r.Gap).To(BeNil(), r.Step)
					continue
				}
				gaps = append(gaps, r.Step)
				g.Expect(r.Evidence).To(BeNil())
				g.Expect(r.Gap).NotTo(BeNil(), r.Step)
				g.Expect(r.Gap.Reason).To(Equal(c.reason))
				g.Expect(r.Gap.Message).NotTo(BeEmpty())
				if c.retryable {
					g.Expect(RetryAfter(r.Gap)).To(BeNumerically(">", 0))
				} else {
					g.Expect(RetryAfter(r.Gap)).To(BeZero())
				}
			}
			g.Expect(gaps).To(ContainElements(c.gaps))
		})
	}
}

func TestAGapNamesTheFunctionThatIsMissing(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	r := w.collect(t, requests([]v1alpha1.Step{example(g, "fn")}, v1alpha1.ApplicationFunction{Name: "gone"}))
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
