package transport_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/transport"
)

// sdkBody is a body as the SDK makes it: once closed, it answers io.EOF also where no error is expected.
type sdkBody struct {
	io.Reader
	closed bool
}

func (b *sdkBody) Close() error { b.closed = true; return nil }
func (b *sdkBody) WriteTo(w io.Writer) (int64, error) {
	if b.closed {
		return 0, io.EOF
	}
	return io.Copy(w, b.Reader)
}

// late reads the body after the SDK closed its own.
type late struct {
	own   *sdkBody
	wrote string
	extra error
}

func (l *late) Do(r *http.Request) (*http.Response, error) {
	_ = l.own.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	l.wrote = string(body)
	_, l.extra = io.Copy(io.Discard, r.Body)
	return &http.Response{StatusCode: http.StatusOK, ContentLength: r.ContentLength}, nil
}

func TestABodyIsWrittenWhollyAlsoAfterTheSDKClosedItsOwn(t *testing.T) {
	g := NewWithT(t)
	own := &sdkBody{Reader: strings.NewReader("ReservedConcurrentExecutions")}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://aws", own)
	g.Expect(err).NotTo(HaveOccurred())
	next := &late{own: own}
	response, err := transport.Client{Next: next}.Do(r)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(next.wrote).To(Equal("ReservedConcurrentExecutions"))
	g.Expect(next.extra).NotTo(HaveOccurred(), "an error here closes the connection that the response is read from")
	g.Expect(response.ContentLength).To(BeEquivalentTo(len("ReservedConcurrentExecutions")))
}

func TestNoRedirectIsFollowed(t *testing.T) {
	g := NewWithT(t)
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	for i, client := range []transport.Doer{transport.New(), transport.Over(http.DefaultTransport, time.Minute)} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, http.NoBody)
		g.Expect(err).NotTo(HaveOccurred())
		response, err := client.Do(r)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(response.Body.Close()).To(Succeed())
		g.Expect(response.StatusCode).To(Equal(http.StatusTemporaryRedirect))
		g.Expect(requests).To(Equal(i + 1))
	}
}
