package wire

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// maxBody bounds a request body after decompression: Lambda's largest synchronous API request is 70 MB
// (UpdateFunctionCode with a zip file of 50 MB in base64).
const maxBody = 80 << 20

// Server answers AWS requests: it decodes, hands the call to the middleware, and writes what it returns.
type Server struct {
	router     *Router
	middleware Middleware
}

// NewServer serves the router's operations through the middleware.
func NewServer(r *Router, m Middleware) *Server { return &Server{router: r, middleware: m} }

// scope is the part of the Authorization header that names the caller, the Region and the service.
type scope struct{ accessKeyID, region, service string }

// credentialScope reads "AWS4-HMAC-SHA256 Credential=AKID/date/region/service/aws4_request, ..." (AWS General
// Reference, "Signature Version 4"). Signatures are not verified.
func credentialScope(authorization string) scope {
	_, rest, ok := strings.Cut(authorization, "Credential=")
	if !ok || !strings.HasPrefix(authorization, "AWS4-") {
		return scope{}
	}
	credential, _, _ := strings.Cut(rest, ",")
	parts := strings.Split(strings.TrimSpace(credential), "/")
	if len(parts) < 5 {
		return scope{}
	}
	return scope{accessKeyID: parts[0], region: parts[len(parts)-3], service: parts[len(parts)-2]}
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	ctx := req.Context()
	body, err := readBody(req)
	m := s.router.match(ctx, req, body)
	if err != nil {
		m.call.err = serializationError(err)
	}
	sc := credentialScope(req.Header.Get("Authorization"))
	m.call.AccessKeyID, m.call.SignedRegion, m.call.SignedService = sc.accessKeyID, sc.region, sc.service
	m.call.SessionToken = req.Header.Get("X-Amz-Security-Token")
	out, err := s.middleware(ctx, m.call)
	if errors.Is(err, ErrConnectionReset) || errors.Is(err, ErrNoAnswer) {
		reset(w)
		return
	}
	if q, ok := m.format.(queryFormat); ok {
		q.requestID = func() string { return m.call.RequestID }
		m.format = q
	}
	r, err := answer(ctx, m, out, err)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, m.call.RequestID, r)
}

func answer(ctx context.Context, m matched, out any, err error) (response, error) {
	if err != nil {
		return m.format.failure(ctx, newFailure(err, m.format.namespace()))
	}
	return m.format.output(ctx, m.op, out)
}

func readBody(req *http.Request) ([]byte, error) {
	var r io.Reader = req.Body
	if req.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(req.Body)
		if err != nil {
			return nil, fmt.Errorf("reading gzip body: %w", err)
		}
		r = z
	}
	b, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("reading body: %w", err)
	}
	if len(b) > maxBody {
		return nil, fmt.Errorf("reading body: longer than %d bytes", maxBody)
	}
	return b, nil
}

func send(w http.ResponseWriter, requestID string, r response) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.Header().Set("X-Amzn-Requestid", requestID)
	if r.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	// A client that has gone away is its own affair.
	_, _ = w.Write(r.body)
}

// reset drops the connection with a TCP reset, so that the client sees a transport error and no HTTP answer.
func reset(w http.ResponseWriter) {
	h, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	c, _, err := h.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}
