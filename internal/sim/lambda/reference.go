package lambda

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

// namePattern is the pattern of FunctionName in the Lambda API Reference: a name, a partial ARN or an ARN, each with an
// optional qualifier.
const namePattern = `(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`

var nameExpression = regexp.MustCompile(`^` + namePattern + `$`)

// qualifierPattern is the pattern of a Qualifier in the Lambda API Reference, of 1 to 128 characters.
const qualifierPattern = `(|[a-zA-Z0-9$_-]+)`

var qualifierExpression = regexp.MustCompile(`^[a-zA-Z0-9$_-]{1,128}$`)

// Groups of namePattern.
const (
	groupRegion    = 3
	groupAccount   = 8
	groupName      = 10
	groupQualifier = 12
)

// reference is a function, version or alias as a request names it.
type reference struct {
	name      string
	qualifier string
}

// parse reads a FunctionName with an optional separate Qualifier.
func (s *Service) parse(functionName, qualifier *string) (reference, error) {
	raw := aws.ToString(functionName)
	m := nameExpression.FindStringSubmatch(raw)
	if m == nil || len(raw) > 170 {
		return reference{}, validation(raw, "functionName", "Member must satisfy regular expression pattern: "+namePattern)
	}
	ref := reference{name: m[groupName], qualifier: m[groupQualifier]}
	if region := strings.TrimSuffix(m[groupRegion], ":"); region != "" && region != s.o.Region {
		return ref, notFound("Functions from '%s' are not reachable in this region ('%s')", region, s.o.Region)
	}
	if account := strings.TrimSuffix(m[groupAccount], ":"); account != "" && account != s.o.AccountID {
		return ref, &wire.Error{
			Code:    "AccessDeniedException",
			Message: fmt.Sprintf("The caller is not authorized to perform this operation on resource: %s because no resource-based policy allows it", raw),
			Status:  http.StatusForbidden,
		}
	}
	if len(ref.name) > 64 {
		return ref, validation(ref.name, "functionName", "Member must have length less than or equal to 64")
	}
	if q := aws.ToString(qualifier); q != "" {
		if !qualifierExpression.MatchString(q) {
			return ref, validation(q, "qualifier", "Member must satisfy regular expression pattern: "+qualifierPattern)
		}
		if ref.qualifier != "" && ref.qualifier != q {
			return ref, invalidParameter("The derived qualifier from the function name does not match the specified qualifier.")
		}
		ref.qualifier = q
	}
	return ref, nil
}

// parseUnqualified reads a FunctionName of an operation that works on the whole function.
func (s *Service) parseUnqualified(functionName *string) (reference, error) {
	ref, err := s.parse(functionName, nil)
	if err != nil {
		return ref, err
	}
	if ref.qualifier != "" && ref.qualifier != latestVersion {
		return ref, invalidParameter("This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.")
	}
	ref.qualifier = ""
	return ref, nil
}

// arn is the ARN of the reference, with its qualifier.
func (s *Service) arn(ref reference) string {
	if ref.qualifier == "" {
		return s.ARN(ref.name)
	}
	return s.ARN(ref.name) + ":" + ref.qualifier
}

// ResourceARN is the ARN of the function that a FunctionName names in any of its forms, without the qualifier; the name
// itself when it cannot be read.
func (s *Service) ResourceARN(functionName string) string {
	m := nameExpression.FindStringSubmatch(functionName)
	if m == nil {
		return functionName
	}
	return s.ARN(m[groupName])
}
