package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/encoding/cbor"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// format is how one protocol writes its answers.
type format interface {
	output(ctx context.Context, op *Operation, out any) (response, error)
	failure(ctx context.Context, f failure) (response, error)
	namespace() string
}

// response is an HTTP response before it is sent.
type response struct {
	status int
	header http.Header
	body   []byte
}

func newResponse(status int, contentType string, body []byte) response {
	return response{status: status, header: http.Header{"Content-Type": {contentType}}, body: body}
}

// protocolFormat writes answers with one of the SDK's schema-based protocols.
type protocolFormat struct {
	protocol smithyhttp.ClientProtocol
	service  *Service
	kind     protocolKind
}

type protocolKind int

const (
	kindREST protocolKind = iota // aws.protocols#restJson1
	kindJSON                     // aws.protocols#awsJson1_0 and awsJson1_1
	kindCBOR                     // smithy.protocols#rpcv2Cbor
)

func (p protocolFormat) namespace() string { return p.service.Schema.ID().Namespace }

func (p protocolFormat) output(ctx context.Context, op *Operation, out any) (response, error) {
	v, ok := out.(smithy.Serializable)
	if !ok {
		return response{}, fmt.Errorf("output %T of %s has no schema", out, op.name)
	}
	body, header, err := encode(ctx, p.protocol, v)
	if err != nil {
		return response{}, err
	}
	r := response{status: http.StatusOK, header: p.keep(header), body: body}
	if p.kind == kindREST {
		r.status = op.StatusCode()
		if r.status == http.StatusNoContent {
			r.body = nil
		}
	}
	return r, nil
}

// keep drops what belongs to a request only. A CBOR response repeats Smithy-Protocol, without which clients refuse it
// (Smithy RPC v2 CBOR specification, "Responses").
func (p protocolFormat) keep(h http.Header) http.Header {
	out := http.Header{}
	for name, values := range h {
		switch name {
		case "Accept", "X-Amz-Target", "X-Amzn-Query-Mode":
		default:
			out[name] = values
		}
	}
	if p.kind == kindCBOR {
		out.Set("Smithy-Protocol", "rpc-v2-cbor")
	}
	return out
}

func (p protocolFormat) failure(ctx context.Context, f failure) (response, error) {
	body, header := []byte(nil), http.Header{}
	if f.modelled != nil {
		b, h, err := encode(ctx, p.protocol, f.modelled)
		if err != nil {
			return response{}, err
		}
		body, header = b, p.keep(h)
	}
	if p.kind == kindCBOR {
		return p.cborFailure(f, body)
	}
	members := map[string]any{}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &members); err != nil {
			return response{}, fmt.Errorf("encoding error %s: %w", f.code, err)
		}
	} else {
		members["message"] = f.message
	}
	contentType := "application/json"
	if p.kind == kindJSON {
		// AWS JSON 1.0 and 1.1 name the error in the body, restJson1 in a header.
		members["__type"] = f.shapeID
		contentType = header.Get("Content-Type")
		if contentType == "" {
			contentType = "application/x-amz-json-1.1"
		}
		if p.service.QueryCompatible {
			header.Set("X-Amzn-Query-Error", f.queryCode+";"+f.sender())
		}
	} else {
		header.Set("X-Amzn-Errortype", f.code)
	}
	header.Set("Content-Type", contentType)
	b, err := json.Marshal(members)
	if err != nil {
		return response{}, fmt.Errorf("encoding error %s: %w", f.code, err)
	}
	return response{status: f.status, header: header, body: b}, nil
}

func (p protocolFormat) cborFailure(f failure, body []byte) (response, error) {
	members := cbor.Map{}
	if len(body) > 0 {
		v, err := cbor.Decode(body)
		if err != nil {
			return response{}, fmt.Errorf("encoding error %s: %w", f.code, err)
		}
		if m, ok := v.(cbor.Map); ok {
			members = m
		}
	} else {
		members["message"] = cbor.String(f.message)
	}
	members["__type"] = cbor.String(f.shapeID)
	r := newResponse(f.status, "application/cbor", cbor.Encode(members))
	r.header.Set("Smithy-Protocol", "rpc-v2-cbor")
	if p.service.QueryCompatible {
		r.header.Set("X-Amzn-Query-Error", f.queryCode+";"+f.sender())
	}
	return r, nil
}
