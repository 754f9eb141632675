package api

import (
	. "github.com/onsi/ginkgo/v2"
)

var _ = Describe("An AWSAccount is refused with a sentence for", func() {
	expectSentences("AWSAccount", []refusal{
		{
			about: "an account ID as the console shows it",
			path:  "spec.accountID", value: "1234-5678-9012",
			says: ``,
		},
		{
			about: "an account ID without its leading zero",
			path:  "spec.accountID", value: "12345678901",
			says: ``,
		},
		{
			about: "an account ID without quotes, which YAML reads as a number",
			path:  "spec.accountID", value: int64(123456789012),
			says: ``,
		},
		{
			about: "no account ID",
			path:  "spec.accountID", value: absent{},
			says: ``,
		},
		{
			about: "a floor below zero",
			path:  "spec.lambda.unreservedConcurrencyFloor", value: int64(-1),
			says: ``,
		},
		{
			about: "no grants",
			path:  "spec.grants", value: []any{},
			says: ``,
		},
		{
			about: "two grants of one name",
			path:  "spec.grants[1]", value: twin("AWSAccount", "spec.grants"),
			says: ``,
		},
		{
			about: "a grant with a name in capitals",
			path:  "spec.grants[0].name", value: "React Stocks",
			says: ``,
		},
		{
			about: "a grant without a name",
			path:  "spec.grants[0].name", value: absent{},
			says: ``,
		},
		{
			about: "a grant that does not say for which namespaces",
			path:  "spec.grants[0].namespaceSelector", value: absent{},
			says: ``,
		},
		{
			about: "a grant with the name of a role in place of its ARN",
			path:  "spec.grants[0].roleARN", value: "runbook-operator-react-stocks",
			says: ``,
		},
		{
			about: "a grant with the ARN of a user",
			path:  "spec.grants[0].roleARN", value: "arn:aws:iam::123456789012:user/alice",
			says: ``,
		},
		{
			about: "a grant with a session's ARN",
			path:  "spec.grants[0].roleARN", value: "arn:aws:sts::123456789012:assumed-role/responder/alice",
			says: ``,
		},
		{
			about: "a grant without a role",
			path:  "spec.grants[0].roleARN", value: absent{},
			says: ``,
		},
		{
			about: "an external ID with a space",
			path:  "spec.grants[0].externalID", value: "react stocks",
			says: ``,
		},
		{
			about: "an external ID that is too short for AWS",
			path:  "spec.grants[0].externalID", value: "r",
			says: ``,
		},
		{
			about: "a grant for a function's name in place of its ARN",
			path:  "spec.grants[0].resources.arnPatterns[0]", value: "react-stocks-*",
			says: ``,
		},
		{
			about: "a grant for everything",
			path:  "spec.grants[0].resources.arnPatterns[0]", value: "*",
			says: ``,
		},
		{
			about: "a grant for any account",
			path:  "spec.grants[0].resources.arnPatterns[0]", value: "arn:aws:lambda:us-east-1:*:function:react-stocks-*",
			says: ``,
		},
		{
			about: "a grant for no resource",
			path:  "spec.grants[0].resources.arnPatterns", value: []any{},
			says: ``,
		},
		{
			about: "a grant with one ARN twice",
			path:  "spec.grants[0].resources.arnPatterns", value: []any{"arn:aws:lambda:us-east-1:123456789012:function:a", "arn:aws:lambda:us-east-1:123456789012:function:a"},
			says: ``,
		},
		{
			about: "a grant that does not say how far it goes",
			path:  "spec.grants[0].maxMode", value: absent{},
			says: ``,
		},
		{
			about: "a grant with a mode that does not exist",
			path:  "spec.grants[0].maxMode", value: "Auto",
			says: ``,
		},
		{
			about: "a grant of an action that does not exist",
			path:  "spec.grants[0].allowedActions[0]", value: "PutFunctionConcurrency",
			says: ``,
		},
	})
})
