package api

import (
	. "github.com/onsi/ginkgo/v2"
)

var _ = Describe("A Remediation is refused with a sentence for", func() {
	expectSentences("Remediation", []refusal{
		{
			about: "no application",
			path:  "spec.applicationRef", value: absent{},
			says: ``,
		},
		{
			about: "no target",
			path:  "spec.target", value: absent{},
			says: ``,
		},
		{
			about: "a target with its alias",
			path:  "spec.target.functionName", value: "backend:live",
			says: ``,
		},
		{
			about: "a target without a name",
			path:  "spec.target.functionName", value: "",
			says: ``,
		},
		{
			about: "no action",
			path:  "spec.action", value: absent{},
			says: ``,
		},
		{
			about: "an action that does nothing",
			path:  "spec.action", value: map[string]any{},
			says: ``,
		},
		{
			about: "two actions",
			path:  "spec.action", value: map[string]any{"setReservedConcurrency": map[string]any{"value": int64(200)}, "setTimeout": map[string]any{"seconds": int64(30)}},
			says: ``,
		},
		{
			about: "an action whose member is misspelt",
			path:  "spec.action", value: map[string]any{"setReservedConcurency": map[string]any{"value": int64(200)}},
			says: ``,
		},
		{
			about: "an action of two members of which one is misspelt is the other one",
			path:  "spec.action", value: map[string]any{"setreservedconcurrency": map[string]any{"value": int64(200)}, "setTimeout": map[string]any{"seconds": int64(0)}},
			says: ``,
		},
		{
			about: "a reservation of zero, which switches the function off",
			path:  "spec.action.setReservedConcurrency.value", value: int64(0),
			says: ``,
		},
		{
			about: "a reservation beyond any account",
			path:  "spec.action.setReservedConcurrency.value", value: int64(100001),
			says: ``,
		},
		{
			about: "a reservation in quotes",
			path:  "spec.action.setReservedConcurrency.value", value: "200",
			says: ``,
		},
		{
			about: "a reservation of nothing",
			path:  "spec.action.setReservedConcurrency", value: map[string]any{},
			says: ``,
		},
		{
			about: "a timeout of zero",
			path:  "spec.action", value: map[string]any{"setTimeout": map[string]any{"seconds": int64(0)}},
			says: ``,
		},
		{
			about: "a timeout longer than Lambda's",
			path:  "spec.action", value: map[string]any{"setTimeout": map[string]any{"seconds": int64(901)}},
			says: ``,
		},
		{
			about: "no notAfter",
			path:  "spec.notAfter", value: absent{},
			says: ``,
		},
		{
			about: "a notAfter in words",
			path:  "spec.notAfter", value: "tomorrow",
			says: ``,
		},
		{
			about: "a notAfter without a time of day",
			path:  "spec.notAfter", value: "2026-11-24",
			says: ``,
		},
		{
			about: "a notAfter without a time zone",
			path:  "spec.notAfter", value: "2026-11-24T03:00:00",
			says: ``,
		},
		{
			about: "a notAfter on a day that does not exist",
			path:  "spec.notAfter", value: "2026-02-29T03:00:00Z",
			says: ``,
		},
		{
			about: "a notAfter that never comes",
			path:  "spec.notAfter", value: "9999-12-31T23:59:59Z",
			says: ``,
		},
		{
			about: "a notAfter in the year 10000",
			path:  "spec.notAfter", value: "10000-01-01T00:00:00Z",
			says: ``,
		},
		{
			about: "a notAfter with a small z",
			path:  "spec.notAfter", value: "2026-11-24t03:00:00z",
			says: ``,
		},
		{
			about: "a notAfter as a number of seconds",
			path:  "spec.notAfter", value: int64(1795489200),
			says: ``,
		},
		{
			about: "an Incident without its uid",
			path:  "spec.incidentRef", value: map[string]any{"name": "react-stocks-7"},
			says: ``,
		},
		{
			about: "a cause without its Runbook",
			path:  "spec.cause", value: map[string]any{"name": "ReservedConcurrencyTooLow"},
			says: ``,
		},
	})
})
