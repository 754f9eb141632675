package wire

import (
	"errors"
	"net/http"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
)

// ErrConnectionReset closes the connection without an answer: the caller cannot know whether the call took effect.
var ErrConnectionReset = errors.New("connection reset by the simulator")

// ErrNoAnswer is that of a call which is not answered. Whoever returns it waits until the caller has given up; the
// connection is closed then.
var ErrNoAnswer = errors.New("no answer from the simulator")

// Error is an AWS error that no service model defines as a type: the "common errors" of the API references, such as
// AccessDeniedException or UnrecognizedClientException.
type Error struct {
	// Code is the error code in the JSON and CBOR protocols.
	Code string
	// QueryCode is the older code of the Query protocol where it differs; empty means the same.
	QueryCode string
	// Message is the message for a person.
	Message string
	// Status is the HTTP status, 400 to 599.
	Status int
}

// Error implements error.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// ErrorCode implements smithy.APIError.
func (e *Error) ErrorCode() string { return e.Code }

// ErrorMessage implements smithy.APIError.
func (e *Error) ErrorMessage() string { return e.Message }

// ErrorFault implements smithy.APIError.
func (e *Error) ErrorFault() smithy.ErrorFault {
	if e.Status >= http.StatusInternalServerError {
		return smithy.FaultServer
	}
	return smithy.FaultClient
}

// Code is the error's code as the ledger keeps it: the API error code, "ConnectionReset", "NoAnswer", or ""
// for nil.
func Code(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrConnectionReset):
		return "ConnectionReset"
	case errors.Is(err, ErrNoAnswer):
		return "NoAnswer"
	case errors.As(err, &api):
		return api.ErrorCode()
	default:
		return "InternalFailure"
	}
}

// failure is an error prepared for any protocol.
type failure struct {
	code      string // shape name, used by JSON and CBOR
	shapeID   string // with the model's namespace
	queryCode string // used by Query and by the x-amzn-query-error header
	message   string
	status    int
	modelled  smithy.Serializable // nil for a common error
}

// newFailure takes status and query code of a modelled error from the httpError and awsQueryError traits of its schema.
func newFailure(err error, namespace string) failure {
	var api smithy.APIError
	if !errors.As(err, &api) {
		api = &Error{Code: "InternalFailure", Message: err.Error(), Status: http.StatusInternalServerError}
	}
	f := failure{code: api.ErrorCode(), queryCode: api.ErrorCode(), message: api.ErrorMessage(), status: http.StatusBadRequest}
	if api.ErrorFault() == smithy.FaultServer {
		f.status = http.StatusInternalServerError
	}
	if common, ok := api.(*Error); ok {
		f.status = common.Status
		if common.QueryCode != "" {
			f.queryCode = common.QueryCode
		}
	}
	f.shapeID = namespace + "#" + f.code
	v, ok := api.(smithy.Serializable)
	if !ok {
		return f
	}
	s := SchemaOf(v)
	f.modelled, f.code, f.shapeID = v, s.ID().Name, s.ID().String()
	if t, ok := smithy.SchemaTrait[*traits.HTTPError](s); ok {
		f.status = t.Code
	}
	f.queryCode = f.code
	if t, ok := smithy.SchemaTrait[*traits.AWSQueryError](s); ok {
		f.queryCode = t.ErrorCode
	}
	return f
}

// sender says whose fault an error is, in the words of the Query protocol.
func (f failure) sender() string {
	if f.status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}
