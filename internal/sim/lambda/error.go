package lambda

import (
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

// user is the Type member of errors that are the caller's.
const user = "User"

func notFound(format string, args ...any) error {
	return &types.ResourceNotFoundException{Type: aws.String(user), Message: aws.String(fmt.Sprintf(format, args...))}
}

func (s *Service) functionNotFound(ref reference) error {
	return notFound("Function not found: %s", s.arn(ref))
}

func (s *Service) aliasNotFound(ref reference) error {
	return notFound("Cannot find alias arn: %s", s.arn(ref))
}

func invalidParameter(format string, args ...any) error {
	return &types.InvalidParameterValueException{Type: aws.String(user), Message: aws.String(fmt.Sprintf(format, args...))}
}

func conflict(format string, args ...any) error {
	return &types.ResourceConflictException{Type: aws.String(user), Message: aws.String(fmt.Sprintf(format, args...))}
}

// updateInProgress is the refusal of a second change while the first has not finished: HTTP 409.
func (s *Service) updateInProgress(name string) error {
	return conflict("The operation cannot be performed at this time. An update is in progress for resource: %s", s.ARN(name))
}

// staleRevision is the refusal of a change whose RevisionId is not the newest: HTTP 412.
func staleRevision() error {
	return &types.PreconditionFailedException{
		Type:    aws.String(user),
		Message: aws.String("The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"),
	}
}

// validation is the refusal of a value outside its constraint, answered before the service looks at the resource.
func validation(value any, member, constraint string) error {
	return validationException(fmt.Sprintf("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, member, constraint))
}

func validationException(message string) error {
	return &wire.Error{Code: "ValidationException", Message: message, Status: http.StatusBadRequest}
}

// inRange checks an optional number against the constraints of the API Reference.
func inRange(n *int32, member string, low, high int32) error {
	switch {
	case n == nil:
		return nil
	case *n < low:
		return validation(*n, member, fmt.Sprintf("Member must have value greater than or equal to %d", low))
	case *n > high:
		return validation(*n, member, fmt.Sprintf("Member must have value less than or equal to %d", high))
	}
	return nil
}
