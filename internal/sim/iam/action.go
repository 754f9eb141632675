package iam

import "strings"

// ActionOf is the IAM action that permits an operation, both as "service:Operation". They differ where one permission
// covers an operation and its batch: "sqs:DeleteMessage" permits DeleteMessageBatch (Amazon SQS Developer Guide,
// "Amazon SQS API permissions").
func ActionOf(operation string) string {
	if strings.HasPrefix(operation, "sqs:") {
		return strings.TrimSuffix(operation, "Batch")
	}
	return operation
}
