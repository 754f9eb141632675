package api

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
)

var _ = Describe("A Runbook is refused with a sentence for", func() {
	expectSentences("Runbook", []refusal{
		{
			about: "no title",
			path:  "spec.title", value: absent{},
			says: ``,
		},
		{
			about: "an empty title",
			path:  "spec.title", value: "",
			says: ``,
		},
		{
			about: "a concern that does not exist",
			path:  "spec.concern", value: "Latency",
			says: ``,
		},
		{
			about: "no trigger",
			path:  "spec.triggers", value: []any{},
			says: ``,
		},
		{
			about: "a trigger that says nothing",
			path:  "spec.triggers[0]", value: map[string]any{},
			says: ``,
		},
		{
			about: "a trigger whose member is misspelt",
			path:  "spec.triggers[0]", value: map[string]any{"metrics": map[string]any{"namespace": "AWS/Lambda", "name": "Throttles"}},
			says: ``,
		},
		{
			about: "a severity that does not exist",
			path:  "spec.severity.initial", value: "Sev1",
			says: ``,
		},
		{
			about: "a raise to a severity that does not exist",
			path:  "spec.severity.raise[0]", value: map[string]any{"to": "P0", "when": "true"},
			says: ``,
		},
		{
			about: "a raise without a condition",
			path:  "spec.severity.raise[0]", value: map[string]any{"to": "P1"},
			says: ``,
		},
		{
			about: "no step",
			path:  "spec.investigate", value: []any{},
			says: ``,
		},
		{
			about: "two steps of one name",
			path:  "spec.investigate[1].name", value: "throttles",
			says: ``,
		},
		{
			about: "a step named in capitals",
			path:  "spec.investigate[1].name", value: "Function",
			says: ``,
		},
		{
			about: "a step named with a hyphen",
			path:  "spec.investigate[1].name", value: "function-state",
			says: ``,
		},
		{
			about: "a step with a name that is too long",
			path:  "spec.investigate[1].name", value: strings.Repeat("x", 32),
			says: ``,
		},
		{
			about: "a step named by a word of CEL",
			path:  "spec.investigate[1].name", value: "function",
			says: ``,
		},
		{
			about: "a step named by a type of CEL",
			path:  "spec.investigate[1].name", value: "duration",
			says: ``,
		},
		{
			about: "a step without a name",
			path:  "spec.investigate[1].name", value: absent{},
			says: ``,
		},
		{
			about: "a step that reads nothing",
			path:  "spec.investigate[1]", value: map[string]any{"name": "fn"},
			says: ``,
		},
		{
			about: "a step that reads two things",
			path:  "spec.investigate[1]", value: map[string]any{"name": "fn", "functionState": map[string]any{}, "accountLimits": map[string]any{}},
			says: ``,
		},
		{
			about: "a step whose member is misspelt",
			path:  "spec.investigate[1]", value: map[string]any{"name": "fn", "functionstate": map[string]any{}},
			says: ``,
		},
		{
			about: "a metric of another namespace",
			path:  "spec.investigate[0].metric.namespace", value: "AWS/ApiGateway",
			says: ``,
		},
		{
			about: "a metric with a star",
			path:  "spec.investigate[0].metric.name", value: "Throttles*",
			says: ``,
		},
		{
			about: "a metric without a name",
			path:  "spec.investigate[0].metric.name", value: absent{},
			says: ``,
		},
		{
			about: "a statistic in lower case",
			path:  "spec.investigate[0].metric.statistic", value: "sum",
			says: ``,
		},
		{
			about: "a statistic that is not read",
			path:  "spec.investigate[0].metric.statistic", value: "p99.9",
			says: ``,
		},
		{
			about: "a window in seconds",
			path:  "spec.investigate[0].metric.window", value: "900s",
			says: ``,
		},
		{
			about: "a window that is too long",
			path:  "spec.investigate[0].metric.window", value: "4h",
			says: ``,
		},
		{
			about: "a window of two units",
			path:  "spec.investigate[0].metric.window", value: "1h30m",
			says: ``,
		},
		{
			about: "a traffic window that is too short",
			path:  "spec.investigate[1]", value: map[string]any{"name": "traffic", "trafficPattern": map[string]any{"window": "5m"}},
			says: ``,
		},
		{
			about: "no rule",
			path:  "spec.diagnose", value: []any{},
			says: ``,
		},
		{
			about: "a cause of several words",
			path:  "spec.diagnose[0].cause", value: "reserved concurrency too low",
			says: ``,
		},
		{
			about: "a rule without a condition",
			path:  "spec.diagnose[0].when", value: absent{},
			says: ``,
		},
		{
			about: "a rule with an empty condition",
			path:  "spec.diagnose[0].when", value: "",
			says: ``,
		},
		{
			about: "a rule whose condition is no string",
			path:  "spec.diagnose[0].when", value: true,
			says: ``,
		},
		{
			about: "a rule without a reason",
			path:  "spec.diagnose[0].because", value: absent{},
			says: ``,
		},
		{
			about: "a confidence in percent",
			path:  "spec.diagnose[0].confidence", value: "90%",
			says: ``,
		},
		{
			about: "a rule without a response",
			path:  "spec.diagnose[0].respond", value: absent{},
			says: ``,
		},
		{
			about: "a response that says nothing",
			path:  "spec.diagnose[0].respond", value: map[string]any{},
			says: ``,
		},
		{
			about: "a response that changes and instructs",
			path:  "spec.diagnose[0].respond", value: map[string]any{"remediate": []any{map[string]any{"setTimeout": map[string]any{"seconds": int64(30)}}}, "instruct": map[string]any{"text": "look"}},
			says: ``,
		},
		{
			about: "a response whose member is misspelt",
			path:  "spec.diagnose[0].respond", value: map[string]any{"remediation": []any{}},
			says: ``,
		},
		{
			about: "a response of no change",
			path:  "spec.diagnose[0].respond.remediate", value: []any{},
			says: ``,
		},
		{
			about: "an instruction without a text",
			path:  "spec.diagnose[0].respond", value: map[string]any{"instruct": map[string]any{"text": ""}},
			says: ``,
		},
		{
			about: "a change of nothing",
			path:  "spec.diagnose[0].respond.remediate[0]", value: map[string]any{},
			says: ``,
		},
		{
			about: "a change of two things",
			path:  "spec.diagnose[0].respond.remediate[0].setTimeout", value: map[string]any{"seconds": int64(30)},
			says: ``,
		},
		{
			about: "a change whose member is misspelt",
			path:  "spec.diagnose[0].respond.remediate[0]", value: map[string]any{"setReservedConcurency": map[string]any{"value": int64(200)}},
			says: ``,
		},
		{
			about: "a change to zero, which switches the function off",
			path:  "spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value", value: int64(0),
			says: ``,
		},
		{
			about: "a change to half an execution",
			path:  "spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value", value: 1.5,
			says: ``,
		},
		{
			about: "a change to more than an account can have",
			path:  "spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value", value: int64(100001),
			says: ``,
		},
		{
			about: "a change to an empty expression",
			path:  "spec.diagnose[0].respond.remediate[0].setReservedConcurrency.value", value: "",
			says: ``,
		},
		{
			about: "a timeout longer than Lambda's",
			path:  "spec.diagnose[0].respond.remediate[0]", value: map[string]any{"setTimeout": map[string]any{"seconds": int64(901)}},
			says: ``,
		},
	})
})
