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
			says: andMore(`spec.mode: Unsupported value: "act": supported values: "Observe", "Propose", "Act"`),
		},
		{
			about: "no account",
			path:  "spec.aws.accountRef", value: absent{},
			says: andMore(`spec.aws.accountRef: Required value`),
		},
		{
			about: "an account without a name",
			path:  "spec.aws.accountRef.name", value: "",
			says: `[spec.aws.accountRef.name: Invalid value: "": spec.aws.accountRef.name in body should be at least 1 chars long, spec.aws.accountRef.name: Invalid value: "": ` + aName + `]`,
		},
		{
			about: "a Region by its place",
			path:  "spec.aws.region", value: "N. Virginia",
			says: `spec.aws.region: Invalid value: "N. Virginia": write the code of an AWS Region, such as us-east-1`,
		},
		{
			about: "an availability zone in place of a Region",
			path:  "spec.aws.region", value: "us-east-1a",
			says: `spec.aws.region: Invalid value: "us-east-1a": write the code of an AWS Region, such as us-east-1`,
		},
		{
			about: "no Region",
			path:  "spec.aws.region", value: absent{},
			says: andMore(`spec.aws.region: Required value`),
		},
		{
			about: "no functions",
			path:  "spec.functions", value: []any{},
			says: `spec.functions: Invalid value: 0: spec.functions in body should have at least 1 items`,
		},
		{
			about: "one function twice",
			path:  "spec.functions[2]", value: twin("ServerlessApplication", "spec.functions"),
			says: `spec.functions[2]: Duplicate value: {"name":"react-stocks-backend-prod-ReactStocksFunction"}`,
		},
		{
			about: "a function by its ARN",
			path:  "spec.functions[0].name", value: "arn:aws:lambda:us-east-1:123456789012:function:react-stocks-backend-prod-ReactStocksFunction",
			says: `spec.functions[0].name: Invalid value: "arn:aws:lambda:us-east-1:123456789012:function:react-stocks-backend-prod-ReactStocksFunction": write the name of the function alone, without ARN, alias or version: 1 to 64 letters, digits, hyphens and underscores`,
		},
		{
			about: "a function with its alias",
			path:  "spec.functions[0].name", value: "react-stocks-backend-prod-ReactStocksFunction:live",
			says: `spec.functions[0].name: Invalid value: "react-stocks-backend-prod-ReactStocksFunction:live": write the name of the function alone, without ARN, alias or version: 1 to 64 letters, digits, hyphens and underscores`,
		},
		{
			about: "a function whose name is longer than Lambda's",
			path:  "spec.functions[0].name", value: strings.Repeat("x", 65),
			says: `spec.functions[0].name: Invalid value: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": write the name of the function alone, without ARN, alias or version: 1 to 64 letters, digits, hyphens and underscores`,
		},
		{
			about: "a function without a name",
			path:  "spec.functions[0].name", value: "",
			says: `[spec.functions[0].name: Invalid value: "": spec.functions[0].name in body should be at least 1 chars long, spec.functions[0].name: Invalid value: "": write the name of the function alone, without ARN, alias or version: 1 to 64 letters, digits, hyphens and underscores]`,
		},
		{
			about: "an alias with its colon",
			path:  "spec.functions[0].alias", value: ":live",
			says: `spec.functions[0].alias: Invalid value: ":live": write the name of the alias, such as live: letters, digits, hyphens and underscores`,
		},
		{
			about: "an empty alias",
			path:  "spec.functions[0].alias", value: "",
			says: `[spec.functions[0].alias: Invalid value: "": spec.functions[0].alias in body should be at least 1 chars long, spec.functions[0].alias: Invalid value: "": write the name of the alias, such as live: letters, digits, hyphens and underscores]`,
		},
		{
			about: "a caller's timeout as a number",
			path:  "spec.functions[1].callerTimeout", value: int64(29),
			says: andMore(`spec.functions[1].callerTimeout: Invalid value: "integer": spec.functions[1].callerTimeout in body must be of type string: "integer"`),
		},
		{
			about: "a caller's timeout without a unit",
			path:  "spec.functions[1].callerTimeout", value: "29",
			says: `spec.functions[1].callerTimeout: Invalid value: "29": write whole seconds or minutes from 1s to 15m, such as 29s`,
		},
		{
			about: "a caller's timeout in two units",
			path:  "spec.functions[1].callerTimeout", value: "1m30s",
			says: `spec.functions[1].callerTimeout: Invalid value: "1m30s": write whole seconds or minutes from 1s to 15m, such as 29s`,
		},
		{
			about: "a caller's timeout beyond what a function may take",
			path:  "spec.functions[1].callerTimeout", value: "901s",
			says: `spec.functions[1].callerTimeout: Invalid value: "901s": write whole seconds or minutes from 1s to 15m, such as 29s`,
		},
		{
			about: "a caller's timeout in words",
			path:  "spec.functions[1].callerTimeout", value: "about half a minute",
			says: `spec.functions[1].callerTimeout: Invalid value: "about half a minute": write whole seconds or minutes from 1s to 15m, such as 29s`,
		},
		{
			about: "a ChangePolicy without a name",
			path:  "spec.changePolicyRef", value: map[string]any{},
			says: andMore(`spec.changePolicyRef.name: Required value`),
		},
	})
})
