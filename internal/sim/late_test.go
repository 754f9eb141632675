package sim_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
)

// giveUp reserves concurrency, and gives up as soon as the call is in the ledger.
func (h *harness) giveUp(n int32) error {
	h.t.Helper()
	ctx, cancel := context.WithCancel(h.t.Context())
	defer cancel()
	done := make(chan error, 1)
	before := h.Ledger().Len()
	go func() {
		_, err := h.lambda.PutFunctionConcurrency(ctx, &lm.PutFunctionConcurrencyInput{
			FunctionName: aws.String(function), ReservedConcurrentExecutions: aws.Int32(n),
		})
		done <- err
	}()
	h.g.Eventually(h.Ledger().Len).Should(Equal(before + 1))
	h.g.Consistently(done, "50ms").ShouldNot(Receive(), "nothing is answered")
	cancel()
	return <-done
}

func TestACallThatHangsTookEffectAtOnceOrNever(t *testing.T) {
	for name, c := range map[string]struct {
		effect  faults.Effect
		want    int32
		changes int
	}{
		"never":   {faults.Effect{HangBefore: true}, -1, 0},
		"at once": {faults.HangThenApply(0), 50, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, sim.Options{}, lambda.Function{})
			h.Faults().Add(faults.Rule{Action: "lambda:Put*", Times: 1, Effect: c.effect})
			h.g.Expect(h.giveUp(50)).To(MatchError(context.Canceled))
			h.pass(time.Hour)
			h.g.Expect(h.reserved()).To(Equal(c.want))
			h.g.Expect(h.Ledger().Count(ledger.ByError("NoAnswer"))).To(Equal(1))
			h.g.Expect(h.Ledger().Count(ledger.Changed())).To(Equal(c.changes))
		})
	}
}

func TestACallThatHangsMayTakeEffectLongAfterItsCallerHasGone(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	h.Faults().Add(faults.Rule{Action: "lambda:Put*", Times: 1, Effect: faults.HangThenApply(2500 * time.Millisecond)})
	h.g.Expect(h.giveUp(50)).To(MatchError(context.Canceled))
	h.g.Expect(h.Next()).To(Equal(start.Add(2500 * time.Millisecond)))
	h.pass(2 * time.Second)
	h.g.Expect(h.reserved()).To(BeEquivalentTo(-1))
	h.g.Expect(h.Ledger().Count(ledger.Changed())).To(BeZero())
	h.pass(time.Second)
	h.g.Expect(h.reserved()).To(BeEquivalentTo(50))
	changed := h.Ledger().Entries(ledger.Changed())
	h.g.Expect(changed).To(HaveLen(1))
	h.g.Expect(changed[0].At).To(Equal(start))
	h.g.Expect(changed[0].Late).To(Equal(start.Add(2500 * time.Millisecond)))
	h.g.Expect(changed[0].Error).To(Equal("NoAnswer"))
	h.g.Expect(h.Ledger().Count(ledger.ByAction("lambda:PutFunctionConcurrency"))).To(Equal(1), "it is one call")

	h.Faults().Add(faults.Rule{Action: "lambda:Put*", Times: 1, Effect: faults.HangThenApply(time.Minute)})
	h.g.Expect(h.giveUp(60)).To(MatchError(context.Canceled))
	h.g.Expect(h.reserve(70)).To(Succeed())
	h.pass(time.Hour)
	h.g.Expect(h.reserved()).To(BeEquivalentTo(60), "it undoes what others did meanwhile")
}

func TestAnOutageEndsAfterItsTime(t *testing.T) {
	identify := func(h *harness) error {
		_, err := sts.NewFromConfig(h.cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		return err
	}
	for name, c := range map[string]struct {
		service string
		effect  faults.Effect
		away    func(error) bool
		all     bool
	}{
		"of a service": {"lambda", faults.Unavailable(), func(err error) bool { return status(err) == http.StatusServiceUnavailable }, false},
		"of AWS":       {"*", faults.Effect{ResetBefore: true}, dropped, true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, sim.Options{}, lambda.Function{})
			h.Outage(c.service, 10*time.Minute, c.effect)
			h.pass(10*time.Minute - time.Second)
			h.g.Expect(c.away(h.reserve(50))).To(BeTrue())
			h.g.Expect(identify(h) != nil).To(Equal(c.all))
			h.pass(time.Second)
			h.g.Expect(h.reserve(50)).To(Succeed())
			h.g.Expect(identify(h)).To(Succeed())
		})
	}
}

func TestCredentialsMayBeTakenForThoseOfAnotherAccount(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	id := h.Faults().Add(faults.Rule{Action: "sts:GetCallerIdentity", Effect: faults.Effect{Account: "999999999999"}})
	for _, want := range []string{"999999999999", "123456789012"} {
		out, err := sts.NewFromConfig(h.cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		h.g.Expect(err).NotTo(HaveOccurred())
		h.g.Expect(aws.ToString(out.Account)).To(Equal(want))
		h.g.Expect(aws.ToString(out.Arn)).To(Equal("arn:aws:sts::" + want + ":assumed-role/person/test"))
		h.Faults().Remove(id)
	}
}

func TestAPermissionMayBeMissingForOneOperation(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	h.Faults().Add(faults.Rule{Action: "lambda:PutFunctionConcurrency", Times: 1, Effect: faults.AccessDenied()})
	err := h.reserve(50)
	h.g.Expect(code(err)).To(Equal("AccessDeniedException"))
	h.g.Expect(status(err)).To(Equal(http.StatusForbidden))
	h.g.Expect(h.reserved()).To(BeEquivalentTo(-1))
	h.g.Expect(h.reserve(50)).To(Succeed())
}
