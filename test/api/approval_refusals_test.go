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
			says: andMore(`spec.remediationRef: Required value`),
		},
		{
			about: "a Remediation without its uid",
			path:  "spec.remediationRef.uid", value: absent{},
			says: andMore(`spec.remediationRef.uid: Required value`),
		},
		{
			about: "an action that does not exist",
			path:  "spec.action", value: "all",
			says: andMore(`spec.action: Unsupported value: "all": supported values: ` + actions()),
		},
		{
			about: "no action",
			path:  "spec.action", value: absent{},
			says: andMore(`spec.action: Required value`),
		},
		{
			about: "the number of a plan in place of its digest",
			path:  "spec.planDigest", value: "3",
			says: `spec.planDigest: Invalid value: "3": copy status.plan.digest of the Remediation: sha256: and 64 hexadecimal digits`,
		},
		{
			about: "a digest that is cut off",
			path:  "spec.planDigest", value: "sha256:0123456789abcdef",
			says: `spec.planDigest: Invalid value: "sha256:0123456789abcdef": copy status.plan.digest of the Remediation: sha256: and 64 hexadecimal digits`,
		},
		{
			about: "a Remediation by its path",
			path:  "spec.remediationRef.name", value: "shop/react-stocks-7-1",
			says: `spec.remediationRef.name: Invalid value: "shop/react-stocks-7-1": ` + aName,
		},
		{
			about: "a digest in capitals",
			path:  "spec.planDigest", value: strings.ToUpper(digest),
			says: `spec.planDigest: Invalid value: "SHA256:0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF": copy status.plan.digest of the Remediation: sha256: and 64 hexadecimal digits`,
		},
		{
			about: "a digest without its algorithm",
			path:  "spec.planDigest", value: strings.TrimPrefix(digest, "sha256:"),
			says: `spec.planDigest: Invalid value: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef": copy status.plan.digest of the Remediation: sha256: and 64 hexadecimal digits`,
		},
		{
			about: "no digest",
			path:  "spec.planDigest", value: absent{},
			says: andMore(`spec.planDigest: Required value`),
		},
		{
			about: "a decision in other words",
			path:  "spec.decision", value: "yes",
			says: andMore(`spec.decision: Unsupported value: "yes": supported values: "Approved", "Rejected"`),
		},
		{
			about: "no decision",
			path:  "spec.decision", value: absent{},
			says: andMore(`spec.decision: Required value`),
		},
		{
			about: "a reason that is a novel",
			path:  "spec.reason", value: strings.Repeat("x", 1025),
			says: andMore(`spec.reason: Too long: may not be more than 1024 bytes`),
		},
	})
})
