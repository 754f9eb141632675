package wire

import (
	"context"
	"net/http"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
)

// Operation is one served operation of a schema-based service: its schema, how to make its input and how to run it.
type Operation struct {
	name   string
	http   *traits.HTTP
	input  *smithy.Schema
	output *smithy.Schema
	newIn  func() smithy.Serializable
	newOut func() smithy.Serializable
	invoke func(context.Context, any) (any, error)
}

// Name is the operation's name in the service's model, for example "PutFunctionConcurrency".
func (o Operation) Name() string { return o.name }

// StatusCode is the HTTP status of a success, by the operation's http trait; 200 where there is none.
func (o Operation) StatusCode() int {
	if o.http == nil {
		return http.StatusOK
	}
	return o.http.Code
}

// NewInput returns an empty typed input of the operation.
func (o Operation) NewInput() smithy.Serializable { return o.newIn() }

// NewOutput returns an empty typed output of the operation.
func (o Operation) NewOutput() smithy.Serializable { return o.newOut() }

// serializable is a pointer to T that can write itself with its schema; every generated input and output is one.
type serializable[T any] interface {
	*T
	smithy.Serializable
}

// Op serves one operation with a typed handler. The schema is the generated operation schema of the SDK module
// (for example schemas.PutFunctionConcurrency of service/lambda); method and path are taken from its HTTP trait.
func Op[I, O any, PI serializable[I], PO serializable[O]](schema *smithy.Schema, fn func(context.Context, *I) (*O, error)) Operation {
	h, _ := smithy.SchemaTrait[*traits.HTTP](schema)
	return Operation{
		name:   schema.ID().Name,
		http:   h,
		input:  SchemaOf(PI(new(I))),
		output: SchemaOf(PO(new(O))),
		newIn:  func() smithy.Serializable { return PI(new(I)) },
		newOut: func() smithy.Serializable { return PO(new(O)) },
		invoke: func(ctx context.Context, in any) (any, error) {
			out, err := fn(ctx, in.(*I))
			if err != nil {
				return nil, err
			}
			return PO(out), nil
		},
	}
}

// Service is a service whose SDK module carries schemas, with the operations that are served.
type Service struct {
	// Name is the service's IAM prefix, for example "lambda" or "cloudwatch".
	Name string
	// SigningName is the service in the SigV4 credential scope, for example "monitoring" for CloudWatch.
	SigningName string
	// Schema is the generated service schema of the SDK module.
	Schema *smithy.ServiceSchema
	// QueryCompatible says that the service once spoke the Query protocol, whose error codes its answers repeat in the
	// header x-amzn-query-error (trait aws.protocols#awsQueryCompatible).
	QueryCompatible bool
	// REST says that the service speaks restJson1. Otherwise it speaks rpc-v2-cbor and awsJson 1.0 and 1.1.
	REST bool
	// Unions are a pointer to each variant type of the unions that inputs contain.
	Unions []any
	// Operations are the operations served.
	Operations []Operation
}

// Call is one API call on its way from the wire to its handler.
type Call struct {
	// Service is the service's IAM prefix; empty when the request names no known service.
	Service string
	// Operation is the operation's name; for a request that names none, the method and path.
	Operation string
	// Input is the typed input; nil when the request could not be decoded.
	Input any
	// AccessKeyID is the access key of the SigV4 credential scope; empty for an unsigned request.
	AccessKeyID string
	// SignedRegion and SignedService are the Region and the service of the SigV4 credential scope.
	SignedRegion, SignedService string
	// SigningName is the service that the scope must name; empty when the request names no known service.
	SigningName string
	// SessionToken is the X-Amz-Security-Token header.
	SessionToken string
	// RequestID is the request ID of the response; the middleware sets it.
	RequestID string

	invoke func(context.Context, any) (any, error)
	err    error
}

// Invoke runs the call's handler. A request that is unknown or undecodable returns its AWS error here.
func (c *Call) Invoke(ctx context.Context) (any, error) {
	if c.err != nil {
		return nil, c.err
	}
	return c.invoke(ctx, c.Input)
}

// Malformed returns the error of a request that names no served operation or cannot be decoded, else nil.
func (c *Call) Malformed() error { return c.err }

// Middleware stands between the wire and the handlers: it sees every call and runs c.Invoke, or refuses.
type Middleware func(ctx context.Context, c *Call) (any, error)
