package aws

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/runbook-operator/runbook-operator/internal/fault"
)

const canary = "canary-7f3c9a1e5b2d"

func noCredentials(context.Context) (awssdk.Credentials, error) {
	return awssdk.Credentials{}, errors.New("https://169.254.169.254/latest?token=" + canary)
}

// clientsAt returns clients for an endpoint, and a configuration with which they call it without a session.
func clientsAt(t *testing.T, endpoint string) (*Clients, awssdk.Config) {
	t.Helper()
	clock := clocktesting.NewFakeClock(epoch)
	clients, err := New(t.Context(), Options{Clock: clock, Wall: clock, Load: static(endpoint)})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	cfg := clients.config(Access{AccountID: "123456789012", Region: "us-east-1"}, nil)
	cfg.Credentials = credentials.NewStaticCredentialsProvider("AKIA", "secret", "")
	return clients, cfg
}

func lambdaAt(t *testing.T, endpoint string) Lambda {
	t.Helper()
	clients, cfg := clientsAt(t, endpoint)
	return Lambda{client: lambda.NewFromConfig(cfg), settings: clients.settings}
}

func queueAt(t *testing.T, endpoint string) SQS {
	t.Helper()
	clients, cfg := clientsAt(t, endpoint)
	return SQS{client: sqs.NewFromConfig(cfg), long: clients.longPoll}
}

// limited makes a change that must leave within a minute.
func limited(t *testing.T, l Lambda) error {
	t.Helper()
	clock := clocktesting.NewFakeClock(epoch)
	ctx, cancel := (&Clients{wall: clock}).NotAfter(t.Context(), clock.Now().Add(time.Minute))
	defer cancel()
	return l.DeleteFunctionConcurrency(ctx, "checkout")
}

// answering is a server that gives one answer to every call, and counts them.
func answering(t *testing.T, status int, code, body string, header ...string) (endpoint string, calls *atomic.Int32) {
	t.Helper()
	calls = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		if code != "" {
			w.Header().Set("X-Amzn-ErrorType", code)
		}
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.Header().Set("X-Amzn-RequestId", canary)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL, calls
}

func TestEveryAnswerOfAWSHasOneClass(t *testing.T) {
	text := fmt.Sprintf(`{"message":%q,"Message":%q}`, canary, canary)
	for _, c := range []struct {
		name    string
		status  int
		code    string
		body    string
		class   fault.Class
		reason  string
		refused bool
		message string
	}{
		{"denied", 403, "AccessDeniedException", text, fault.Blocked, "AccessDenied", true, "may not call lambda:PutFunctionConcurrency"},
		{"unknown key", 403, "UnrecognizedClientException", text, fault.Blocked, "AccessDenied", true, ""},
		{"throttled", 429, "TooManyRequestsException", text, fault.Waiting, "AWSUnavailable", true, "slowed the operator down"},
		{"throttled by another name", 400, "ThrottlingException", text, fault.Waiting, "AWSUnavailable", true, ""},
		{"update in progress", 409, "ResourceConflictException", text, fault.Waiting, "UpdateInProgress", true, ""},
		{"too many updates", 400, "TooManyUpdates", text, fault.Waiting, "UpdateInProgress", true, ""},
		{"there already", 400, "ParameterAlreadyExists", text, fault.Waiting, "AlreadyExists", true, "somebody else created it before"},
		{"revision moved", 412, "PreconditionFailedException", text, fault.Waiting, "Stale", true, ""},
		{"not found", 404, "ResourceNotFoundException", text, fault.Terminal, "FunctionNotFound", true, ""},
		{"below the floor", 400, "InvalidParameterValueException",
			`{"message":"Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [50]. ` + canary + `"}`,
			fault.Terminal, "UnreservedFloor", true, "at least 50 unreserved"},
		{"bad parameter", 400, "InvalidParameterValueException", text, fault.Terminal, "Refused", true, "InvalidParameterValueException"},
		{"expired", 403, "ExpiredTokenException", text, fault.Transient, "AWSUnavailable", true, ""},
		{"internal error", 500, "ServiceException", text, fault.Transient, "AWSUnavailable", false, ""},
		{"unavailable", 503, "ServiceUnavailableException", text, fault.Transient, "AWSUnavailable", false, ""},
		{"gateway timeout of a proxy", 504, "", "<html>" + canary + "</html>", fault.Transient, "AWSUnavailable", false, ""},
		{"refusal of a proxy", 403, "", "<html>" + canary + "</html>", fault.Transient, "AWSUnavailable", false, ""},
		{"request timeout", 408, "RequestTimeout", text, fault.Transient, "AWSUnavailable", false, ""},
		{"success that cannot be read", 200, "", `{"ReservedConcurrentExecutions": "` + canary + `"`, fault.Transient, "AWSUnavailable", false, ""},
		{"a code that is no code", 400, "Canary " + canary, text, fault.Transient, "AWSUnavailable", false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			endpoint, calls := answering(t, c.status, c.code, c.body)
			err := lambdaAt(t, endpoint).PutFunctionConcurrency(t.Context(), "checkout", 200)
			g.Expect(err).To(HaveOccurred())
			f := fault.From(err)
			g.Expect(f.Class).To(Equal(c.class))
			g.Expect(f.Reason).To(Equal(c.reason))
			g.Expect(f.Refused).To(Equal(c.refused))
			g.Expect(f.NotFound).To(Equal(c.status == 404))
			g.Expect(f.Message).To(HavePrefix("setting the reserved concurrency of function checkout: "))
			g.Expect(f.Message).To(ContainSubstring(c.message))
			g.Expect(calls.Load()).To(BeEquivalentTo(1), "the SDK does not retry")
			expectClean(g, err, endpoint)
		})
	}
}

func TestACallThatGotNoAnswerHasAnUnknownOutcome(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"reset": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			hijacker, ok := w.(http.Hijacker)
			if !ok {
				panic("the test server cannot drop connections")
			}
			connection, _, err := hijacker.Hijack()
			if err != nil {
				panic(err)
			}
			if tcp, ok := connection.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			_ = connection.Close()
		},
		"deadline": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var calls atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				handler(w, r)
			}))
			t.Cleanup(server.Close)
			client := lambdaAt(t, server.URL)
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			err := client.PutFunctionConcurrency(ctx, "checkout", 200)
			f := fault.From(err)
			g.Expect(f.Class).To(Equal(fault.Transient))
			g.Expect(f.Reason).To(Equal("AWSUnavailable"))
			g.Expect(f.Refused).To(BeFalse())
			g.Expect(calls.Load()).To(BeEquivalentTo(1))
			expectClean(g, err, server.URL)
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		g := NewWithT(t)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		g.Expect(err).NotTo(HaveOccurred())
		endpoint := "http://" + listener.Addr().String()
		g.Expect(listener.Close()).To(Succeed())
		err = lambdaAt(t, endpoint).PutFunctionConcurrency(t.Context(), "checkout", 200)
		g.Expect(fault.From(err).Refused).To(BeFalse())
		g.Expect(fault.From(err).Class).To(Equal(fault.Transient))
		expectClean(g, err, endpoint)
	})
}

func TestAThrottledCallWaitsAsLongAsAWSSays(t *testing.T) {
	for header, want := range map[string]time.Duration{"7": 7 * time.Second, "": time.Second, "soon": time.Second, "86400": maxRetryAfter} {
		g := NewWithT(t)
		endpoint, _ := answering(t, 429, "TooManyRequestsException", "{}", "Retry-After", header)
		err := lambdaAt(t, endpoint).DeleteFunctionConcurrency(t.Context(), "checkout")
		g.Expect(fault.From(err).After).To(Equal(want), header)
	}
}

// expectClean looks for what must not leave this package in the error and all its causes.
func expectClean(g *WithT, err error, endpoint string) {
	for e := err; e != nil; e = errors.Unwrap(e) {
		g.Expect(e.Error()).NotTo(ContainSubstring(canary))
		g.Expect(e.Error()).NotTo(ContainSubstring("://"))
		g.Expect(fmt.Sprintf("%+v", e)).NotTo(ContainSubstring(endpoint[len("http://"):]))
		g.Expect(fault.From(err).Message).NotTo(ContainSubstring(canary))
	}
}
