package api

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
)

var _ = Describe("A ServerlessApplication is refused with a sentence for", func() {
	expectSentences("ServerlessApplication", []refusal{
		{
			about: "a mode that does not exist",
			path:  "spec.mode", value: "act",
			says: ``,
		},
		{
			about: "no account",
			path:  "spec.aws.accountRef", value: absent{},
			says: ``,
		},
		{
			about: "an account without a name",
			path:  "spec.aws.accountRef.name", value: "",
			says: ``,
		},
		{
			about: "a Region by its place",
			path:  "spec.aws.region", value: "N. Virginia",
			says: ``,
		},
		{
			about: "an availability zone in place of a Region",
			path:  "spec.aws.region", value: "us-east-1a",
			says: ``,
		},
		{
			about: "no Region",
			path:  "spec.aws.region", value: absent{},
			says: ``,
		},
		{
			about: "no functions",
			path:  "spec.functions", value: []any{},
			says: ``,
		},
		{
			about: "one function twice",
			path:  "spec.functions[2]", value: twin("ServerlessApplication", "spec.functions"),
			says: ``,
		},
		{
			about: "a function by its ARN",
			path:  "spec.functions[0].name", value: "arn:aws:lambda:us-east-1:123456789012:function:react-stocks-backend-prod-ReactStocksFunction",
			says: ``,
		},
		{
			about: "a function with its alias",
			path:  "spec.functions[0].name", value: "react-stocks-backend-prod-ReactStocksFunction:live",
			says: ``,
		},
		{
			about: "a function whose name is longer than Lambda's",
			path:  "spec.functions[0].name", value: strings.Repeat("x", 65),
			says: ``,
		},
		{
			about: "a function without a name",
			path:  "spec.functions[0].name", value: "",
			says: ``,
		},
		{
			about: "an alias with its colon",
			path:  "spec.functions[0].alias", value: ":live",
			says: ``,
		},
		{
			about: "an empty alias",
			path:  "spec.functions[0].alias", value: "",
			says: ``,
		},
		{
			about: "a caller's timeout as a number",
			path:  "spec.functions[1].callerTimeout", value: int64(29),
			says: ``,
		},
		{
			about: "a caller's timeout without a unit",
			path:  "spec.functions[1].callerTimeout", value: "29",
			says: ``,
		},
		{
			about: "a caller's timeout in two units",
			path:  "spec.functions[1].callerTimeout", value: "1m30s",
			says: ``,
		},
		{
			about: "a caller's timeout beyond what a function may take",
			path:  "spec.functions[1].callerTimeout", value: "901s",
			says: ``,
		},
		{
			about: "a caller's timeout in words",
			path:  "spec.functions[1].callerTimeout", value: "about half a minute",
			says: ``,
		},
		{
			about: "a ChangePolicy without a name",
			path:  "spec.changePolicyRef", value: map[string]any{},
			says: ``,
		},
	})
})
