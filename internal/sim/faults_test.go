package sim_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	testclock "k8s.io/utils/clock/testing"
)

// reserved is the function's reservation, read without disturbance; -1 for none.
func (h *harness) reserved() int32 {
	out, err := h.lambda.GetFunctionConcurrency(h.t.Context(), &lm.GetFunctionConcurrencyInput{FunctionName: aws.String(function)})
	h.g.Expect(err).NotTo(HaveOccurred())
	if out.ReservedConcurrentExecutions == nil {
		return -1
	}
	return *out.ReservedConcurrentExecutions
}

func TestFaultsBeforeACallLeaveTheWorldAlone(t *testing.T) {
	for name, c := range map[string]struct {
		effect faults.Effect
		check  func(error) bool
		code   string
	}{
		"a refusal":         {faults.Error("SomethingException", "no", http.StatusTeapot), func(err error) bool { return status(err) == http.StatusTeapot }, "SomethingException"},
		"an internal error": {faults.InternalError(), func(err error) bool { return status(err) == http.StatusInternalServerError }, "ServiceException"},
		"a throttle":        {faults.Effect{Throttle: true}, func(err error) bool { return status(err) == http.StatusTooManyRequests }, "TooManyRequestsException"},
		"a reset":           {faults.Effect{ResetBefore: true}, dropped, "ConnectionReset"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, sim.Options{}, lambda.Function{})
			id := h.Faults().Add(faults.Rule{Action: "lambda:Put*", Times: 1, Effect: c.effect})
			err := h.reserve(50)
			h.g.Expect(c.check(err)).To(BeTrue(), "%v", err)
			h.g.Expect(h.reserved()).To(BeEquivalentTo(-1))
			h.g.Expect(h.Ledger().Count(ledger.ByError(c.code))).To(Equal(1))
			h.g.Expect(h.Ledger().Count(ledger.Changed())).To(BeZero())
			h.g.Expect(h.reserve(50)).To(Succeed(), "a rule with Times 1 disturbs one call")
			h.g.Expect(h.Faults().Fired(id)).To(Equal(1))
			h.g.Expect(h.Ledger().Count(ledger.Changed())).To(Equal(1))
		})
	}
}

func TestFaultsAfterACallHideThatItTookEffect(t *testing.T) {
	for name, c := range map[string]struct {
		effect faults.Effect
		check  func(error) bool
	}{
		"a reset":           {faults.Effect{ResetAfter: true}, dropped},
		"an internal error": {faults.Effect{FailAfter: true}, func(err error) bool { return status(err) == http.StatusInternalServerError }},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, sim.Options{}, lambda.Function{})
			h.Faults().Add(faults.Rule{Action: "lambda:PutFunctionConcurrency", Times: 1, Effect: c.effect})
			err := h.reserve(50)
			h.g.Expect(c.check(err)).To(BeTrue(), "%v", err)
			h.g.Expect(h.reserved()).To(BeEquivalentTo(50))
			changed := h.Ledger().Entries(ledger.Changed())
			h.g.Expect(changed).To(HaveLen(1))
			h.g.Expect(changed[0].Error).NotTo(BeEmpty())
		})
	}
}

func TestRulesSkipCallsAndDrawChancesFromTheSeed(t *testing.T) {
	pattern := func(seed int64, r faults.Rule) string {
		h := newHarness(t, sim.Options{Seed: seed}, lambda.Function{})
		h.Quotas().Disable()
		h.Faults().Add(r)
		out := ""
		for range 20 {
			_, err := h.lambda.GetAccountSettings(t.Context(), &lm.GetAccountSettingsInput{})
			if err == nil {
				out += "."
			} else {
				out += "x"
			}
		}
		return out
	}
	g := NewWithT(t)
	r := faults.Rule{Action: "lambda:*", Effect: faults.InternalError()}
	r.Skip, r.Times = 2, 3
	g.Expect(pattern(1, r)).To(Equal("..xxx..............."))
	r = faults.Rule{Action: "lambda:*", Probability: 0.5, Effect: faults.InternalError()}
	first := pattern(1, r)
	g.Expect(first).To(ContainSubstring("x"))
	g.Expect(first).To(ContainSubstring("."))
	g.Expect(pattern(1, r)).To(Equal(first))
	g.Expect(pattern(2, r)).NotTo(Equal(first))
	g.Expect(pattern(1, faults.Rule{Action: "lambda:*", Role: "somebody-else", Effect: faults.InternalError()})).NotTo(ContainSubstring("x"))
}

// announcing is a fake wall clock that says when somebody begins to wait for it.
type announcing struct {
	*testclock.FakeClock
	waiting chan struct{}
}

func (a announcing) After(d time.Duration) <-chan time.Time {
	c := a.FakeClock.After(d)
	a.waiting <- struct{}{}
	return c
}

func TestLatencyDelaysTheAnswerInWallTimeAfterTheCallTookEffect(t *testing.T) {
	wall := announcing{testclock.NewFakeClock(start), make(chan struct{})}
	h := newHarness(t, sim.Options{Wall: wall}, lambda.Function{})
	id := h.Faults().Add(faults.Rule{Action: "lambda:PutFunctionConcurrency", Effect: faults.Effect{Latency: 3 * time.Second}})
	answered := make(chan error, 1)
	go func() { answered <- h.reserve(50) }()
	<-wall.waiting
	h.g.Expect(h.reserved()).To(BeEquivalentTo(50))
	h.g.Expect(answered).NotTo(Receive())
	wall.Step(3 * time.Second)
	h.g.Expect(<-answered).To(Succeed())

	h.Faults().Remove(id)
	h.Faults().Add(faults.Rule{Action: "lambda:DeleteFunctionConcurrency", Effect: faults.Effect{Latency: time.Hour}})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_, err := h.lambda.DeleteFunctionConcurrency(ctx, &lm.DeleteFunctionConcurrencyInput{FunctionName: aws.String(function)})
		answered <- err
	}()
	<-wall.waiting
	cancel()
	err := <-answered
	h.g.Expect(errors.Is(err, context.Canceled)).To(BeTrue())
	h.g.Expect(h.reserved()).To(BeEquivalentTo(-1), "a caller that gives up does not undo its call")
}

func TestStaleReadsSeeThePast(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	h.g.Expect(h.reserve(50)).To(Succeed())
	h.pass(time.Minute)
	h.g.Expect(h.reserve(60)).To(Succeed())
	h.Faults().Add(faults.Rule{Action: "lambda:GetFunction*", Effect: faults.Effect{Stale: 10 * time.Second}})
	h.g.Expect(h.reserved()).To(BeEquivalentTo(50))
	out, err := h.lambda.GetFunction(t.Context(), &lm.GetFunctionInput{FunctionName: aws.String(function)})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(aws.ToInt32(out.Concurrency.ReservedConcurrentExecutions)).To(BeEquivalentTo(50))
	h.pass(10 * time.Second)
	h.g.Expect(h.reserved()).To(BeEquivalentTo(60))
}

func TestQuotasAdmitOneSecondsWorthAndRefillWithTheWorldsTime(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	throttled := func(n int, do func() error) int {
		refused := 0
		for range n {
			if err := do(); err != nil {
				h.g.Expect(code(err)).To(Or(Equal("TooManyRequestsException"), Equal("Throttling")))
				refused++
			}
		}
		return refused
	}
	settings := func() error {
		_, err := h.lambda.GetAccountSettings(t.Context(), &lm.GetAccountSettingsInput{})
		return err
	}
	list := func() error {
		_, err := h.lambda.ListFunctions(t.Context(), &lm.ListFunctionsInput{})
		return err
	}
	get := func() error {
		_, err := h.lambda.GetFunction(t.Context(), &lm.GetFunctionInput{FunctionName: aws.String(function)})
		return err
	}
	describe := func() error {
		_, err := h.cloudwatch.DescribeAlarms(t.Context(), &cw.DescribeAlarmsInput{})
		return err
	}
	history := func() error {
		_, err := h.cloudwatch.DescribeAlarmHistory(t.Context(), &cw.DescribeAlarmHistoryInput{})
		return err
	}
	h.g.Expect(throttled(10, settings)).To(BeZero())
	h.g.Expect(throttled(10, list)).To(Equal(5), "the Lambda control plane has 15 a second in all")
	h.g.Expect(throttled(100, get)).To(BeZero(), "GetFunction has 100 of its own")
	h.g.Expect(throttled(10, describe)).To(Equal(1))
	h.g.Expect(throttled(22, history)).To(Equal(2), "20 a second")
	h.pass(200 * time.Millisecond)
	h.g.Expect(throttled(10, settings)).To(Equal(7), "0.2 s give 3 of 15 back")
	h.pass(time.Hour)
	h.g.Expect(throttled(20, settings)).To(Equal(5), "a bucket never holds more than a second's worth")
	h.g.Expect(h.Quotas().SetRate("lambda control plane", 100)).To(BeTrue())
	h.pass(time.Second)
	h.g.Expect(throttled(100, settings)).To(BeZero())
	h.Quotas().Disable()
	h.g.Expect(throttled(300, describe)).To(BeZero())
}

func TestEveryServedOperationHasAClassAndAQuota(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	h.g.Expect(len(h.Actions())).To(BeNumerically(">", 30))
	for _, action := range h.Actions() {
		h.g.Expect(ledger.ClassOf(action)).NotTo(Equal(ledger.Unknown), action)
		h.g.Expect(h.Quotas().Admits(action)).To(BeTrue(), action)
	}
}

func TestTheLedgerSaysWhoDidWhatAndWhetherTheWorldChanged(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	h.pass(90 * time.Second)
	h.g.Expect(h.reserve(50)).To(Succeed())
	h.g.Expect(h.reserve(50)).To(Succeed())
	_ = h.reserved()
	_, err := h.cloudwatch.DisableAlarmActions(t.Context(), &cw.DisableAlarmActionsInput{AlarmNames: []string{alarm}})
	h.g.Expect(err).NotTo(HaveOccurred())
	_, err = h.cloudwatch.SetAlarmState(t.Context(), &cw.SetAlarmStateInput{
		AlarmName: aws.String(alarm), StateValue: cwtypes.StateValueAlarm, StateReason: aws.String("drill"),
	})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(code(h.reserve(5000))).To(Equal("InvalidParameterValueException"))
	entries := h.Ledger().Entries()
	h.g.Expect(entries).To(HaveLen(6))
	for i, want := range []struct {
		action  string
		class   ledger.Class
		changed bool
		code    string
		on      string
	}{
		{"lambda:PutFunctionConcurrency", ledger.Change, true, "", h.FunctionARN(function)},
		{"lambda:PutFunctionConcurrency", ledger.Change, false, "", h.FunctionARN(function)},
		{"lambda:GetFunctionConcurrency", ledger.Read, false, "", h.FunctionARN(function)},
		{"cloudwatch:DisableAlarmActions", ledger.Change, true, "", h.AlarmARN(alarm)},
		{"cloudwatch:SetAlarmState", ledger.Change, true, "", h.AlarmARN(alarm)},
		{"lambda:PutFunctionConcurrency", ledger.Change, false, "InvalidParameterValueException", h.FunctionARN(function)},
	} {
		e := entries[i]
		h.g.Expect(e.Action()).To(Equal(want.action))
		h.g.Expect(e.Class).To(Equal(want.class))
		h.g.Expect(e.Changed).To(Equal(want.changed), e.String())
		h.g.Expect(e.Error).To(Equal(want.code))
		h.g.Expect(e.Resource).To(Equal(want.on))
		h.g.Expect(e.Principal).To(Equal("arn:aws:sts::123456789012:assumed-role/person/test"))
		h.g.Expect(e.At).To(Equal(start.Add(90 * time.Second)))
		h.g.Expect(e.Sequence).To(Equal(i + 1))
		h.g.Expect(e.RequestID).NotTo(BeEmpty())
	}
	in, ok := entries[0].Input.(*lm.PutFunctionConcurrencyInput)
	h.g.Expect(ok).To(BeTrue())
	h.g.Expect(aws.ToInt32(in.ReservedConcurrentExecutions)).To(BeEquivalentTo(50))
	h.g.Expect(h.Ledger().Count(ledger.After(2), ledger.ByClass(ledger.Change), ledger.ByRole(role))).To(Equal(3))
}
