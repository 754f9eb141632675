package api

import (
	. "github.com/onsi/ginkgo/v2"
)

var _ = Describe("A ChangePolicy is refused with a sentence for", func() {
	expectSentences("ChangePolicy", []refusal{
		{
			about: "a demand for no action",
			path:  "spec.approvals[0]", value: map[string]any{"actions": []any{}},
			says: `spec.approvals[0].actions: Invalid value: 0: spec.approvals[0].actions in body should have at least 1 items`,
		},
		{
			about: "a demand for an action that does not exist",
			path:  "spec.approvals[0]", value: map[string]any{"actions": []any{"rollback"}},
			says: andMore(`spec.approvals[0].actions[0]: Unsupported value: "rollback": supported values: ` + actions()),
		},
		{
			about: "a demand for one action twice",
			path:  "spec.approvals[0]", value: map[string]any{"actions": []any{"setTimeout", "setTimeout"}},
			says: `spec.approvals[0].actions[1]: Duplicate value: "setTimeout"`,
		},
		{
			about: "an approval by nobody",
			path:  "spec.approvals[0]", value: map[string]any{"actions": []any{"setTimeout"}, "people": int64(0)},
			says: `spec.approvals[0].people: Invalid value: 0: spec.approvals[0].people in body should be greater than or equal to 1`,
		},
		{
			about: "an approval by a crowd",
			path:  "spec.approvals[0]", value: map[string]any{"actions": []any{"setTimeout"}, "people": int64(6)},
			says: `spec.approvals[0].people: Invalid value: 6: spec.approvals[0].people in body should be less than or equal to 5`,
		},
		{
			about: "a plan that waits in seconds",
			path:  "spec.planExpiresAfter", value: "1800s",
			says: `spec.planExpiresAfter: Invalid value: "1800s": write whole minutes or hours from 1m to 24h, such as 30m or 2h`,
		},
		{
			about: "a plan that waits for two days",
			path:  "spec.planExpiresAfter", value: "48h",
			says: `spec.planExpiresAfter: Invalid value: "48h": write whole minutes or hours from 1m to 24h, such as 30m or 2h`,
		},
		{
			about: "a plan that waits for a day by its name",
			path:  "spec.planExpiresAfter", value: "1d",
			says: `spec.planExpiresAfter: Invalid value: "1d": write whole minutes or hours from 1m to 24h, such as 30m or 2h`,
		},
		{
			about: "a plan that waits for ever",
			path:  "spec.planExpiresAfter", value: "",
			says: `spec.planExpiresAfter: Invalid value: "": write whole minutes or hours from 1m to 24h, such as 30m or 2h`,
		},
		{
			about: "a verification of two units",
			path:  "spec.verification.window", value: "1h30m",
			says: `spec.verification.window: Invalid value: "1h30m": write whole minutes or hours from 1m to 24h, such as 30m or 2h`,
		},
		{
			about: "a verification as a number",
			path:  "spec.verification.window", value: int64(15),
			says: andMore(`spec.verification.window: Invalid value: "integer": spec.verification.window in body must be of type string: "integer"`),
		},
		{
			about: "a verification of no length",
			path:  "spec.verification.window", value: "0m",
			says: `spec.verification.window: Invalid value: "0m": write whole minutes or hours from 1m to 24h, such as 30m or 2h`,
		},
		{
			about: "a verification that never fails",
			path:  "spec.verification.failureLimit", value: int64(0),
			says: `spec.verification.failureLimit: Invalid value: 0: spec.verification.failureLimit in body should be greater than or equal to 1`,
		},
		{
			about: "a verification that nearly never fails",
			path:  "spec.verification.failureLimit", value: int64(21),
			says: `spec.verification.failureLimit: Invalid value: 21: spec.verification.failureLimit in body should be less than or equal to 20`,
		},
		{
			about: "a recovery of half a minute",
			path:  "spec.recovery.stableFor", value: "30s",
			says: `spec.recovery.stableFor: Invalid value: "30s": write whole minutes or hours from 1m to 24h, such as 30m or 2h`,
		},
		{
			about: "a recovery longer than a day",
			path:  "spec.recovery.stableFor", value: "1441m",
			says: `spec.recovery.stableFor: Invalid value: "1441m": write whole minutes or hours from 1m to 24h, such as 30m or 2h`,
		},
	})
})
