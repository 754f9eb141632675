package api

import (
	. "github.com/onsi/ginkgo/v2"
)

var _ = Describe("An AWSAccount is refused with a sentence for", func() {
	expectSentences("AWSAccount", []refusal{
		{
			about: "an account ID as the console shows it",
			path:  "spec.accountID", value: "1234-5678-9012",
			says: `spec.accountID: Invalid value: "1234-5678-9012": write the twelve digits of the account in quotes, such as '123456789012'`,
		},
		{
			about: "an account ID without its leading zero",
			path:  "spec.accountID", value: "12345678901",
			says: `spec.accountID: Invalid value: "12345678901": write the twelve digits of the account in quotes, such as '123456789012'`,
		},
		{
			about: "an account ID without quotes, which YAML reads as a number",
			path:  "spec.accountID", value: int64(123456789012),
			says: andMore(`spec.accountID: Invalid value: "integer": spec.accountID in body must be of type string: "integer"`),
		},
		{
			about: "no account ID",
			path:  "spec.accountID", value: absent{},
			says: andMore(`spec.accountID: Required value`),
		},
		{
			about: "no account role",
			path:  "spec.roleARN", value: absent{},
			says: andMore(`spec.roleARN: Required value`),
		},
		{
			about: "an account role by its name",
			path:  "spec.roleARN", value: "runbook-operator-account",
			says: `spec.roleARN: Invalid value: "runbook-operator-account": write the ARN of an IAM role, such as arn:aws:iam::123456789012:role/runbook-operator`,
		},
		{
			about: "an external ID of the account role with a space",
			path:  "spec.externalID", value: "react stocks",
			says: `spec.externalID: Invalid value: "react stocks": write the sts:ExternalId of the role's trust policy: letters, digits and + = , . @ : / _ - only`,
		},
		{
			about: "a floor below zero",
			path:  "spec.lambda.unreservedConcurrencyFloor", value: int64(-1),
			says: `spec.lambda.unreservedConcurrencyFloor: Invalid value: -1: spec.lambda.unreservedConcurrencyFloor in body should be greater than or equal to 0`,
		},
		{
			about: "a claim that is taken over from a cluster by its name",
			path:  "spec.claim", value: map[string]any{"takeOverFrom": "prod-blue"},
			says: `spec.claim.takeOverFrom: Invalid value: "prod-blue": write the UID of the cluster that holds the claim, as the condition Claimed shows it`,
		},
		{
			about: "a claim that is taken over from nobody",
			path:  "spec.claim", value: map[string]any{},
			says: andMore(`spec.claim.takeOverFrom: Required value`),
		},
		{
			about: "a queue of another account",
			path:  "spec.queues", value: queues("us-east-1", "https://sqs.us-east-1.amazonaws.com/999999999999/runbook-operator-alarms"),
			says: `spec.queues: Invalid value: a queue of another account is not read: name queues of the account of accountID`,
		},
		{
			about: "a queue of another Region",
			path:  "spec.queues", value: queues("eu-west-1", "https://sqs.us-east-1.amazonaws.com/123456789012/runbook-operator-alarms"),
			says: `spec.queues[0].url: Invalid value: the queue of a Region is in that Region: correct region, or name another queue`,
		},
		{
			about: "a queue by its ARN",
			path:  "spec.queues", value: queues("us-east-1", "arn:aws:sqs:us-east-1:123456789012:runbook-operator-alarms"),
			says: `spec.queues[0].url: Invalid value: "arn:aws:sqs:us-east-1:123456789012:runbook-operator-alarms": ` + aQueue,
		},
		{
			about: "a queue that keeps an order",
			path:  "spec.queues", value: queues("us-east-1", "https://sqs.us-east-1.amazonaws.com/123456789012/alarms.fifo"),
			says: `spec.queues[0].url: Invalid value: "https://sqs.us-east-1.amazonaws.com/123456789012/alarms.fifo": ` + aQueue,
		},
		{
			about: "a queue elsewhere",
			path:  "spec.queues", value: queues("us-east-1", "https://sqs.us-east-1.amazonaws.com.example.com/123456789012/alarms"),
			says: `spec.queues[0].url: Invalid value: "https://sqs.us-east-1.amazonaws.com.example.com/123456789012/alarms": ` + aQueue,
		},
		{
			about: "an account role of another account",
			path:  "spec.roleARN", value: "arn:aws:iam::999999999999:role/runbook-operator-account",
			says: `spec.roleARN: Invalid value: ` + anotherAccountsRole,
		},
		{
			about: "a grant with a role of another account",
			path:  "spec.grants[0].roleARN", value: "arn:aws:iam::999999999999:role/runbook-operator",
			says: `spec.grants: Invalid value: ` + anotherAccountsGrant,
		},
		{
			about: "a grant with a role of another partition",
			path:  "spec.grants[0].roleARN", value: "arn:aws-cn:iam::123456789012:role/runbook-operator",
			says: `spec.grants: Invalid value: ` + anotherAccountsGrant,
		},
		{
			about: "a grant for the resources of another account",
			path:  "spec.grants[0].resources.arnPatterns[0]", value: "arn:aws:lambda:us-east-1:999999999999:function:123456789012:*",
			says: `spec.grants: Invalid value: ` + anotherAccountsPattern,
		},
		{
			about: "a grant for the resources of another partition",
			path:  "spec.grants[0].resources.arnPatterns[0]", value: "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:*",
			says: `spec.grants: Invalid value: ` + anotherAccountsPattern,
		},
		{
			about: "no grants",
			path:  "spec.grants", value: []any{},
			says: `spec.grants: Invalid value: 0: spec.grants in body should have at least 1 items`,
		},
		{
			about: "two grants of one name",
			path:  "spec.grants[1]", value: twin("AWSAccount", "spec.grants"),
			says: `spec.grants[1]: Duplicate value: {"name":"react-stocks"}`,
		},
		{
			about: "a grant with a name in capitals",
			path:  "spec.grants[0].name", value: "React Stocks",
			says: `spec.grants[0].name: Invalid value: "React Stocks": write a name such as react-stocks: lower-case letters, digits and hyphens, a letter or digit first and last`,
		},
		{
			about: "a grant without a name",
			path:  "spec.grants[0].name", value: absent{},
			says: andMore(`spec.grants[0].name: Required value`),
		},
		{
			about: "a grant that does not say for which namespaces",
			path:  "spec.grants[0].namespaceSelector", value: absent{},
			says: andMore(`spec.grants[0].namespaceSelector: Required value`),
		},
		{
			about: "a grant with the name of a role in place of its ARN",
			path:  "spec.grants[0].roleARN", value: "runbook-operator-react-stocks",
			says: `spec.grants[0].roleARN: Invalid value: "runbook-operator-react-stocks": write the ARN of an IAM role, such as arn:aws:iam::123456789012:role/runbook-operator`,
		},
		{
			about: "a grant with the ARN of a user",
			path:  "spec.grants[0].roleARN", value: "arn:aws:iam::123456789012:user/alice",
			says: `spec.grants[0].roleARN: Invalid value: "arn:aws:iam::123456789012:user/alice": write the ARN of an IAM role, such as arn:aws:iam::123456789012:role/runbook-operator`,
		},
		{
			about: "a grant with a session's ARN",
			path:  "spec.grants[0].roleARN", value: "arn:aws:sts::123456789012:assumed-role/responder/alice",
			says: `spec.grants[0].roleARN: Invalid value: "arn:aws:sts::123456789012:assumed-role/responder/alice": write the ARN of an IAM role, such as arn:aws:iam::123456789012:role/runbook-operator`,
		},
		{
			about: "a grant without a role",
			path:  "spec.grants[0].roleARN", value: absent{},
			says: andMore(`spec.grants[0].roleARN: Required value`),
		},
		{
			about: "an external ID with a space",
			path:  "spec.grants[0].externalID", value: "react stocks",
			says: `spec.grants[0].externalID: Invalid value: "react stocks": write the sts:ExternalId of the role's trust policy: letters, digits and + = , . @ : / _ - only`,
		},
		{
			about: "an external ID that is too short for AWS",
			path:  "spec.grants[0].externalID", value: "r",
			says: `spec.grants[0].externalID: Invalid value: "r": spec.grants[0].externalID in body should be at least 2 chars long`,
		},
		{
			about: "a grant for a function's name in place of its ARN",
			path:  "spec.grants[0].resources.arnPatterns[0]", value: "react-stocks-*",
			says: `spec.grants[0].resources.arnPatterns[0]: Invalid value: "react-stocks-*": write an ARN with its account, such as arn:aws:lambda:us-east-1:123456789012:function:react-stocks-*`,
		},
		{
			about: "a grant for everything",
			path:  "spec.grants[0].resources.arnPatterns[0]", value: "*",
			says: `spec.grants[0].resources.arnPatterns[0]: Invalid value: "*": write an ARN with its account, such as arn:aws:lambda:us-east-1:123456789012:function:react-stocks-*`,
		},
		{
			about: "a grant for any account",
			path:  "spec.grants[0].resources.arnPatterns[0]", value: "arn:aws:lambda:us-east-1:*:function:react-stocks-*",
			says: `spec.grants[0].resources.arnPatterns[0]: Invalid value: "arn:aws:lambda:us-east-1:*:function:react-stocks-*": write an ARN with its account, such as arn:aws:lambda:us-east-1:123456789012:function:react-stocks-*`,
		},
		{
			about: "a grant for no resource",
			path:  "spec.grants[0].resources.arnPatterns", value: []any{},
			says: `spec.grants[0].resources.arnPatterns: Invalid value: 0: spec.grants[0].resources.arnPatterns in body should have at least 1 items`,
		},
		{
			about: "a grant with one ARN twice",
			path:  "spec.grants[0].resources.arnPatterns", value: []any{"arn:aws:lambda:us-east-1:123456789012:function:a", "arn:aws:lambda:us-east-1:123456789012:function:a"},
			says: `spec.grants[0].resources.arnPatterns[1]: Duplicate value: "arn:aws:lambda:us-east-1:123456789012:function:a"`,
		},
		{
			about: "a grant that does not say how far it goes",
			path:  "spec.grants[0].maxMode", value: absent{},
			says: andMore(`spec.grants[0].maxMode: Required value`),
		},
		{
			about: "a grant with a mode that does not exist",
			path:  "spec.grants[0].maxMode", value: "Auto",
			says: andMore(`spec.grants[0].maxMode: Unsupported value: "Auto": supported values: "Observe", "Propose", "Act"`),
		},
		{
			about: "a grant of an action that does not exist",
			path:  "spec.grants[0].allowedActions[0]", value: "PutFunctionConcurrency",
			says: andMore(`spec.grants[0].allowedActions[0]: Unsupported value: "PutFunctionConcurrency": supported values: ` + actions()),
		},
	})
})

// What is said of a role or a pattern that is well written, and of another account or partition.
const (
	anotherAccountsRole    = `the account role is a role of the account: write the ARN of a role of the account of accountID`
	anotherAccountsGrant   = `the role of a grant is a role of the account: in roleARN of each grant, write account and partition as in the ARN of the account role (spec.roleARN)`
	anotherAccountsPattern = `a pattern for another account allows nothing here: in arnPatterns of each grant, write account and partition as in the ARN of the account role (spec.roleARN)`
)

// aQueue is what every URL that is none of a queue is answered with.
const aQueue = `write the URL of a standard queue as SQS shows it, such as https://sqs.us-east-1.amazonaws.com/123456789012/runbook-operator-alarms`

// queues is one queue.
func queues(region, url string) []any {
	return []any{map[string]any{"region": region, "url": url}}
}
