package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/aws/smithy-go/traits"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// neutral is the operation under which bodies are read and written: the client protocols want a method and a path
// for a request, which a response does not have.
var neutral = smithy.NewSchema(smithy.ShapeID{Namespace: "simulator", Name: "Operation"},
	smithy.ShapeTypeOperation, 0, &traits.HTTP{Method: http.MethodPost, URI: "/", Code: http.StatusOK})

// encode writes v as a response of the protocol: what a client would send as a request body is what a server sends
// as a response body, because smithy protocols use one document format in both directions.
func encode(ctx context.Context, p smithyhttp.ClientProtocol, v smithy.Serializable) ([]byte, http.Header, error) {
	s := SchemaOf(v)
	req, ok := smithyhttp.NewStackRequest().(*smithyhttp.Request)
	if !ok {
		return nil, nil, fmt.Errorf("encoding %T: the SDK made no HTTP request", v)
	}
	ctx = middleware.WithOperationName(ctx, neutral.ID().Name)
	if err := p.SerializeRequest(ctx, smithy.NewOperationSchema(neutral, s, s), v, req); err != nil {
		return nil, nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	stream := req.GetStream()
	if stream == nil {
		return nil, req.Header, nil
	}
	body, err := io.ReadAll(stream)
	if err != nil {
		return nil, nil, fmt.Errorf("encoding %T: %w", v, err)
	}
	return body, req.Header, nil
}

// decode reads a request body into a typed input. Members that travel in the path, the query or a request header are
// not in the body; bindHTTP sets them.
func decode(ctx context.Context, p smithyhttp.ClientProtocol, body []byte, h http.Header, in smithy.Serializable, unions []any) error {
	s := SchemaOf(in)
	resp := &smithyhttp.Response{Response: &http.Response{
		StatusCode:    http.StatusOK,
		Header:        h,
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
	}}
	return p.DeserializeResponse(ctx, smithy.NewOperationSchema(neutral, s, s), &smithy.TypeRegistry{}, resp, newTarget(s, in, unions))
}
