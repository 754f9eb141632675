package diagnosis_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
)

func metric(statistic string, value, previous v1alpha1.Number) v1alpha1.Evidence {
	e := v1alpha1.Evidence{Metric: &v1alpha1.MetricEvidence{Statistic: statistic, Datapoints: 15}}
	if value != "" {
		e.Metric.Value = &value
	}
	if previous != "" {
		e.Metric.Previous = &previous
	}
	return e
}

// inputOf names the steps of a shipped Runbook; a step that is not given is a gap.
func inputOf(name string, evidence map[string]v1alpha1.Evidence) diagnosis.Input {
	in := diagnosis.Input{Runbook: name, Function: functionName}
	for step, e := range evidence {
		in.Evidence = append(in.Evidence, v1alpha1.StepResult{Runbook: name, Step: step, FunctionName: functionName, Evidence: &e})
	}
	return in
}

// outcome is what a shipped Runbook says: causes in rank order, the first cause's actions, the severity.
type outcome struct {
	causes   []string
	actions  []v1alpha1.Action
	severity v1alpha1.Severity
}

func outcomeOf(g Gomega, r diagnosis.Result) outcome {
	o := outcome{causes: names(r.Causes), severity: r.Severity}
	for _, c := range r.Causes {
		g.Expect(c.Problem).To(BeEmpty(), c.Name)
	}
	if len(r.Causes) > 0 {
		o.actions = r.Causes[0].Actions
	}
	return o
}

func TestLambdaThrottling(t *testing.T) {
	type facts struct {
		throttles, invocations, concurrency v1alpha1.Number
		reserved, peak                      *int32
		unreserved                          int32
		traffic                             v1alpha1.TrafficKind
	}
	n := func(i int32) *int32 { return &i }
	for name, c := range map[string]struct {
		facts facts
		want  outcome
	}{
		"the reservation is too low": {facts{"800", "90000", "100", n(100), n(40), 900, "Growth"},
			outcome{[]string{"ReservedConcurrencyTooLow"}, reserve(200), "P3"}},
		"the same, with a spike, as a second explanation": {facts{"1842", "90000", "100", n(100), n(40), 900, "Spike"},
			outcome{[]string{"ReservedConcurrencyTooLow", "TrafficSpike"}, reserve(200), "P2"}},
		"many users: more than one request in twenty": {facts{"500", "5000", "100", n(100), n(40), 900, "Steady"},
			outcome{[]string{"ReservedConcurrencyTooLow"}, reserve(200), "P2"}},
		"a nearly exhausted account": {facts{"800", "90000", "98", n(100), n(40), 150, "Growth"},
			outcome{[]string{"ReservedConcurrencyTooLow"}, reserve(150), "P3"}},
		"an exhausted account: a person is told, and no change is proposed that gives nothing": {facts{"800", "90000", "100", n(100), n(40), 100, "Growth"},
			outcome{[]string{"NothingLeftToReserve", "ReservedConcurrencyTooLow"}, nil, "P3"}},
		"an account with less than AWS keeps": {facts{"800", "90000", "100", n(100), n(40), 90, "Growth"},
			outcome{[]string{"NothingLeftToReserve", "ReservedConcurrencyTooLow"}, nil, "P3"}},
		"an account with one left": {facts{"800", "90000", "100", n(100), n(40), 101, "Growth"},
			outcome{[]string{"ReservedConcurrencyTooLow"}, reserve(101), "P3"}},
		"switched off: never raised, not even in a spike": {facts{"1842", "", "0", n(0), n(40), 900, "Spike"},
			outcome{[]string{"EmergencyStop", "TrafficSpike"}, nil, "P2"}},
		"no reservation, and the pool is used up": {facts{"800", "90000", "870", nil, n(898), 900, "Growth"},
			outcome{[]string{"AccountConcurrencyExhausted"}, nil, "P3"}},
		"no reservation, and room in the pool": {facts{"800", "90000", "100", nil, n(400), 900, "Growth"},
			outcome{nil, nil, "P3"}},
		"no reservation, and no data of the pool": {facts{"800", "90000", "100", nil, nil, 900, "Growth"},
			outcome{nil, nil, "P3"}},
		"below the reservation": {facts{"800", "90000", "60", n(100), n(40), 900, "Steady"},
			outcome{nil, nil, "P3"}},
		"no throttles any more": {facts{"0", "90000", "100", n(100), n(40), 900, "Spike"},
			outcome{nil, nil, "P3"}},
		"no data of throttles": {facts{"", "90000", "100", n(100), n(40), 900, "Spike"},
			outcome{nil, nil, "P3"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			f := c.facts
			r := compile(t, library(t)["lambda-throttling"].Spec).Diagnose(inputOf("lambda-throttling", map[string]v1alpha1.Evidence{
				"throttles": metric("Sum", f.throttles, ""), "invocations": metric("Sum", f.invocations, ""),
				"concurrency": metric("Maximum", f.concurrency, ""),
				"limits": {AccountLimits: &v1alpha1.AccountLimitsEvidence{ConcurrentExecutions: 1000, Unreserved: f.unreserved,
					UnreservedFloor: 100, UnreservedFloorSource: v1alpha1.FloorAssumed, PeakUnreserved: f.peak}},
				"fn": {FunctionState: &v1alpha1.FunctionStateEvidence{TimeoutSeconds: 30, ReservedConcurrency: f.reserved, LastUpdateStatus: "Successful"}},
				"traffic": {TrafficPattern: &v1alpha1.TrafficPatternEvidence{Kind: &f.traffic,
					PeakPerSecond: new(v1alpha1.Number("812.5")), AveragePerSecond: new(v1alpha1.Number("600")), Datapoints: 60}},
			}))
			g.Expect(outcomeOf(g, r)).To(Equal(c.want))
		})
	}
}

func TestLambdaThrottlingWithoutTheAccountsLimitsProposesNothing(t *testing.T) {
	g := NewWithT(t)
	r := compile(t, library(t)["lambda-throttling"].Spec).Diagnose(inputOf("lambda-throttling", map[string]v1alpha1.Evidence{
		"throttles": metric("Sum", "1842", ""), "concurrency": metric("Maximum", "100", ""),
		"fn": {FunctionState: &v1alpha1.FunctionStateEvidence{ReservedConcurrency: new(int32(100))}},
	}))
	g.Expect(names(r.Causes)).To(Equal([]string{"ReservedConcurrencyTooLow"}))
	g.Expect(r.Causes[0].Because).To(Equal("the function reached its reserved concurrency of 100, and 1842 requests were throttled"))
	g.Expect(r.Causes[0].Actions).To(BeEmpty())
	g.Expect(r.Causes[0].Problem).To(Equal(`setReservedConcurrency is not proposed: value needs "limits", which is missing: the step has no result`))
}

func TestLambdaTimeouts(t *testing.T) {
	timeout := func(s int32) []v1alpha1.Action {
		return []v1alpha1.Action{{SetTimeout: &v1alpha1.SetTimeout{Seconds: s}}}
	}
	for name, c := range map[string]struct {
		p99, average, before, errors v1alpha1.Number
		timeout                      int32
		want                         outcome
	}{
		"the slowest need longer":                 {"29900", "8000", "7000", "20", 30, outcome{[]string{"TimeoutTooShort"}, timeout(60), "P3"}},
		"the same, and it was faster before":      {"30000", "8000", "3000", "900", 30, outcome{[]string{"TimeoutTooShort", "SlowerThanBefore"}, timeout(60), "P2"}},
		"pinned at the timeout":                   {"30000", "29500", "2000", "9000", 30, outcome{[]string{"SlowDependency", "SlowerThanBefore"}, nil, "P2"}},
		"well within the timeout":                 {"20000", "8000", "7000", "", 30, outcome{nil, nil, "P3"}},
		"never above what Lambda has":             {"600000", "90000", "", "20", 600, outcome{[]string{"TimeoutTooShort"}, timeout(900), "P3"}},
		"at the longest timeout":                  {"899000", "90000", "", "20", 900, outcome{[]string{"TimeoutAtMaximum"}, nil, "P3"}},
		"no data":                                 {"", "", "", "", 30, outcome{nil, nil, "P3"}},
		"no data before: the comparison is unset": {"30000", "8000", "", "20", 30, outcome{[]string{"TimeoutTooShort"}, timeout(60), "P3"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := compile(t, library(t)["lambda-timeouts"].Spec).Diagnose(inputOf("lambda-timeouts", map[string]v1alpha1.Evidence{
				"slowest": metric("p99", c.p99, ""), "typical": metric("Average", c.average, c.before),
				"errors": metric("Sum", c.errors, ""), "invocations": metric("Sum", "10000", ""),
				"fn": {FunctionState: &v1alpha1.FunctionStateEvidence{TimeoutSeconds: c.timeout, LastUpdateStatus: "Successful"}},
			}))
			g.Expect(outcomeOf(g, r)).To(Equal(c.want))
		})
	}
}

func TestThePercentileThatAPersonReadsIsSaidToBeOfTheWorstMinute(t *testing.T) {
	g := NewWithT(t)
	r := compile(t, library(t)["lambda-timeouts"].Spec).Diagnose(inputOf("lambda-timeouts", map[string]v1alpha1.Evidence{
		"slowest": metric("p99", "29900", ""), "typical": metric("Average", "8000", "7000"),
		"errors": metric("Sum", "20", ""), "invocations": metric("Sum", "10000", ""),
		"fn": {FunctionState: &v1alpha1.FunctionStateEvidence{TimeoutSeconds: 30, LastUpdateStatus: "Successful"}},
	}))
	g.Expect(r.Causes).To(HaveLen(1))
	g.Expect(r.Causes[0].Because).To(Equal(
		"the slowest executions take 29.9 s (p99 of the worst minute) and the timeout is 30 s; the average is 8.0 s"))
}
