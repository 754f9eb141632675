package cloudwatch

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
)

// The error code overrides are the codes of CloudWatch's query protocol, which AWS sends beside the
// shape names to clients of its newer protocols (service model, awsQueryError trait).

// validationError is the error with which CloudWatch answers most malformed requests; it is a common
// error and not part of the service model.
func validationError(format string, args ...any) error {
	return &smithy.GenericAPIError{Code: "ValidationError", Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

func invalidParameterValue(format string, args ...any) error {
	return &types.InvalidParameterValueException{Message: new(fmt.Sprintf(format, args...)), ErrorCodeOverride: new("InvalidParameterValue")}
}

func invalidCombination(format string, args ...any) error {
	return &types.InvalidParameterCombinationException{Message: new(fmt.Sprintf(format, args...)), ErrorCodeOverride: new("InvalidParameterCombination")}
}

func missingParameter(name string) error {
	return &types.MissingRequiredParameterException{Message: new(fmt.Sprintf("The parameter %s is required.", name)), ErrorCodeOverride: new("MissingParameter")}
}

func invalidNextToken() error {
	return &types.InvalidNextToken{Message: new("The next token is invalid for this request."), ErrorCodeOverride: new("InvalidNextToken")}
}
