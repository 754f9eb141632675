package api

import (
	. "github.com/onsi/ginkgo/v2"
)

var _ = Describe("An Incident is refused with a sentence for", func() {
	expectSentences("Incident", []refusal{
		{
			about: "no application",
			path:  "spec.applicationRef", value: absent{},
			says: andMore(`spec.applicationRef: Required value`),
		},
		{
			about: "an application without a name",
			path:  "spec.applicationRef.name", value: "",
			says: `[spec.applicationRef.name: Invalid value: "": spec.applicationRef.name in body should be at least 1 chars long, spec.applicationRef.name: Invalid value: "": ` + aName + `]`,
		},
		{
			about: "an application by its path",
			path:  "spec.applicationRef.name", value: "shop/react-stocks",
			says: `spec.applicationRef.name: Invalid value: "shop/react-stocks": ` + aName,
		},
		{
			about: "an application by a path that goes up",
			path:  "spec.applicationRef.name", value: "..",
			says: `spec.applicationRef.name: Invalid value: "..": ` + aName,
		},
		{
			about: "a Runbook by a path in disguise",
			path:  "spec.runbookRefs[0].name", value: "a%2fb",
			says: `spec.runbookRefs[0].name: Invalid value: "a%2fb": ` + aName,
		},
		{
			about: "a concern that does not exist",
			path:  "spec.concern", value: "Security",
			says: andMore(`spec.concern: Unsupported value: "Security": supported values: "Availability", "Cost", "Credentials"`),
		},
		{
			about: "nothing to investigate",
			path:  "spec.runbookRefs", value: absent{},
			says: `spec: Invalid value: say what to investigate: set runbookRefs to the names of one or more Runbooks`,
		},
		{
			about: "a list of no Runbooks",
			path:  "spec.runbookRefs", value: []any{},
			says: `spec.runbookRefs: Invalid value: 0: spec.runbookRefs in body should have at least 1 items`,
		},
		{
			about: "more Runbooks than an Incident follows",
			path:  "spec.runbookRefs", value: repeated(9, map[string]any{"name": "throttling"}),
			says: andMore(`spec.runbookRefs: Too many: 9: must have at most 8 items`),
		},
		{
			about: "a Runbook by its name alone",
			path:  "spec.runbookRefs[0]", value: "throttling",
			says: andMore(`spec.runbookRefs[0]: Invalid value: "string": spec.runbookRefs[0] in body must be of type object: "string"`),
		},
		{
			about: "a list of no functions",
			path:  "spec.functions", value: []any{},
			says: `spec.functions: Invalid value: 0: spec.functions in body should have at least 1 items`,
		},
		{
			about: "one function twice",
			path:  "spec.functions", value: []any{"backend", "backend"},
			says: `spec.functions[1]: Duplicate value: "backend"`,
		},
		{
			about: "a function by its ARN",
			path:  "spec.functions[0]", value: "arn:aws:lambda:us-east-1:123456789012:function:backend",
			says: `spec.functions[0]: Invalid value: "arn:aws:lambda:us-east-1:123456789012:function:backend": write the name of the function alone, without ARN, alias or version: 1 to 64 letters, digits, hyphens and underscores`,
		},
		{
			about: "a signal without its alarm",
			path:  "spec.signal", value: map[string]any{"functionName": "backend", "transitionedAt": "2026-11-23T03:00:00Z"},
			says: andMore(`spec.signal.alarmARN: Required value, spec.signal.alarmName: Required value`),
		},
		{
			about: "a signal that no Runbook is for",
			path:  "spec", value: map[string]any{"applicationRef": map[string]any{"name": "react-stocks"}, "signal": signal()},
			says: `spec: Invalid value: say what to investigate: set runbookRefs to the names of one or more Runbooks`,
		},
		{
			about: "a signal for a Runbook by its path",
			path:  "spec.signal", value: signal("shop/throttling"),
			says: `spec.signal.runbooks[0]: Invalid value: "shop/throttling": ` + aName,
		},
		{
			about: "a signal with a time in words",
			path:  "spec.signal", value: map[string]any{"alarmName": "a", "alarmARN": "b", "functionName": "backend", "transitionedAt": "now"},
			says: `spec.signal.transitionedAt: Invalid value: "now": write a date and time before the year 2100, such as 2026-11-24T03:00:00Z`,
		},
	})
})

// aName is what every name that no object can have is answered with.
const aName = `write the name of an object, such as react-stocks: lower-case letters, digits, hyphens and dots, a letter or digit first and last`

// signal of an alarm that some Runbooks are for.
func signal(runbooks ...any) map[string]any {
	return map[string]any{
		"alarmName": "a", "alarmARN": "b", "functionName": "backend", "transitionedAt": "2026-11-23T03:00:00Z", "runbooks": append([]any{}, runbooks...),
	}
}
