package wire

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
)

// QueryService is a service that speaks the AWS Query protocol (form body in, XML out) and whose SDK module carries no
// schemas, so that its few operations are read and written by hand.
type QueryService struct {
	// Name is the service's IAM prefix, for example "sts".
	Name string
	// SigningName is the service in the SigV4 credential scope.
	SigningName string
	// Namespace is the XML namespace of the responses.
	Namespace string
	// Operations are the operations served.
	Operations []QueryOperation
}

// QueryOperation is one operation of a QueryService.
type QueryOperation struct {
	name   string
	decode func(url.Values) (any, error)
	invoke func(context.Context, any) (any, error)
}

// Name is the operation's name, the value of the Action parameter.
func (o QueryOperation) Name() string { return o.name }

// QueryOp serves one Query operation: decode reads the form, fn runs it, render gives the content of the
// <OperationResult> element as a value for encoding/xml.
func QueryOp[I, O any](name string, decode func(url.Values) (*I, error), fn func(context.Context, *I) (*O, error), render func(*O) any) QueryOperation {
	return QueryOperation{
		name: name,
		decode: func(v url.Values) (any, error) {
			in, err := decode(v)
			if err != nil {
				return nil, err // and no typed nil as the Call's input
			}
			return in, nil
		},
		invoke: func(ctx context.Context, in any) (any, error) {
			out, err := fn(ctx, in.(*I))
			if err != nil {
				return nil, err
			}
			return render(out), nil
		},
	}
}

type queryFormat struct {
	service   *QueryService
	operation string
	requestID func() string
}

func (q queryFormat) namespace() string { return q.service.Name }

type queryMetadata struct {
	RequestID string `xml:"RequestId"`
}

func (q queryFormat) output(_ context.Context, _ *Operation, out any) (response, error) {
	var inner bytes.Buffer
	e := xml.NewEncoder(&inner)
	if err := e.EncodeElement(out, start(q.operation+"Result")); err != nil {
		return response{}, fmt.Errorf("encoding %s: %w", q.operation, err)
	}
	if err := e.EncodeElement(queryMetadata{q.requestID()}, start("ResponseMetadata")); err != nil {
		return response{}, fmt.Errorf("encoding %s: %w", q.operation, err)
	}
	body, err := xml.Marshal(struct {
		XMLName xml.Name
		Inner   []byte `xml:",innerxml"`
	}{xml.Name{Space: q.service.Namespace, Local: q.operation + "Response"}, inner.Bytes()})
	if err != nil {
		return response{}, fmt.Errorf("encoding %s: %w", q.operation, err)
	}
	return newResponse(http.StatusOK, "text/xml", body), nil
}

func start(name string) xml.StartElement { return xml.StartElement{Name: xml.Name{Local: name}} }

func (q queryFormat) failure(_ context.Context, f failure) (response, error) {
	type detail struct {
		Type    string
		Code    string
		Message string
	}
	type envelope struct {
		XMLName   xml.Name
		Error     detail
		RequestID string `xml:"RequestId"`
	}
	body, err := xml.Marshal(envelope{
		XMLName:   xml.Name{Space: q.service.Namespace, Local: "ErrorResponse"},
		Error:     detail{Type: f.sender(), Code: f.queryCode, Message: f.message},
		RequestID: q.requestID(),
	})
	if err != nil {
		return response{}, fmt.Errorf("encoding error %s: %w", f.code, err)
	}
	return newResponse(f.status, "text/xml", body), nil
}
