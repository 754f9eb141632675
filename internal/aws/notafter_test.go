package aws

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/runbook-operator/runbook-operator/internal/fault"
	simledger "github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

func TestACallWhoseTimeIsOverIsNotSent(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	s := w.session(t)
	for name, call := range map[string]func(ctx context.Context) error{
		"with a body": func(ctx context.Context) error {
			return s.Lambda.PutFunctionConcurrency(ctx, reactstocks.BackendFunction, 200)
		},
		"without a body": func(ctx context.Context) error {
			return s.Lambda.DeleteFunctionConcurrency(ctx, reactstocks.BackendFunction)
		},
	} {
		// The context has a minute left, and the clock has not: as for a process that was stopped and goes on.
		ctx, cancel := w.clients.NotAfter(t.Context(), w.wall.Now().Add(time.Minute))
		w.wall.Step(2 * time.Minute)
		err := call(ctx)
		cancel()
		g.Expect(ctx.Err()).To(MatchError(context.Canceled), "only the test ended it")
		w.clock.Step(time.Minute) // for the budget of changes
		f := fault.From(err)
		g.Expect(f.Refused).To(BeTrue(), "it is known that nothing was changed %s", name)
		g.Expect(f.Message).To(ContainSubstring("was not sent"))
	}
	g.Expect(w.Ledger().Count(simledger.ByClass(simledger.Change))).To(BeZero())

	ctx, cancel := w.clients.NotAfter(t.Context(), w.wall.Now().Add(time.Minute))
	defer cancel()
	g.Expect(s.Lambda.PutFunctionConcurrency(ctx, reactstocks.BackendFunction, 200)).To(Succeed())
}

// slowToConnect lets time pass between the SDK's last step and the connection.
type slowToConnect struct {
	http.RoundTripper
	pass func()
}

func (s slowToConnect) RoundTrip(r *http.Request) (*http.Response, error) {
	s.pass()
	return s.RoundTripper.RoundTrip(r)
}

func TestARequestThatWaitedForItsConnectionTooLongIsNotSent(t *testing.T) {
	g := NewWithT(t)
	var served atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil && r.ContentLength == int64(len(body)) {
			served.Add(1)
		}
	}))
	defer server.Close()
	wall := clocktesting.NewFakeClock(time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC))
	clients := &Clients{wall: wall}
	client := punctual{wall: wall, next: &http.Client{Transport: slowToConnect{http.DefaultTransport, func() { wall.Step(time.Minute) }}}}
	send := func(method string, body io.Reader, within time.Duration) error {
		ctx, cancel := clients.NotAfter(t.Context(), wall.Now().Add(within))
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, method, server.URL, body)
		g.Expect(err).NotTo(HaveOccurred())
		response, err := client.Do(r)
		if err == nil {
			g.Expect(response.Body.Close()).To(Succeed())
		}
		return err
	}
	for i, c := range []struct{ method, body string }{
		{http.MethodPut, `{"ReservedConcurrentExecutions":200}`},
		{http.MethodDelete, ""},
	} {
		body := func() io.Reader {
			if c.body == "" {
				return nil
			}
			return bytes.NewReader([]byte(c.body))
		}
		f := fault.From(send(c.method, body(), 30*time.Second))
		g.Expect(f.Refused).To(BeTrue(), c.method)
		g.Expect(served.Load()).To(BeEquivalentTo(i), c.method)
		g.Expect(send(c.method, body(), 90*time.Second)).To(Succeed())
		g.Expect(served.Load()).To(BeEquivalentTo(i+1), c.method)
	}
}
