package diagnosis_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
)

func strs(problems []diagnosis.Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.String())
	}
	return out
}

func TestAMistakeIsShownWithItsExactPlace(t *testing.T) {
	rule := func(when string) v1alpha1.RunbookSpec { return spec(when) }
	because := func(text string) v1alpha1.RunbookSpec {
		s := spec("true")
		s.Diagnose[0].Because = text
		return s
	}
	value := func(text string) v1alpha1.RunbookSpec { return reserving(intstr.FromString(text)) }
	timeout := func(seconds intstr.IntOrString) v1alpha1.RunbookSpec {
		s := spec("true")
		s.Diagnose[0].Respond = v1alpha1.Response{Remediate: []v1alpha1.ActionTemplate{{SetTimeout: &v1alpha1.SetTimeoutTemplate{Seconds: seconds}}}}
		return s
	}
	raise := func(when string) v1alpha1.RunbookSpec {
		s := spec("true")
		s.Severity.Raise = []v1alpha1.SeverityRule{{To: "P2", When: when}}
		return s
	}
	const valuePath = "spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value"
	const secondsPath = "spec.diagnose[0].respond.remediate[0].setTimeout.seconds"
	for name, c := range map[string]struct {
		spec v1alpha1.RunbookSpec
		want string
	}{
		"a misspelt field": {rule("throttles.sum > 0.0 && fn.reservedConcurency > 0"),
			"spec.diagnose[0].when: line 1, column 26: undefined field 'reservedConcurency'; fn has alias, aliasVersion, environmentNames, functionARN, lastUpdateStatus, memoryMB, reservedConcurrency, stackLogicalID, stackName, timeoutSeconds"},
		"a misspelt field on the second line": {rule("throttles.sum > 0.0 &&\n  fn.reserved > 0"),
			"spec.diagnose[0].when: line 2, column 5: undefined field 'reserved'; fn has alias, aliasVersion, environmentNames, functionARN, lastUpdateStatus, memoryMB, reservedConcurrency, stackLogicalID, stackName, timeoutSeconds"},
		"a misspelt field in has()": {rule("has(limits.floor)"),
			"spec.diagnose[0].when: line 1, column 4: undefined field 'floor'; limits has concurrentExecutions, peakUnreserved, unreserved, unreservedFloor, unreservedFloorSource"},
		"a misspelt step": {rule("throtles.sum > 0.0"),
			"spec.diagnose[0].when: line 1, column 1: undeclared reference to 'throtles' (in container ''); the steps are throttles, concurrency, limits, fn, traffic"},
		"a statistic that the step did not ask for": {rule("throttles.maximum > 0.0"),
			"spec.diagnose[0].when: line 1, column 10: undefined field 'maximum'; throttles has datapoints, previousSum, sum"},
		"a wrong type": {rule("fn.lastUpdateStatus > 3"),
			"spec.diagnose[0].when: line 1, column 21: found no matching overload for '_>_' applied to '(string, int)'"},
		"a double and an int": {rule("throttles.sum + fn.timeoutSeconds > 0.0"),
			"spec.diagnose[0].when: line 1, column 15: found no matching overload for '_+_' applied to '(double, int)'; write double(…) around the int"},
		"a rule that yields no bool": {rule("throttles.sum"),
			"spec.diagnose[0].when: line 1, column 1: the expression yields double, expected bool"},
		"a rule that yields no bool, after a comment": {rule("// many\n\n  throttles.sum"),
			"spec.diagnose[0].when: line 3, column 3: the expression yields double, expected bool"},
		"a rule of unknown type": {rule("dyn(true)"),
			"spec.diagnose[0].when: line 1, column 1: the expression yields dyn, expected bool"},
		"a reason that is a number": {because("throttles.sum"),
			"spec.diagnose[0].because: line 1, column 1: the expression yields double, expected string: write string(…) around it"},
		"an int field fed by a double": {value("throttles.sum * 2.0"),
			valuePath + ": line 1, column 1: the expression yields double, expected int: write int(…) around it"},
		"an int field fed by a string": {value("'200'"),
			valuePath + ": line 1, column 1: the expression yields string, expected int"},
		"a mistake on the second line of a template": {value("fn.reservedConcurrency +\n  throttles.sum"),
			valuePath + ": line 1, column 24: found no matching overload for '_+_' applied to '(int, double)'; write double(…) around the int"},
		"a function that Kubernetes does not have": {value("min(fn.reservedConcurrency, 100)"),
			valuePath + ": line 1, column 4: found no matching overload for 'min' applied to '(int, int)'; write [a, b].min() or [a, b].max()"},
		"a constant out of bounds": {value("\n 50 * 4000"),
			valuePath + ": line 2, column 2: value would be 200000, and may be from 1 to 100000"},
		"a constant that cannot be computed": {value("1 / 0"),
			valuePath + ": line 1, column 1: value could not be evaluated: division by zero"},
		"a number out of bounds": {timeout(intstr.FromInt32(901)),
			secondsPath + ": seconds would be 901, and may be from 1 to 900"},
		"a zero, which would switch the function off": {reserving(intstr.FromInt32(0)),
			valuePath + ": value would be 0, and may be from 1 to 100000"},
		"a severity rule": {raise("throttles.sum"),
			"spec.severity.raise[0].when: line 1, column 1: the expression yields double, expected bool"},
		"a variable that hides a step": {rule("throttles.sum > 0.0 &&\n fn.environmentNames.exists(traffic, traffic == 'A')"),
			`spec.diagnose[0].when: line 2, column 28: the variable "traffic" hides the step of that name: name it otherwise`},
		"the time, which a rule must not know": {rule("now() > timestamp('2026-01-01T00:00:00Z')"),
			"spec.diagnose[0].when: line 1, column 4: undeclared reference to 'now' (in container '')"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			p, problems := diagnosis.Compile(c.spec)
			g.Expect(p).To(BeNil())
			g.Expect(strs(problems)).To(Equal([]string{c.want}))
		})
	}
}

func TestASyntaxErrorIsShownWithItsPlace(t *testing.T) {
	g := NewWithT(t)
	_, problems := diagnosis.Compile(spec("throttles.sum > 0.0 &&\n&& true"))
	g.Expect(problems).NotTo(BeEmpty())
	g.Expect(problems[0].String()).To(HavePrefix("spec.diagnose[0].when: line 2, column 1: Syntax error"))
}

func TestAnExpressionThatIsNestedTooDeeplyIsToldSoWithoutAPlace(t *testing.T) {
	g := NewWithT(t)
	for _, when := range []string{
		strings.Repeat("(", 600) + "true" + strings.Repeat(")", 600), strings.Repeat("[", 900) + strings.Repeat("]", 900) + " == []",
	} {
		_, problems := diagnosis.Compile(spec(when))
		g.Expect(strs(problems)).To(Equal([]string{
			"spec.diagnose[0].when: the expression is nested more than 250 levels deep, which CEL does not read: write it with fewer levels, or as more than one rule",
		}), when)
	}
}

func TestEveryMistakeIsReported(t *testing.T) {
	g := NewWithT(t)
	s := spec("throtles.sum > 0.0 && fn.reserved > 0")
	s.Severity.Raise = []v1alpha1.SeverityRule{{To: "P2", When: "1"}}
	s.Diagnose[0].Because = "fn"
	s.Diagnose[0].Respond.Instruct = nil
	s.Diagnose = append(s.Diagnose, rule("TheCause", "true"))
	s.Investigate = append(s.Investigate, v1alpha1.Step{Name: "fn", FunctionState: &v1alpha1.FunctionStateStep{}}, v1alpha1.Step{Name: "empty"})
	p, problems := diagnosis.Compile(s)
	g.Expect(p).To(BeNil())
	var places []string
	for _, problem := range strs(problems) {
		place, _, _ := strings.Cut(problem, ";")
		places = append(places, place)
	}
	g.Expect(places).To(Equal([]string{
		`spec.investigate[5].name: another step is named "fn": give each step a name of its own`,
		"spec.investigate[6]: " + oneOf(t, "investigate"),
		"spec.severity.raise[0].when: line 1, column 1: the expression yields int, expected bool",
		"spec.diagnose[0].when: line 1, column 1: undeclared reference to 'throtles' (in container '')",
		"spec.diagnose[0].when: line 1, column 25: undefined field 'reserved'",
		"spec.diagnose[0].because: line 1, column 1: the expression yields functionState, expected string",
		"spec.diagnose[0].respond: set exactly one of remediate, instruct",
		"spec.diagnose[1].cause: another rule names the cause TheCause: join the two with ||, or name another cause",
	}))
}

func TestATemplateWithoutAnActionDoesNotCompile(t *testing.T) {
	s := spec("true")
	s.Diagnose[0].Respond = v1alpha1.Response{Remediate: []v1alpha1.ActionTemplate{{}}}
	_, problems := diagnosis.Compile(s)
	NewWithT(t).Expect(strs(problems)).To(Equal([]string{
		"spec.diagnose[0].respond.remediate[0]: " + oneOf(t, "diagnose", "respond", "remediate"),
	}))
}

func TestEveryStatisticHasItsFields(t *testing.T) {
	for statistic, fields := range map[string][2]string{
		"Sum": {"sum", "previousSum"}, "Average": {"average", "previousAverage"},
		"Minimum": {"minimum", "previousMinimum"}, "Maximum": {"maximum", "previousMaximum"},
		"SampleCount": {"sampleCount", "previousSampleCount"},
		"p50":         {"p50", "previousP50"}, "p90": {"p90", "previousP90"}, "p95": {"p95", "previousP95"}, "p99": {"p99", "previousP99"},
	} {
		t.Run(statistic, func(t *testing.T) {
			g := NewWithT(t)
			s := spec("throttles." + fields[0] + " == 12.5 && throttles." + fields[1] + " == 3.0 && throttles.datapoints == 15")
			s.Investigate[0].Metric.Statistic = statistic
			evidence := throttled()
			evidence.throttles = v1alpha1.MetricEvidence{Statistic: statistic, Value: new(v1alpha1.Number("12.5")), Previous: new(v1alpha1.Number("3")), Datapoints: 15}
			g.Expect(compile(t, s).Diagnose(evidence.input()).Rules[0].Verdict).To(Equal(v1alpha1.VerdictFired))
		})
	}
}

func TestTheLibrariesAreThoseOfAdmissionPolicies(t *testing.T) {
	for _, when := range []string{
		"[3, 1, 2].min() == 1 && [1.5, 2.0].max() == 2.0 && [1, 2].sum() == 3",
		"fn.?reservedConcurrency.orValue(-1) == 100",
		"'%.1f'.format([throttles.sum]) == '1,842.0'",
		"fn.functionARN.split(':')[3] == 'us-east-1' && fn.lastUpdateStatus.matches('^S')",
		"sets.contains(fn.environmentNames, ['LOG_LEVEL'])",
		"fn.environmentNames.all(i, name, i < 2 && name != '')",
		"throttles.sum > 0 && throttles.sum > fn.timeoutSeconds",
	} {
		t.Run(when, func(t *testing.T) {
			NewWithT(t).Expect(ask(t, when, throttled()).Verdict).To(Equal(v1alpha1.VerdictFired))
		})
	}
}
