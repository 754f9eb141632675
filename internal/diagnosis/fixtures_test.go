package diagnosis_test

import (
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
)

const (
	runbookName  = "throttling"
	functionName = v1alpha1.FunctionName("stocks")
)

// steps of every Runbook in these tests: throttles (Sum), concurrency (Maximum), limits, fn and traffic.
func steps() []v1alpha1.Step {
	return []v1alpha1.Step{
		{Name: "throttles", Metric: &v1alpha1.MetricStep{Namespace: "AWS/Lambda", Name: "Throttles", Statistic: "Sum", Window: "15m"}},
		{Name: "concurrency", Metric: &v1alpha1.MetricStep{Namespace: "AWS/Lambda", Name: "ConcurrentExecutions", Statistic: "Maximum", Window: "15m"}},
		{Name: "limits", AccountLimits: &v1alpha1.AccountLimitsStep{}},
		{Name: "fn", FunctionState: &v1alpha1.FunctionStateStep{}},
		{Name: "traffic", TrafficPattern: &v1alpha1.TrafficPatternStep{Window: "1h"}},
	}
}

// spec is a Runbook with one rule, which instructs.
func spec(when string) v1alpha1.RunbookSpec {
	return v1alpha1.RunbookSpec{
		Title:       "Throttling",
		Concern:     v1alpha1.ConcernAvailability,
		Triggers:    []v1alpha1.Trigger{{Metric: &v1alpha1.MetricTrigger{Namespace: "AWS/Lambda", Name: "Throttles"}}},
		Severity:    v1alpha1.SeverityRules{Initial: "P3"},
		Investigate: steps(),
		Diagnose:    []v1alpha1.Rule{rule("TheCause", when)},
	}
}

func rule(cause, when string) v1alpha1.Rule {
	return v1alpha1.Rule{
		Cause: cause, When: when, Confidence: v1alpha1.ConfidenceMedium, Because: "'because it is so'",
		Respond: v1alpha1.Response{Instruct: &v1alpha1.Instruction{Text: "Look."}},
	}
}

// reserving is a Runbook with one rule that always holds and sets the reserved concurrency.
func reserving(value intstr.IntOrString) v1alpha1.RunbookSpec {
	s := spec("true")
	s.Diagnose[0].Respond = v1alpha1.Response{Remediate: []v1alpha1.ActionTemplate{
		{SetReservedConcurrency: &v1alpha1.SetReservedConcurrencyTemplate{Value: value}},
	}}
	return s
}

// seen is complete evidence of a function that reached its reservation of 100.
type seen struct {
	throttles, concurrency v1alpha1.MetricEvidence
	limits                 v1alpha1.AccountLimitsEvidence
	fn                     v1alpha1.FunctionStateEvidence
	traffic                v1alpha1.TrafficPatternEvidence
	gaps                   map[string]string
}

func throttled() seen {
	return seen{
		throttles:   v1alpha1.MetricEvidence{Statistic: "Sum", Value: new(v1alpha1.Number("1842")), Previous: new(v1alpha1.Number("0")), Datapoints: 15},
		concurrency: v1alpha1.MetricEvidence{Statistic: "Maximum", Value: new(v1alpha1.Number("100")), Datapoints: 15},
		limits: v1alpha1.AccountLimitsEvidence{
			ConcurrentExecutions: 1000, Unreserved: 900, UnreservedFloor: 100,
			UnreservedFloorSource: v1alpha1.FloorAssumed, PeakUnreserved: new(int32(40)),
		},
		fn: v1alpha1.FunctionStateEvidence{
			FunctionARN: "arn:aws:lambda:us-east-1:123456789012:function:stocks", MemoryMB: 512, TimeoutSeconds: 30,
			ReservedConcurrency: new(int32(100)), LastUpdateStatus: "Successful",
			EnvironmentNames: []string{"LOG_LEVEL", "TIINGO_API_KEY"},
		},
		traffic: v1alpha1.TrafficPatternEvidence{
			Kind: new(v1alpha1.TrafficGrowth), PeakPerSecond: new(v1alpha1.Number("812.5")),
			AveragePerSecond: new(v1alpha1.Number("600")), Datapoints: 60,
		},
	}
}

// without makes a step a gap.
func (s seen) without(step, message string) seen {
	gaps := map[string]string{step: message}
	for k, v := range s.gaps {
		gaps[k] = v
	}
	s.gaps = gaps
	return s
}

func (s seen) input() diagnosis.Input {
	in := diagnosis.Input{Runbook: runbookName, Function: functionName}
	for _, r := range []struct {
		step     string
		evidence v1alpha1.Evidence
	}{
		{"throttles", v1alpha1.Evidence{Metric: &s.throttles}},
		{"concurrency", v1alpha1.Evidence{Metric: &s.concurrency}},
		{"limits", v1alpha1.Evidence{AccountLimits: &s.limits}},
		{"fn", v1alpha1.Evidence{FunctionState: &s.fn}},
		{"traffic", v1alpha1.Evidence{TrafficPattern: &s.traffic}},
	} {
		result := v1alpha1.StepResult{Runbook: runbookName, Step: r.step, FunctionName: functionName, At: metav1.Time{}, Evidence: &r.evidence}
		if why, ok := s.gaps[r.step]; ok {
			result.Evidence, result.Gap = nil, &v1alpha1.Gap{Reason: "Missing", Message: why}
		}
		in.Evidence = append(in.Evidence, result)
	}
	return in
}

func compile(t *testing.T, s v1alpha1.RunbookSpec) *diagnosis.Program {
	t.Helper()
	p, problems := diagnosis.Compile(s)
	NewWithT(t).Expect(problems).To(BeEmpty())
	return p
}

// ask compiles one rule and asks it.
func ask(t *testing.T, when string, s seen) v1alpha1.RuleResult {
	t.Helper()
	return compile(t, spec(when)).Diagnose(s.input()).Rules[0]
}
