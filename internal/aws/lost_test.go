package aws

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// nobody is an endpoint at which nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	NewWithT(t).Expect(listener.Close()).To(Succeed())
	return "http://" + listener.Addr().String()
}

func TestACallThatHadNoAnswerSaysWhyAndWhatToDo(t *testing.T) {
	const silence = "silence"
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	plain := func(t *testing.T, h http.HandlerFunc) string {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		return server.URL
	}
	status := func(status int, code, body string) func(t *testing.T) string {
		return func(t *testing.T) string { endpoint, _ := answering(t, status, code, body); return endpoint }
	}
	for name, c := range map[string]struct {
		endpoint func(t *testing.T) string
		says     string
	}{
		"nobody listens": {nobody, "the endpoint refused the connection: see that network policies"},
		"no such name": {func(*testing.T) string { return "http://aws.invalid" },
			"the name of the endpoint cannot be resolved: see that DNS works in the operator's pod"},
		"an authority that nobody trusts": {func(t *testing.T) string { return newAuthority(t).serve(t, ok, "127.0.0.1", time.Now().Add(time.Hour)) },
			"the certificate of the endpoint is not trusted: set AWS_CA_BUNDLE"},
		"a certificate of another name": {func(t *testing.T) string {
			ca := newAuthority(t)
			t.Setenv("AWS_CA_BUNDLE", ca.file)
			return ca.serve(t, ok, "127.0.0.2", time.Now().Add(time.Hour))
		}, "the certificate of the endpoint is of another name: correct AWS_ENDPOINT_URL"},
		"a certificate that is over": {func(t *testing.T) string {
			ca := newAuthority(t)
			t.Setenv("AWS_CA_BUNDLE", ca.file)
			return ca.serve(t, ok, "127.0.0.1", time.Now().Add(-time.Minute))
		}, "the certificate of the endpoint is not valid at this time: renew it"},
		"no TLS": {func(t *testing.T) string { return "https" + plain(t, ok)[len("http"):] }, "the endpoint does not speak TLS"},
		silence: {func(t *testing.T) string {
			return plain(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body); <-r.Context().Done() })
		}, "AWS gave no answer in time: it is asked again"},
		"an end without an answer": {func(t *testing.T) string {
			return plain(t, func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				panic(http.ErrAbortHandler)
			})
		}, "the connection ended before AWS answered"},
		"a redirect":              {status(307, "", ""), "the endpoint redirects elsewhere, which is not followed"},
		"a server error of AWS":   {status(500, "ServiceException", "{}"), "AWS answered that it failed by itself"},
		"a proxy that gives up":   {status(504, "", canary), "the answer was an error, and none of the API of AWS"},
		"a proxy that refuses":    {status(403, "", canary), "the answer was an error, and none of the API of AWS"},
		"an answer of a web page": {status(200, "", canary), "AWS gave no answer that can be used"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			endpoint := c.endpoint(t)
			l := lambdaAt(t, endpoint)
			patience := time.Minute // long enough for a busy machine
			if name == silence {
				patience = 200 * time.Millisecond
			}
			said := map[string]bool{}
			for range breakerFailures + 1 {
				// Reads have a budget of five, and changes of two: the sixth call is held back by the breaker.
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				_, err := l.AccountSettings(ctx)
				cancel()
				f := fault.From(err)
				g.Expect(f.Reason).To(Equal("AWSUnavailable"))
				g.Expect(f.NeedsPerson()).To(BeFalse())
				said[f.Message] = true
				expectClean(g, err, endpoint)
			}
			g.Expect(said).To(HaveLen(1), "also of a call that was not sent, as others had no answer")
			for message := range said {
				g.Expect(message).To(ContainSubstring(": " + c.says))
			}
		})
	}
}
