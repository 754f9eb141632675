package api

import (
	. "github.com/onsi/ginkgo/v2"
)

var _ = Describe("An Incident is refused with a sentence for", func() {
	expectSentences("Incident", []refusal{
		{
			about: "no application",
			path:  "spec.applicationRef", value: absent{},
			says: ``,
		},
		{
			about: "an application without a name",
			path:  "spec.applicationRef.name", value: "",
			says: ``,
		},
		{
			about: "a concern that does not exist",
			path:  "spec.concern", value: "Security",
			says: ``,
		},
		{
			about: "nothing to investigate",
			path:  "spec.runbookRefs", value: absent{},
			says: ``,
		},
		{
			about: "a list of no Runbooks",
			path:  "spec.runbookRefs", value: []any{},
			says: ``,
		},
		{
			about: "more Runbooks than an Incident follows",
			path:  "spec.runbookRefs", value: repeated(9, map[string]any{"name": "throttling"}),
			says: ``,
		},
		{
			about: "a Runbook by its name alone",
			path:  "spec.runbookRefs[0]", value: "throttling",
			says: ``,
		},
		{
			about: "a list of no functions",
			path:  "spec.functions", value: []any{},
			says: ``,
		},
		{
			about: "one function twice",
			path:  "spec.functions", value: []any{"backend", "backend"},
			says: ``,
		},
		{
			about: "a function by its ARN",
			path:  "spec.functions[0]", value: "arn:aws:lambda:us-east-1:123456789012:function:backend",
			says: ``,
		},
		{
			about: "a signal without its alarm",
			path:  "spec.signal", value: map[string]any{"functionName": "backend", "transitionedAt": "2026-11-23T03:00:00Z"},
			says: ``,
		},
		{
			about: "a signal with a time in words",
			path:  "spec.signal", value: map[string]any{"alarmName": "a", "alarmARN": "b", "functionName": "backend", "transitionedAt": "now"},
			says: ``,
		},
	})
})
