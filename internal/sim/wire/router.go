package wire

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/aws/smithy-go/transport/http/protocol/restjson1"
	"github.com/aws/smithy-go/transport/http/protocol/rpcv2"
)

// rpcService is a schema-based service under its three protocols, with its operations by name.
type rpcService struct {
	*Service
	cbor, json10, json11, rest smithyhttp.ClientProtocol
	byName                     map[string]*Operation
	routes                     []route
}

// Router finds the operation that a request names and decodes its input.
type Router struct {
	services map[string]*rpcService // by the model's service name, for example GraniteServiceVersion20100801
	signing  map[string]*rpcService // by the name in the credential scope
	query    []*QueryService
	rest     []*rpcService
	first    *rpcService
}

// NewRouter serves the given services, at least one of them schema-based. Routes of restJson1 services come from their schemas' HTTP traits.
func NewRouter(services []Service, query []QueryService) *Router {
	r := &Router{services: map[string]*rpcService{}, signing: map[string]*rpcService{}}
	for i := range services {
		s := &rpcService{Service: &services[i], byName: map[string]*Operation{}}
		s.cbor, s.rest = rpcv2.NewCBOR(s.Schema), restjson1.New(s.Schema)
		s.json10, s.json11 = awsjson.New10(s.Schema), awsjson.New11(s.Schema)
		for j := range s.Operations {
			op := &s.Operations[j]
			s.byName[op.name] = op
			if s.REST {
				s.routes = append(s.routes, newRoute(*op))
			}
		}
		if s.REST {
			r.rest = append(r.rest, s)
		}
		if r.first == nil {
			r.first = s
		}
		r.services[s.Schema.ID().Name], r.signing[s.SigningName] = s, s
	}
	for i := range query {
		r.query = append(r.query, &query[i])
	}
	return r
}

// matched is a routed request: the call, and how its answer is written.
type matched struct {
	call   *Call
	op     *Operation
	format format
}

// match routes in the order that tells the protocols apart: the Smithy-Protocol header (rpc-v2-cbor), X-Amz-Target
// (awsJson), a form body with an Action (awsQuery), and else the service of the credential scope with method and path.
func (r *Router) match(ctx context.Context, req *http.Request, body []byte) matched {
	scope := credentialScope(req.Header.Get("Authorization"))
	switch {
	case req.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		return r.matchCBOR(ctx, req, body)
	case req.Header.Get("X-Amz-Target") != "":
		return r.matchJSON(ctx, req, body, scope)
	case strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		return r.matchQuery(body, scope)
	default:
		return r.matchREST(ctx, req, body, scope)
	}
}

func (r *Router) matchCBOR(ctx context.Context, req *http.Request, body []byte) matched {
	parts := split(req.URL.Path)
	if len(parts) < 4 || parts[len(parts)-4] != "service" || parts[len(parts)-2] != "operation" {
		return unknown("", req.Method+" "+req.URL.Path, r.fallback())
	}
	s, ok := r.services[parts[len(parts)-3]]
	name := parts[len(parts)-1]
	if !ok {
		return unknown("", name, r.fallback())
	}
	return s.decode(ctx, name, protocolFormat{s.cbor, s.Service, kindCBOR}, body, req)
}

func (r *Router) matchJSON(ctx context.Context, req *http.Request, body []byte, scope scope) matched {
	target, name, _ := strings.Cut(req.Header.Get("X-Amz-Target"), ".")
	s, ok := r.services[target]
	if !ok || s.REST {
		f := r.fallback()
		f.kind = kindJSON
		return unknown(scope.service, name, f)
	}
	p := s.json11
	if strings.HasSuffix(req.Header.Get("Content-Type"), "json-1.0") {
		p = s.json10
	}
	return s.decode(ctx, name, protocolFormat{p, s.Service, kindJSON}, body, req)
}

func (r *Router) matchREST(ctx context.Context, req *http.Request, body []byte, scope scope) matched {
	candidates := r.rest
	if s, ok := r.signing[scope.service]; ok && s.REST {
		candidates = []*rpcService{s}
	}
	for _, s := range candidates {
		f := protocolFormat{s.rest, s.Service, kindREST}
		for _, route := range s.routes {
			labels, ok := route.match(req.Method, req.URL.EscapedPath())
			if !ok {
				continue
			}
			m := s.decode(ctx, route.op.name, f, body, req)
			if m.call.err == nil {
				if err := bindHTTP(m.call.Input.(smithy.Serializable), labels, req.URL.Query(), req.Header); err != nil {
					m.call.err = serializationError(err)
				}
			}
			return m
		}
	}
	f := r.fallback()
	f.kind = kindREST
	return unknown(scope.service, req.Method+" "+req.URL.Path, f)
}

func (s *rpcService) decode(ctx context.Context, name string, f protocolFormat, body []byte, req *http.Request) matched {
	op, ok := s.byName[name]
	if !ok {
		m := unknown(s.Name, name, f)
		m.call.SigningName = s.SigningName
		return m
	}
	c := &Call{Service: s.Name, Operation: name, SigningName: s.SigningName, invoke: op.invoke}
	in := op.newIn()
	if err := decode(ctx, f.protocol, body, req.Header, in, s.Unions); err != nil {
		c.err = serializationError(err)
	}
	c.Input = in
	return matched{call: c, op: op, format: f}
}

func (r *Router) matchQuery(body []byte, scope scope) matched {
	form, err := url.ParseQuery(string(body))
	action := form.Get("Action")
	for _, s := range r.query {
		f := queryFormat{service: s, operation: action}
		for _, op := range s.Operations {
			if op.name != action || err != nil {
				continue
			}
			c := &Call{Service: s.Name, Operation: action, SigningName: s.SigningName, invoke: op.invoke}
			c.Input, c.err = op.decode(form)
			return matched{call: c, format: f}
		}
	}
	for _, s := range r.query {
		if scope.service == "" || scope.service == s.SigningName {
			return unknownAction(s.Name, action, queryFormat{service: s, operation: action})
		}
	}
	f := queryFormat{service: &QueryService{Name: scope.service}, operation: action}
	return unknownAction(scope.service, action, f)
}

// fallback writes errors of requests that name no known service.
func (r *Router) fallback() protocolFormat {
	return protocolFormat{r.first.cbor, r.first.Service, kindCBOR}
}

// unknown is the answer of the JSON, REST and CBOR protocols to an operation that is not served.
func unknown(service, name string, f protocolFormat) matched {
	err := &Error{
		Code:    "UnknownOperationException",
		Message: fmt.Sprintf("The requested operation %s is not recognized by the service.", name),
		Status:  http.StatusBadRequest,
	}
	if f.kind != kindJSON {
		err.Status = http.StatusNotFound
	}
	return matched{call: &Call{Service: service, Operation: name, err: err}, format: f}
}

// unknownAction is the answer of the Query protocol to an operation that is not served.
func unknownAction(service, action string, f queryFormat) matched {
	return matched{call: &Call{Service: service, Operation: action, err: &Error{
		Code:    "InvalidAction",
		Message: fmt.Sprintf("The action %s is not valid for this web service.", action),
		Status:  http.StatusBadRequest,
	}}, format: f}
}

func serializationError(err error) error {
	return &Error{Code: "SerializationException", Message: err.Error(), Status: http.StatusBadRequest}
}
