package api

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

var _ = Describe("A Runbook is refused with a sentence for", func() {
	expectSentences("Runbook", []refusal{
		{
			about: "no title",
			path:  "spec.title", value: absent{},
			says: andMore(`spec.title: Required value`),
		},
		{
			about: "an empty title",
			path:  "spec.title", value: "",
			says: `spec.title: Invalid value: "": spec.title in body should be at least 1 chars long`,
		},
		{
			about: "a concern that does not exist",
			path:  "spec.concern", value: "Latency",
			says: andMore(`spec.concern: Unsupported value: "Latency": supported values: "Availability", "Cost", "Credentials"`),
		},
		{
			about: "no trigger",
			path:  "spec.triggers", value: []any{},
			says: `spec.triggers: Invalid value: 0: spec.triggers in body should have at least 1 items`,
		},
		{
			about: "a trigger that says nothing",
			path:  "spec.triggers[0]", value: map[string]any{},
			says: `spec.triggers[0]: Invalid value: set metric to the metric of the alarms that start the procedure: its namespace and name`,
		},
		{
			about: "a trigger whose member is misspelt",
			path:  "spec.triggers[0]", value: map[string]any{"metrics": map[string]any{"namespace": "AWS/Lambda", "name": "Throttles"}},
			says: `spec.triggers[0]: Invalid value: set metric to the metric of the alarms that start the procedure: its namespace and name`,
		},
		{
			about: "a severity that does not exist",
			path:  "spec.severity.initial", value: "Sev1",
			says: andMore(`spec.severity.initial: Unsupported value: "Sev1": supported values: "P1", "P2", "P3", "P4"`),
		},
		{
			about: "a raise to a severity that does not exist",
			path:  "spec.severity.raise[0]", value: map[string]any{"to": "P0", "when": "true"},
			says: andMore(`spec.severity.raise[0].to: Unsupported value: "P0": supported values: "P1", "P2", "P3", "P4"`),
		},
		{
			about: "a raise without a condition",
			path:  "spec.severity.raise[0]", value: map[string]any{"to": "P1"},
			says: andMore(`spec.severity.raise[0].when: Required value`),
		},
		{
			about: "no step",
			path:  "spec.investigate", value: []any{},
			says: `spec.investigate: Invalid value: 0: spec.investigate in body should have at least 1 items`,
		},
		{
			about: "two steps of one name",
			path:  "spec.investigate[1].name", value: "throttles",
			says: `[spec.investigate[1]: Duplicate value: {"name":"throttles"}, spec: Invalid value: two steps have the same name: give each step a name of its own]`,
		},
		{
			about: "a step named in capitals",
			path:  "spec.investigate[1].name", value: "Function",
			says: `spec.investigate[1].name: Invalid value: "Function": a step name starts with a lower-case letter and has letters and digits only, at most 31: rules use it as a variable`,
		},
		{
			about: "a step named with a hyphen",
			path:  "spec.investigate[1].name", value: "function-state",
			says: `spec.investigate[1].name: Invalid value: "function-state": a step name starts with a lower-case letter and has letters and digits only, at most 31: rules use it as a variable`,
		},
		{
			about: "a step with a name that is too long",
			path:  "spec.investigate[1].name", value: strings.Repeat("x", 32),
			says: andMore(`spec.investigate[1].name: Too long: may not be more than 31 bytes`),
		},
		{
			about: "a step named by a word of CEL",
			path:  "spec.investigate[1].name", value: "function",
			says: `spec.investigate[1].name: Invalid value: "function": this step name is reserved in CEL: choose another, such as fn or limits`,
		},
		{
			about: "a step named by a type of CEL",
			path:  "spec.investigate[1].name", value: "duration",
			says: `spec.investigate[1].name: Invalid value: "duration": this step name is reserved in CEL: choose another, such as fn or limits`,
		},
		{
			about: "a step without a name",
			path:  "spec.investigate[1].name", value: absent{},
			says: andMore(`spec.investigate[1].name: Required value`),
		},
		{
			about: "a step that reads nothing",
			path:  "spec.investigate[1]", value: map[string]any{"name": "fn"},
			says: `spec.investigate[1]: Invalid value: ` + exactlyOneOf[v1alpha1.Step](),
		},
		{
			about: "a step that reads two things",
			path:  "spec.investigate[1]", value: map[string]any{"name": "fn", "functionState": map[string]any{}, "accountLimits": map[string]any{}},
			says: `spec.investigate[1]: Invalid value: ` + exactlyOneOf[v1alpha1.Step](),
		},
		{
			about: "a step whose member is misspelt",
			path:  "spec.investigate[1]", value: map[string]any{"name": "fn", "functionstate": map[string]any{}},
			says: `spec.investigate[1]: Invalid value: ` + exactlyOneOf[v1alpha1.Step](),
		},
		{
			about: "a metric of another namespace",
			path:  "spec.investigate[0].metric.namespace", value: "AWS/ApiGateway",
			says: andMore(`spec.investigate[0].metric.namespace: Unsupported value: "AWS/ApiGateway": supported values: "AWS/Lambda"`),
		},
		{
			about: "a metric with a star",
			path:  "spec.investigate[0].metric.name", value: "Throttles*",
			says: `spec.investigate[0].metric.name: Invalid value: "Throttles*": write the name of the metric, such as Throttles: letters, digits, spaces, dots, hyphens and underscores`,
		},
		{
			about: "a metric without a name",
			path:  "spec.investigate[0].metric.name", value: absent{},
			says: andMore(`spec.investigate[0].metric.name: Required value`),
		},
		{
			about: "a statistic in lower case",
			path:  "spec.investigate[0].metric.statistic", value: "sum",
			says: andMore(`spec.investigate[0].metric.statistic: Unsupported value: "sum": supported values: "Sum", "Average", "Minimum", "Maximum", "SampleCount", "p50", "p90", "p95", "p99"`),
		},
		{
			about: "a statistic that is not read",
			path:  "spec.investigate[0].metric.statistic", value: "p99.9",
			says: andMore(`spec.investigate[0].metric.statistic: Unsupported value: "p99.9": supported values: "Sum", "Average", "Minimum", "Maximum", "SampleCount", "p50", "p90", "p95", "p99"`),
		},
		{
			about: "a window in seconds",
			path:  "spec.investigate[0].metric.window", value: "900s",
			says: `spec.investigate[0].metric.window: Invalid value: "900s": write whole minutes or hours from 1m to 3h, such as 15m`,
		},
		{
			about: "a window that is too long",
			path:  "spec.investigate[0].metric.window", value: "4h",
			says: `spec.investigate[0].metric.window: Invalid value: "4h": write whole minutes or hours from 1m to 3h, such as 15m`,
		},
		{
			about: "a window of two units",
			path:  "spec.investigate[0].metric.window", value: "1h30m",
			says: `spec.investigate[0].metric.window: Invalid value: "1h30m": write whole minutes or hours from 1m to 3h, such as 15m`,
		},
		{
			about: "a traffic window that is too short",
			path:  "spec.investigate[1]", value: map[string]any{"name": "traffic", "trafficPattern": map[string]any{"window": "5m"}},
			says: `spec.investigate[1].trafficPattern.window: Invalid value: "5m": write whole minutes or hours from 10m to 3h, such as 1h`,
		},
		{
			about: "no rule",
			path:  "spec.diagnose", value: []any{},
			says: `spec.diagnose: Invalid value: 0: spec.diagnose in body should have at least 1 items`,
		},
		{
			about: "a cause of several words",
			path:  "spec.diagnose[0].cause", value: "reserved concurrency too low",
			says: `spec.diagnose[0].cause: Invalid value: "reserved concurrency too low": write the cause in PascalCase, such as ReservedConcurrencyTooLow: it becomes the reason of a condition`,
		},
		{
			about: "a rule without a condition",
			path:  "spec.diagnose[0].when", value: absent{},
			says: andMore(`spec.diagnose[0].when: Required value`),
		},
		{
			about: "a rule with an empty condition",
			path:  "spec.diagnose[0].when", value: "",
			says: `spec.diagnose[0].when: Invalid value: "": spec.diagnose[0].when in body should be at least 1 chars long`,
		},
		{
			about: "a rule whose condition is no string",
			path:  "spec.diagnose[0].when", value: true,
			says: andMore(`spec.diagnose[0].when: Invalid value: "boolean": spec.diagnose[0].when in body must be of type string: "boolean"`),
		},
		{
			about: "a rule without a reason",
			path:  "spec.diagnose[0].because", value: absent{},
			says: andMore(`spec.diagnose[0].because: Required value`),
		},
		{
			about: "a confidence in percent",
			path:  "spec.diagnose[0].confidence", value: "90%",
			says: andMore(`spec.diagnose[0].confidence: Unsupported value: "90%": supported values: "High", "Medium", "Low"`),
		},
		{
			about: "a rule without a response",
			path:  "spec.diagnose[0].respond", value: absent{},
			says: andMore(`spec.diagnose[0].respond: Required value`),
		},
		{
			about: "a response that says nothing",
			path:  "spec.diagnose[0].respond", value: map[string]any{},
			says: `spec.diagnose[0].respond: Invalid value: set exactly one of remediate, instruct`,
		},
		{
			about: "a response that changes and instructs",
			path:  "spec.diagnose[0].respond", value: map[string]any{"remediate": []any{map[string]any{"setTimeout": map[string]any{"seconds": int64(30)}}}, "instruct": map[string]any{"text": "look"}},
			says: `spec.diagnose[0].respond: Invalid value: set exactly one of remediate, instruct`,
		},
		{
			about: "a response whose member is misspelt",
			path:  "spec.diagnose[0].respond", value: map[string]any{"remediation": []any{}},
			says: `spec.diagnose[0].respond: Invalid value: set exactly one of remediate, instruct`,
		},
		{
			about: "a response of no change",
			path:  "spec.diagnose[0].respond.remediate", value: []any{},
			says: `spec.diagnose[0].respond.remediate: Invalid value: 0: spec.diagnose[0].respond.remediate in body should have at least 1 items`,
		},
		{
			about: "an instruction without a text",
			path:  "spec.diagnose[0].respond", value: map[string]any{"instruct": map[string]any{"text": ""}},
			says: `spec.diagnose[0].respond.instruct.text: Invalid value: "": spec.diagnose[0].respond.instruct.text in body should be at least 1 chars long`,
		},
		{
			about: "a change of nothing",
			path:  "spec.diagnose[0].respond.remediate[0]", value: map[string]any{},
			says: `spec.diagnose[0].respond.remediate[0]: Invalid value: ` + exactlyOneOf[v1alpha1.ActionTemplate](),
		},
		{
			about: "a change of two things",
			path:  "spec.diagnose[0].respond.remediate[0].setTimeout", value: map[string]any{"seconds": int64(30)},
			says: `spec.diagnose[0].respond.remediate[0]: Invalid value: ` + exactlyOneOf[v1alpha1.ActionTemplate](),
		},
		{
			about: "a change whose member is misspelt",
			path:  "spec.diagnose[0].respond.remediate[0]", value: map[string]any{"setReservedConcurency": map[string]any{"value": int64(200)}},
			says: `spec.diagnose[0].respond.remediate[0]: Invalid value: ` + exactlyOneOf[v1alpha1.ActionTemplate](),
		},
		{
			about: "a change to zero, which switches the function off",
			path:  "spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value", value: int64(0),
			says: `spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value: Invalid value: 0: write a number from 1 to 100000, or a CEL expression in quotes`,
		},
		{
			about: "a change to half an execution",
			path:  "spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value", value: 1.5,
			says: andMore(`spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value: Invalid value: "number": spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value in body must be of type integer,string: "number", <nil>: Invalid value: "": "spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value" must validate at least one schema (anyOf), spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value: Invalid value: "number": spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value in body must be of type integer: "number", <nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value`),
		},
		{
			about: "a change to more than an account can have",
			path:  "spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value", value: int64(100001),
			says: `spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value: Invalid value: 100001: write a number from 1 to 100000, or a CEL expression in quotes`,
		},
		{
			about: "a change to an empty expression",
			path:  "spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value", value: "",
			says: `spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value: Invalid value: "": spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value in body should be at least 1 chars long`,
		},
		{
			about: "a timeout longer than Lambda's",
			path:  "spec.diagnose[0].respond.remediate[0]", value: map[string]any{"setTimeout": map[string]any{"seconds": int64(901)}},
			says: `spec.diagnose[0].respond.remediate[0].setTimeout.seconds: Invalid value: 901: write a number from 1 to 900, or a CEL expression in quotes`,
		},
	})
})
