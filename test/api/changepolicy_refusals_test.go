package api

import (
	. "github.com/onsi/ginkgo/v2"
)

var _ = Describe("A ChangePolicy is refused with a sentence for", func() {
	expectSentences("ChangePolicy", []refusal{
		{
			about: "a demand for no action",
			path:  "spec.approvals[0]", value: map[string]any{"actions": []any{}},
			says: ``,
		},
		{
			about: "a demand for an action that does not exist",
			path:  "spec.approvals[0]", value: map[string]any{"actions": []any{"rollback"}},
			says: ``,
		},
		{
			about: "a demand for one action twice",
			path:  "spec.approvals[0]", value: map[string]any{"actions": []any{"setTimeout", "setTimeout"}},
			says: ``,
		},
		{
			about: "an approval by nobody",
			path:  "spec.approvals[0]", value: map[string]any{"actions": []any{"setTimeout"}, "people": int64(0)},
			says: ``,
		},
		{
			about: "an approval by a crowd",
			path:  "spec.approvals[0]", value: map[string]any{"actions": []any{"setTimeout"}, "people": int64(6)},
			says: ``,
		},
		{
			about: "a plan that waits in seconds",
			path:  "spec.planExpiresAfter", value: "1800s",
			says: ``,
		},
		{
			about: "a plan that waits for two days",
			path:  "spec.planExpiresAfter", value: "48h",
			says: ``,
		},
		{
			about: "a plan that waits for a day by its name",
			path:  "spec.planExpiresAfter", value: "1d",
			says: ``,
		},
		{
			about: "a plan that waits for ever",
			path:  "spec.planExpiresAfter", value: "",
			says: ``,
		},
		{
			about: "a verification of two units",
			path:  "spec.verification.window", value: "1h30m",
			says: ``,
		},
		{
			about: "a verification as a number",
			path:  "spec.verification.window", value: int64(15),
			says: ``,
		},
		{
			about: "a verification of no length",
			path:  "spec.verification.window", value: "0m",
			says: ``,
		},
		{
			about: "a verification that never fails",
			path:  "spec.verification.failureLimit", value: int64(0),
			says: ``,
		},
		{
			about: "a verification that nearly never fails",
			path:  "spec.verification.failureLimit", value: int64(21),
			says: ``,
		},
		{
			about: "a recovery of half a minute",
			path:  "spec.recovery.stableFor", value: "30s",
			says: ``,
		},
		{
			about: "a recovery longer than a day",
			path:  "spec.recovery.stableFor", value: "1441m",
			says: ``,
		},
	})
})
