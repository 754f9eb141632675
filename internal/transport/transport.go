// Package transport owns how a request of the AWS SDK is written to the network: its body in one piece, from memory, and
// to where it is addressed. It must not know AWS, nor send anything twice.
package transport

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Doer makes one exchange.
type Doer interface {
	Do(r *http.Request) (*http.Response, error)
}

// Client is an HTTP client for the AWS SDK. The SDK closes the body of a request as soon as the response begins; net/http
// may still be asking that body whether more follows, is answered io.EOF where it expects no error, and closes the
// connection that the response is being read from ("use of closed network connection", aws-sdk-go-v2 issue 1825). A body
// of its own, from memory, is not closed by anybody, and leaves with its headers in one write.
type Client struct {
	// Next sends.
	Next Doer
}

// New returns a Client with connections of its own.
func New() Client {
	return Client{Next: Over(http.DefaultTransport.(*http.Transport).Clone(), 0)}
}

// Over sends over a round tripper, and gives an exchange up that takes longer than the limit. Zero: never. It follows no
// redirect: one request is one request, and no API of AWS that the operator calls redirects.
func Over(next http.RoundTripper, limit time.Duration) *http.Client {
	return &http.Client{
		Transport: next, Timeout: limit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Do makes one exchange. Bodies are read wholly: those of the operations that the operator calls are a few kilobytes.
func (c Client) Do(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return c.Next.Do(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the body of the request: %w", err)
	}
	r = r.Clone(r.Context())
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return c.Next.Do(r)
}
