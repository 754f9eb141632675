package api

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
)

var _ = Describe("An Approval is refused with a sentence for", func() {
	expectSentences("Approval", []refusal{
		{
			about: "no Remediation",
			path:  "spec.remediationRef", value: absent{},
			says: ``,
		},
		{
			about: "a Remediation without its uid",
			path:  "spec.remediationRef.uid", value: absent{},
			says: ``,
		},
		{
			about: "an action that does not exist",
			path:  "spec.action", value: "all",
			says: ``,
		},
		{
			about: "no action",
			path:  "spec.action", value: absent{},
			says: ``,
		},
		{
			about: "the number of a plan in place of its digest",
			path:  "spec.planDigest", value: "3",
			says: ``,
		},
		{
			about: "a digest that is cut off",
			path:  "spec.planDigest", value: "sha256:0123456789abcdef",
			says: ``,
		},
		{
			about: "a digest in capitals",
			path:  "spec.planDigest", value: strings.ToUpper(digest),
			says: ``,
		},
		{
			about: "a digest without its algorithm",
			path:  "spec.planDigest", value: strings.TrimPrefix(digest, "sha256:"),
			says: ``,
		},
		{
			about: "no digest",
			path:  "spec.planDigest", value: absent{},
			says: ``,
		},
		{
			about: "a decision in other words",
			path:  "spec.decision", value: "yes",
			says: ``,
		},
		{
			about: "no decision",
			path:  "spec.decision", value: absent{},
			says: ``,
		},
		{
			about: "a reason that is a novel",
			path:  "spec.reason", value: strings.Repeat("x", 1025),
			says: ``,
		},
	})
})
