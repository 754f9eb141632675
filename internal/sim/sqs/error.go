package sqs

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

// Common errors (API Reference, "Common Error Types").

func missing(parameter string) error {
	return &wire.Error{Code: "MissingParameter", Message: "The request must contain the parameter " + parameter + ".", Status: http.StatusBadRequest}
}

func invalidRequest(format string, args ...any) error {
	return &wire.Error{Code: "InvalidParameterValue", Message: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

func invalid(value any, parameter, reason string) error {
	return invalidRequest("Value %v for parameter %s is invalid. Reason: %s.", value, parameter, reason)
}

func nonexistent() error {
	return &types.QueueDoesNotExist{Message: new("The specified queue does not exist.")}
}

// maxBatch is how many entries a batch takes (API Reference, TooManyEntriesInBatchRequest).
const maxBatch = 10

// entryID is the form of the ID of an entry in a batch (API Reference, DeleteMessageBatchRequestEntry).
var entryID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// checkBatch checks the number and the IDs of a batch's entries.
func checkBatch[E any](kind string, entries []E, id func(E) *string) error {
	if len(entries) == 0 {
		return &types.EmptyBatchRequest{Message: new("There should be at least one " + kind + " in the request.")}
	}
	if len(entries) > maxBatch {
		return &types.TooManyEntriesInBatchRequest{
			Message: new(fmt.Sprintf("Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(entries))),
		}
	}
	seen := map[string]bool{}
	for _, e := range entries {
		name := aws.ToString(id(e))
		switch {
		case !entryID.MatchString(name):
			return &types.InvalidBatchEntryId{Message: new("A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")}
		case seen[name]:
			return &types.BatchEntryIdsNotDistinct{Message: new("Id " + name + " repeated.")}
		}
		seen[name] = true
	}
	return nil
}

// failed is the entry of a batch that did not go well.
func failed(id *string, err error) types.BatchResultErrorEntry {
	out := types.BatchResultErrorEntry{Id: id, SenderFault: true, Code: new(wire.Code(err)), Message: new(err.Error())}
	var api smithy.APIError
	if errors.As(err, &api) {
		out.Message = new(api.ErrorMessage())
	}
	return out
}
