package api

import (
	. "github.com/onsi/ginkgo/v2"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

var _ = Describe("A Remediation is refused with a sentence for", func() {
	expectSentences("Remediation", []refusal{
		{
			about: "no application",
			path:  "spec.applicationRef", value: absent{},
			says: andMore(`spec.applicationRef: Required value`),
		},
		{
			about: "no target",
			path:  "spec.target", value: absent{},
			says: andMore(`spec.target: Required value`),
		},
		{
			about: "a target with its alias",
			path:  "spec.target.functionName", value: "backend:live",
			says: `spec.target.functionName: Invalid value: "backend:live": write the name of the function alone, without ARN, alias or version: 1 to 64 letters, digits, hyphens and underscores`,
		},
		{
			about: "a target without a name",
			path:  "spec.target.functionName", value: "",
			says: `[spec.target.functionName: Invalid value: "": spec.target.functionName in body should be at least 1 chars long, spec.target.functionName: Invalid value: "": write the name of the function alone, without ARN, alias or version: 1 to 64 letters, digits, hyphens and underscores]`,
		},
		{
			about: "no action",
			path:  "spec.action", value: absent{},
			says: andMore(`spec.action: Required value`),
		},
		{
			about: "an action that does nothing",
			path:  "spec.action", value: map[string]any{},
			says: `spec.action: Invalid value: ` + exactlyOneOf[v1alpha1.Action](),
		},
		{
			about: "two actions",
			path:  "spec.action", value: map[string]any{"setReservedConcurrency": map[string]any{"value": int64(200)}, "setTimeout": map[string]any{"seconds": int64(30)}},
			says: `spec.action: Invalid value: ` + exactlyOneOf[v1alpha1.Action](),
		},
		{
			about: "an action whose member is misspelt",
			path:  "spec.action", value: map[string]any{"setReservedConcurency": map[string]any{"value": int64(200)}},
			says: `spec.action: Invalid value: ` + exactlyOneOf[v1alpha1.Action](),
		},
		{
			about: "a reservation of zero, which switches the function off",
			path:  "spec.action.setReservedConcurrency.value", value: int64(0),
			says: `spec.action.setReservedConcurrency.value: Invalid value: 0: spec.action.setReservedConcurrency.value in body should be greater than or equal to 1`,
		},
		{
			about: "a reservation beyond any account",
			path:  "spec.action.setReservedConcurrency.value", value: int64(100001),
			says: `spec.action.setReservedConcurrency.value: Invalid value: 100001: spec.action.setReservedConcurrency.value in body should be less than or equal to 100000`,
		},
		{
			about: "a reservation in quotes",
			path:  "spec.action.setReservedConcurrency.value", value: "200",
			says: andMore(`spec.action.setReservedConcurrency.value: Invalid value: "string": spec.action.setReservedConcurrency.value in body must be of type integer: "string"`),
		},
		{
			about: "a reservation of nothing",
			path:  "spec.action.setReservedConcurrency", value: map[string]any{},
			says: andMore(`spec.action.setReservedConcurrency.value: Required value`),
		},
		{
			about: "a timeout of zero",
			path:  "spec.action", value: map[string]any{"setTimeout": map[string]any{"seconds": int64(0)}},
			says: `spec.action.setTimeout.seconds: Invalid value: 0: spec.action.setTimeout.seconds in body should be greater than or equal to 1`,
		},
		{
			about: "a timeout longer than Lambda's",
			path:  "spec.action", value: map[string]any{"setTimeout": map[string]any{"seconds": int64(901)}},
			says: `spec.action.setTimeout.seconds: Invalid value: 901: spec.action.setTimeout.seconds in body should be less than or equal to 900`,
		},
		{
			about: "no notAfter",
			path:  "spec.notAfter", value: absent{},
			says: andMore(`spec.notAfter: Required value`),
		},
		{
			about: "a notAfter in words",
			path:  "spec.notAfter", value: "tomorrow",
			says: `spec.notAfter: Invalid value: "tomorrow": write a date and time before the year 2100, such as 2026-11-24T03:00:00Z`,
		},
		{
			about: "a notAfter without a time of day",
			path:  "spec.notAfter", value: "2026-11-24",
			says: `spec.notAfter: Invalid value: "2026-11-24": write a date and time before the year 2100, such as 2026-11-24T03:00:00Z`,
		},
		{
			about: "a notAfter without a time zone",
			path:  "spec.notAfter", value: "2026-11-24T03:00:00",
			says: `spec.notAfter: Invalid value: "2026-11-24T03:00:00": write a date and time before the year 2100, such as 2026-11-24T03:00:00Z`,
		},
		{
			about: "a notAfter on a day that does not exist",
			path:  "spec.notAfter", value: "2026-02-29T03:00:00Z",
			says: `spec.notAfter: Invalid value: "2026-02-29T03:00:00Z": write a date and time before the year 2100, such as 2026-11-24T03:00:00Z`,
		},
		{
			about: "a notAfter that never comes",
			path:  "spec.notAfter", value: "9999-12-31T23:59:59Z",
			says: `spec.notAfter: Invalid value: "9999-12-31T23:59:59Z": write a date and time before the year 2100, such as 2026-11-24T03:00:00Z`,
		},
		{
			about: "a notAfter in the year 10000",
			path:  "spec.notAfter", value: "10000-01-01T00:00:00Z",
			says: `spec.notAfter: Invalid value: "10000-01-01T00:00:00Z": write a date and time before the year 2100, such as 2026-11-24T03:00:00Z`,
		},
		{
			about: "a notAfter with a small z",
			path:  "spec.notAfter", value: "2026-11-24t03:00:00z",
			says: `spec.notAfter: Invalid value: "2026-11-24t03:00:00z": write a date and time before the year 2100, such as 2026-11-24T03:00:00Z`,
		},
		{
			about: "a notAfter as a number of seconds",
			path:  "spec.notAfter", value: int64(1795489200),
			says: andMore(`spec.notAfter: Invalid value: "integer": spec.notAfter in body must be of type string: "integer"`),
		},
		{
			about: "a change that expires at once",
			path:  "spec.expiresAfter", value: "0m",
			says: `spec.expiresAfter: Invalid value: "0m": write whole minutes or hours from 1m to 24h, such as 30m or 2h`,
		},
		{
			about: "a change that expires after more than a day",
			path:  "spec.expiresAfter", value: "25h",
			says: `spec.expiresAfter: Invalid value: "25h": write whole minutes or hours from 1m to 24h, such as 30m or 2h`,
		},
		{
			about: "a change that expires after days",
			path:  "spec.expiresAfter", value: "1d",
			says: `spec.expiresAfter: Invalid value: "1d": write whole minutes or hours from 1m to 24h, such as 30m or 2h`,
		},
		{
			about: "a change that expires after a number",
			path:  "spec.expiresAfter", value: int64(60),
			says: andMore(`spec.expiresAfter: Invalid value: "integer": spec.expiresAfter in body must be of type string: "integer"`),
		},
		{
			about: "an Incident without its uid",
			path:  "spec.incidentRef", value: map[string]any{"name": "react-stocks-7"},
			says: andMore(`spec.incidentRef.uid: Required value`),
		},
		{
			about: "an application by its path",
			path:  "spec.applicationRef.name", value: "a/b",
			says: `spec.applicationRef.name: Invalid value: "a/b": ` + aName,
		},
		{
			about: "an Incident by its path",
			path:  "spec.incidentRef", value: map[string]any{"name": "shop/react-stocks-7", "uid": "7f1c"},
			says: `spec.incidentRef.name: Invalid value: "shop/react-stocks-7": ` + aName,
		},
		{
			about: "a cause of no Incident",
			path:  "spec.cause", value: map[string]any{"runbook": "throttling", "name": "ReservedConcurrencyTooLow"},
			says: `spec.cause: Invalid value: a cause is of an Incident: set incidentRef to its name and uid, or leave cause out`,
		},
		{
			about: "a cause with a Runbook by its path",
			path:  "spec.cause", value: map[string]any{"runbook": "shop/throttling", "name": "ReservedConcurrencyTooLow"},
			says: `[spec.cause: Invalid value: a cause is of an Incident: set incidentRef to its name and uid, or leave cause out, spec.cause.runbook: Invalid value: "shop/throttling": ` + aName + `]`,
		},
		{
			about: "a cause without its Runbook",
			path:  "spec.cause", value: map[string]any{"name": "ReservedConcurrencyTooLow"},
			says: andMore(`spec.cause.runbook: Required value`),
		},
	})
})
