package action

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// Command returns the command of the AWS CLI that makes a call, for a person to paste into a shell. The CLI names
// operations and parameters as the API does, in lower case with hyphens. What is not set is no argument.
func Command(c v1alpha1.Call, region string) string {
	service, operation, _ := strings.Cut(c.Operation, ":")
	command := fmt.Sprintf("aws %s %s --region %s --function-name %s", quote(service), quote(hyphens(operation)), quote(region), quote(c.ResourceARN))
	for _, w := range c.Writes {
		if w.Value != nil {
			command += " " + quote("--"+hyphens(w.Name)) + " " + quote(*w.Value)
		}
	}
	return command
}

// LookCommand returns the command of the AWS CLI that shows the fields that a call writes, and no environment variables.
func LookCommand(c v1alpha1.Call, region string) string {
	fields := []string{"LastUpdateStatus"}
	operation := "get-function-configuration"
	for _, w := range c.Writes {
		if w.Name == fieldReserved {
			operation, fields = "get-function-concurrency", nil
		}
	}
	for _, w := range c.Writes {
		fields = append(fields, w.Name)
	}
	return fmt.Sprintf("aws lambda %s --region %s --function-name %s --query %s",
		operation, quote(region), quote(c.ResourceARN), quote("["+strings.Join(fields, ",")+"]"))
}

// hyphens turns PutFunctionConcurrency into put-function-concurrency.
func hyphens(name string) string {
	var out strings.Builder
	for i, c := range name {
		if unicode.IsUpper(c) && i > 0 {
			out.WriteByte('-')
		}
		out.WriteRune(unicode.ToLower(c))
	}
	return out.String()
}

// quote makes one word of a text for a POSIX shell, whatever somebody wrote into the status.
func quote(text string) string {
	plain := func(c rune) bool {
		return c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c) || strings.ContainsRune("-_.:/", c))
	}
	if text != "" && !strings.ContainsFunc(text, func(c rune) bool { return !plain(c) }) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
