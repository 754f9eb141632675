package diagnosis_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
)

func TestARuleFiresOrDoesNot(t *testing.T) {
	g := NewWithT(t)
	fired := ask(t, "throttles.sum > 0.0 && fn.reservedConcurrency == 100 && traffic.kind in ['Growth', 'Spike']", throttled())
	g.Expect(fired).To(Equal(v1alpha1.RuleResult{
		Runbook: runbookName, Cause: "TheCause", FunctionName: functionName, Confidence: v1alpha1.ConfidenceMedium,
		Verdict: v1alpha1.VerdictFired, Message: "because it is so",
		Uses: []string{"throttles.sum=1842", "fn.reservedConcurrency=100", "traffic.kind=Growth"},
	}))
	not := ask(t, "traffic.peakPerSecond > 900.0", throttled())
	g.Expect(not.Verdict).To(Equal(v1alpha1.VerdictDidNotFire))
	g.Expect(not.Message).To(Equal("the rule does not hold for these values"))
	g.Expect(not.Uses).To(Equal([]string{"traffic.peakPerSecond=812.5"}))
}

func TestAbsentIsNotZero(t *testing.T) {
	none, zero := throttled(), throttled()
	none.fn.ReservedConcurrency = nil
	zero.fn.ReservedConcurrency = new(int32(0))
	for name, c := range map[string]struct {
		when    string
		seen    seen
		verdict v1alpha1.Verdict
		message string
		uses    []string
	}{
		"no reservation, compared": {"throttles.sum > 0.0 && fn.reservedConcurrency > 0", none, v1alpha1.VerdictDidNotFire,
			"fn.reservedConcurrency is not set", []string{"throttles.sum=1842", "fn.reservedConcurrency=not set"}},
		"no reservation is not 0": {"fn.reservedConcurrency == 0", none, v1alpha1.VerdictDidNotFire,
			"fn.reservedConcurrency is not set", []string{"fn.reservedConcurrency=not set"}},
		"no reservation, in arithmetic": {"double(fn.reservedConcurrency) * 0.95 < 1.0", none, v1alpha1.VerdictDidNotFire,
			"fn.reservedConcurrency is not set", []string{"fn.reservedConcurrency=not set"}},
		"no reservation, in a condition": {"(throttles.sum > 0.0 ? fn.reservedConcurrency : 1) > 0", none, v1alpha1.VerdictDidNotFire,
			"fn.reservedConcurrency is not set", []string{"throttles.sum=1842", "fn.reservedConcurrency=not set"}},
		"no reservation, has()": {"!has(fn.reservedConcurrency)", none, v1alpha1.VerdictFired, "because it is so", []string{"fn.reservedConcurrency=not set"}},
		"no reservation, orValue": {"fn.?reservedConcurrency.orValue(-1) == -1", none, v1alpha1.VerdictFired,
			"because it is so", []string{"fn.reservedConcurrency=not set"}},
		"no reservation, made up for by ||": {"fn.reservedConcurrency > 0 || throttles.sum > 0.0", none, v1alpha1.VerdictFired,
			"because it is so", []string{"fn.reservedConcurrency=not set", "throttles.sum=1842"}},
		"switched off":              {"fn.reservedConcurrency == 0", zero, v1alpha1.VerdictFired, "because it is so", []string{"fn.reservedConcurrency=0"}},
		"switched off, has()":       {"has(fn.reservedConcurrency)", zero, v1alpha1.VerdictFired, "because it is so", []string{"fn.reservedConcurrency=0"}},
		"no such key is ours alone": {"{'a': 1}['reservedConcurrency'] > 0", none, v1alpha1.VerdictFailed, "could not be evaluated: no such key: reservedConcurrency", nil},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			r := ask(t, c.when, c.seen)
			g.Expect(r.Verdict).To(Equal(c.verdict))
			g.Expect(r.Message).To(Equal(c.message))
			g.Expect(r.Uses).To(Equal(c.uses))
		})
	}
}

func TestTheFieldThatIsNotSetIsNamedWithItsStep(t *testing.T) {
	s := throttled()
	s.throttles.Value, s.concurrency.Value, s.concurrency.Previous = nil, nil, nil
	g := NewWithT(t)
	g.Expect(ask(t, "!has(throttles.sum) && concurrency.maximum > 1.0", s).Message).To(Equal("concurrency.maximum is not set"))
	second := spec("!has(throttles.sum) && concurrency.sum > 1.0")
	second.Investigate[1].Metric.Statistic = "Sum"
	s.concurrency.Statistic = "Sum"
	g.Expect(compile(t, second).Diagnose(s.input()).Rules[0].Message).To(Equal("concurrency.sum is not set"))
}

func TestAMetricWithoutDatapointsHasNoValue(t *testing.T) {
	s := throttled()
	s.throttles = v1alpha1.MetricEvidence{Statistic: "Sum"}
	g := NewWithT(t)
	for _, when := range []string{"throttles.sum == 0.0", "throttles.sum < 1.0", "throttles.previousSum == 0.0"} {
		r := ask(t, when, s)
		g.Expect(r.Verdict).To(Equal(v1alpha1.VerdictDidNotFire), when)
		g.Expect(r.Message).To(HaveSuffix(" is not set"), when)
	}
	g.Expect(ask(t, "throttles.datapoints == 0 && !has(throttles.sum)", s).Verdict).To(Equal(v1alpha1.VerdictFired))
}

func TestARuleThatNamesAGapIsNotAsked(t *testing.T) {
	s := throttled().without("traffic", "AWS did not answer within 20 s")
	for _, when := range []string{
		"traffic.kind == 'Spike'",
		"throttles.sum > 0.0 || traffic.kind == 'Spike'",
		"!has(traffic.kind)",
		"throttles.sum > 0.0 && !has(fn.alias) || traffic.?kind.orValue('Spike') == 'Spike'",
		"true || traffic.datapoints > 1",
	} {
		t.Run(when, func(t *testing.T) {
			g := NewWithT(t)
			p := compile(t, spec(when))
			result := p.Diagnose(s.input())
			g.Expect(result.Rules[0].Verdict).To(Equal(v1alpha1.VerdictNotAsked))
			g.Expect(result.Rules[0].Message).To(Equal(`needs "traffic", which is missing: AWS did not answer within 20 s`))
			g.Expect(result.Causes).To(BeEmpty())
		})
	}
	NewWithT(t).Expect(ask(t, "throttles.sum > 0.0", s).Verdict).To(Equal(v1alpha1.VerdictFired))
}

func TestEverythingThatIsNotTheStepsEvidenceIsAGap(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*v1alpha1.StepResult)
		want   string
	}{
		"a result of another runbook":  {func(r *v1alpha1.StepResult) { r.Runbook = "other" }, "the step has no result"},
		"a result of another function": {func(r *v1alpha1.StepResult) { r.FunctionName = "other" }, "the step has no result"},
		"a result of another step":     {func(r *v1alpha1.StepResult) { r.Step = "other" }, "the step has no result"},
		"neither evidence nor gap":     {func(r *v1alpha1.StepResult) { r.Evidence = nil }, "the step has no result"},
		"evidence and a gap":           {func(r *v1alpha1.StepResult) { r.Gap = &v1alpha1.Gap{Reason: "Late"} }, "Late"},
		"evidence of another kind": {func(r *v1alpha1.StepResult) {
			r.Evidence = &v1alpha1.Evidence{AccountLimits: &v1alpha1.AccountLimitsEvidence{}}
		},
			"what was recorded is not the evidence of a metric step"},
		"another statistic": {func(r *v1alpha1.StepResult) { r.Evidence.Metric.Statistic = "Maximum" }, "the statistic Maximum was recorded, and the step asks for Sum"},
		"no number":         {func(r *v1alpha1.StepResult) { r.Evidence.Metric.Value = new(v1alpha1.Number("NaN")) }, `"NaN" is not a decimal number`},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			in := throttled().input()
			c.change(&in.Evidence[0])
			r := compile(t, spec("throttles.datapoints >= 0")).Diagnose(in).Rules[0]
			g.Expect(r.Verdict).To(Equal(v1alpha1.VerdictNotAsked))
			g.Expect(r.Message).To(Equal(`needs "throttles", which is missing: ` + c.want))
		})
	}
	in := throttled().input()
	in.Evidence = nil
	r := compile(t, spec("throttles.sum > 0.0 && fn.timeoutSeconds > 1")).Diagnose(in).Rules[0]
	NewWithT(t).Expect(r.Message).To(Equal(`needs "throttles", which is missing: the step has no result; needs "fn", which is missing: the step has no result`))
}

func TestARuleThatCannotBeEvaluatedFails(t *testing.T) {
	g := NewWithT(t)
	r := ask(t, "limits.unreserved / (fn.timeoutSeconds - 30) > 1", throttled())
	g.Expect(r.Verdict).To(Equal(v1alpha1.VerdictFailed))
	g.Expect(r.Message).To(Equal("could not be evaluated: division by zero"))

	s := throttled()
	s.fn.EnvironmentNames = strings.Split(strings.Repeat("NAME ", 40), " ")[:40]
	all := "fn.environmentNames.all(%, !(% in ['x']) && "
	expensive := strings.ReplaceAll(all, "%", "a") + strings.ReplaceAll(all, "%", "b") + strings.ReplaceAll(all, "%", "c") + "true)))"
	r = ask(t, expensive, s)
	g.Expect(r.Verdict).To(Equal(v1alpha1.VerdictFailed))
	g.Expect(r.Message).To(Equal("could not be evaluated: it takes more than 100000 steps of CEL; make it simpler"))
}

func TestOneRuleCanBeAskedAgain(t *testing.T) {
	g := NewWithT(t)
	s := spec("fn.reservedConcurrency > 0")
	s.Diagnose = append(s.Diagnose, rule("Other", "false"))
	p := compile(t, s)
	r, found := p.Ask("TheCause", throttled().input())
	g.Expect(found).To(BeTrue())
	g.Expect(r).To(Equal(p.Diagnose(throttled().input()).Rules[0]))
	_, found = p.Ask("Unknown", throttled().input())
	g.Expect(found).To(BeFalse())
}

func TestCausesAreRankedByConfidenceThenInOrder(t *testing.T) {
	g := NewWithT(t)
	s := spec("true")
	s.Diagnose = nil
	for _, r := range []struct {
		cause      string
		confidence v1alpha1.Confidence
	}{{"LowA", "Low"}, {"MediumA", "Medium"}, {"HighA", "High"}, {"LowB", "Low"}, {"HighB", "High"}, {"MediumB", ""}} {
		entry := rule(r.cause, "true")
		entry.Confidence = r.confidence
		s.Diagnose = append(s.Diagnose, entry)
	}
	causes := compile(t, s).Diagnose(throttled().input()).Causes
	g.Expect(names(causes)).To(Equal([]string{"HighA", "HighB", "MediumA", "MediumB", "LowA", "LowB"}))
	mixed := []v1alpha1.Cause{causes[5], causes[0]}
	g.Expect(names(diagnosis.Rank(mixed))).To(Equal([]string{"HighA", "LowB"}))
	g.Expect(names(mixed)).To(Equal([]string{"LowB", "HighA"}), "the argument is not changed")
}

func names(causes []v1alpha1.Cause) []string {
	var out []string
	for _, c := range causes {
		out = append(out, c.Name)
	}
	return out
}

func TestAReasonThatCannotBeWorkedOutIsReplaced(t *testing.T) {
	for because, problem := range map[string]string{
		"'peak ' + string(limits.peakUnreserved)": "its reason could not be worked out: limits.peakUnreserved is not set",
		"traffic.kind": `its reason could not be worked out: needs "traffic", which is missing: late`,
		"''":           "its reason could not be worked out: it is an empty text",
	} {
		t.Run(because, func(t *testing.T) {
			g := NewWithT(t)
			seen := throttled().without("traffic", "late")
			seen.limits.PeakUnreserved = nil
			s := reserving(intstr.FromInt32(200))
			s.Diagnose[0].Because = because
			result := compile(t, s).Diagnose(seen.input())
			g.Expect(result.Rules[0].Verdict).To(Equal(v1alpha1.VerdictFired))
			g.Expect(result.Causes[0].Because).To(Equal("the rule of the cause TheCause holds"))
			g.Expect(result.Causes[0].Problem).To(Equal(problem))
			g.Expect(result.Causes[0].Actions).To(HaveLen(1), "the action does not need the reason")
		})
	}
}
