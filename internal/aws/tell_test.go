package aws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

// logged returns a context whose log can be read.
func logged(t *testing.T) (ctx context.Context, lines func() []string) {
	t.Helper()
	out := &bytes.Buffer{}
	return log.IntoContext(t.Context(), zap.New(zap.WriteTo(out))), func() []string {
		all := strings.Split(strings.TrimSpace(out.String()), "\n")
		out.Reset()
		if all[0] == "" {
			return nil
		}
		return all
	}
}

func TestTheLogHasTroubleWithACallOnceAndItsEnd(t *testing.T) {
	g := NewWithT(t)
	ctx, lines := logged(t)
	var status atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Amzn-ErrorType", "ServiceException")
		w.Header().Set("X-Amzn-RequestId", canary)
		w.WriteHeader(int(status.Load()))
		_, _ = fmt.Fprintf(w, `{"message":%q}`, canary)
	}))
	t.Cleanup(server.Close)
	clients, cfg := clientsAt(t, server.URL)
	l := Lambda{client: lambda.NewFromConfig(cfg), settings: clients.settings}
	clock := clients.clock.(*clocktesting.FakeClock)
	minutes := func(n int) {
		for range n {
			clock.Step(time.Minute)
			_, _ = l.AccountSettings(ctx)
		}
	}

	status.Store(500)
	minutes(20)
	told := lines()
	g.Expect(told).To(HaveLen(1), "once, and not each time that it is tried")
	for _, says := range []string{`"call":"lambda:GetAccountSettings"`, `"account":"123456789012"`, `"region":"us-east-1"`,
		`"cause":"lambda:GetAccountSettings: status 500: ServiceException"`, "AWS answered that it failed by itself"} {
		g.Expect(told[0]).To(ContainSubstring(says))
	}
	g.Expect(told[0]).NotTo(ContainSubstring(canary))

	status.Store(403)
	minutes(3)
	told = lines()
	g.Expect(told).To(HaveLen(1), "the trouble is another now")
	g.Expect(told[0]).To(ContainSubstring("status 403: ServiceException"))

	status.Store(200)
	minutes(3)
	told = lines()
	g.Expect(told).To(HaveLen(1))
	g.Expect(told[0]).To(ContainSubstring("is over"))
}

func TestTheLogIsNotFilledByWhatComesAndGoes(t *testing.T) {
	g := NewWithT(t)
	ctx, lines := logged(t)
	told, p := newTeller(), place{account: "1", region: "us-east-1"}
	for n := range 600 { // ten minutes
		at := epoch.Add(time.Duration(n) * time.Second)
		told.tell(ctx, p, "lambda", "GetFunction", outcomeUnavailable, errors.New(canary), at)
		told.tell(ctx, p, "lambda", "GetFunction", outcomeOK, nil, at)
		told.tell(ctx, p, "lambda", "GetFunction", outcomeNotFound, errors.New(canary), at)
		told.tell(ctx, p, "lambda", "GetFunction", outcomeCanceled, context.Canceled, at)
	}
	g.Expect(len(lines())).To(BeNumerically("~", 20, 2), "two lines a minute")
}

func TestTheLogSaysWhyTheOperatorHasNoCredentials(t *testing.T) {
	g := NewWithT(t)
	ctx, lines := logged(t)
	environment(t, nobody(t), "")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	clock := clocktesting.NewFakeClock(epoch)
	clients, err := New(ctx, Options{Clock: clock, Wall: clock})
	g.Expect(err).NotTo(HaveOccurred())
	for range 3 {
		_, err = clients.Session(ctx, Access{AccountID: "123456789012", Region: "us-east-1"}, "test")
		g.Expect(err).To(HaveOccurred())
	}
	told := lines()
	g.Expect(told).To(HaveLen(1))
	g.Expect(told[0]).To(ContainSubstring("no AWS credentials of its own"))
}
