package sim_test

import (
	"math"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
)

// share is the measured share of throttled calls over the last ten minutes.
func (h *harness) share() float64 {
	throttled, ran := h.sum("Throttles", 10), h.sum("Invocations", 10)
	return throttled / (throttled + ran)
}

// expectShare compares with Little's law: what concurrency R serves of an arrival rate l with mean duration d is R/(l d).
func (h *harness) expectShare(what string, reserved, arrivals, duration float64) {
	want := max(0, 1-reserved/(arrivals*duration))
	if want == 0 {
		h.g.Expect(h.share()).To(beZero(), what)
		return
	}
	h.g.Expect(h.share()).To(beWithin(want, 0.05), what)
}

func TestTheShareOfThrottledCallsFollowsReservedConcurrency(t *testing.T) {
	const arrivals, duration = 300, 0.4 // 120 concurrent executions
	for _, seed := range []int64{1, 2, 3} {
		h := newHarness(t, sim.Options{Seed: seed}, lambda.Function{})
		h.arrive(traffic.Workload{Arrivals: traffic.Steady(arrivals).WithNoise(0.03), Duration: traffic.Steady(duration), Spread: 0.6})
		h.pass(12 * time.Minute)
		h.expectShare("no reservation draws on the pool", 1000, arrivals, duration)
		for _, reserved := range []int32{90, 100, 110, 200, 100} {
			h.g.Expect(h.reserve(reserved)).To(Succeed())
			h.pass(12 * time.Minute)
			h.expectShare("reserved", float64(reserved), arrivals, duration)
			want := cwtypes.StateValueAlarm
			if float64(reserved) > arrivals*duration*1.03 {
				want = cwtypes.StateValueOk
			}
			h.g.Expect(h.alarmState()).To(BeEquivalentTo(want))
			h.g.Expect(h.values("ConcurrentExecutions", "Maximum", 1)).To(beWithin(min(float64(reserved), arrivals*duration), 0.05))
		}
	}
}

func TestWithoutAChangeNothingChanges(t *testing.T) {
	h := newHarness(t, sim.Options{Seed: 5}, lambda.Function{})
	h.arrive(traffic.Workload{Arrivals: traffic.Steady(300), Duration: traffic.Steady(0.4), Spread: 0.6})
	h.g.Expect(h.reserve(100)).To(Succeed())
	for range 3 {
		h.pass(12 * time.Minute)
		h.expectShare("still", 100, 300, 0.4)
		h.g.Expect(h.alarmState()).To(BeEquivalentTo(cwtypes.StateValueAlarm))
	}
}

func TestTrafficThatFallsByItselfEndsThrottling(t *testing.T) {
	h := newHarness(t, sim.Options{Seed: 6}, lambda.Function{})
	h.g.Expect(h.reserve(100)).To(Succeed())
	h.arrive(traffic.Workload{Arrivals: traffic.Ramp(300, 150, 12*time.Minute, 2*time.Minute), Duration: traffic.Steady(0.4), Spread: 0.6})
	h.pass(12 * time.Minute)
	h.expectShare("before", 100, 300, 0.4)
	h.g.Expect(h.alarmState()).To(BeEquivalentTo(cwtypes.StateValueAlarm))
	h.pass(13 * time.Minute)
	h.expectShare("after", 100, 150, 0.4)
	h.g.Expect(h.alarmState()).To(BeEquivalentTo(cwtypes.StateValueOk))
}

// meanWithTimeout is the mean of min(D, timeout) for a log-normal D, in closed form: an independent check of the
// simulator's classes of durations.
func meanWithTimeout(mean, sigma, timeout float64) float64 {
	phi := func(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }
	mu := math.Log(mean) - sigma*sigma/2
	z := (math.Log(timeout) - mu) / sigma
	return mean*phi(z-sigma) + timeout*(1-phi(z))
}

func TestALongerTimeoutTradesTimeoutsForThrottles(t *testing.T) {
	const arrivals, mean, sigma = 15, 8, 0.5
	h := newHarness(t, sim.Options{Seed: 7}, lambda.Function{Name: function, MemorySize: 512, Timeout: 5, Code: "v1"})
	h.g.Expect(h.reserve(100)).To(Succeed())
	h.arrive(traffic.Workload{Arrivals: traffic.Steady(arrivals), Duration: traffic.Steady(mean), Spread: sigma})
	h.pass(12 * time.Minute)
	h.expectShare("short timeout", 100, arrivals, meanWithTimeout(mean, sigma, 5))
	h.g.Expect(h.values("Duration", "Maximum", 1)).To(beEqualTo(5000.0))
	z := (math.Log(5) - math.Log(mean) + sigma*sigma/2) / sigma
	h.g.Expect(h.sum("Errors", 10) / h.sum("Invocations", 10)).To(beWithin(0.5*math.Erfc(z/math.Sqrt2), 0.05))
	_, err := h.lambda.UpdateFunctionConfiguration(t.Context(), &lm.UpdateFunctionConfigurationInput{
		FunctionName: aws.String(function), Timeout: aws.Int32(60),
	})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.pass(12 * time.Minute)
	h.expectShare("long timeout", 100, arrivals, meanWithTimeout(mean, sigma, 60))
	h.g.Expect(h.sum("Errors", 10)).To(beZero())
	h.g.Expect(h.alarmState()).To(BeEquivalentTo(cwtypes.StateValueAlarm))
}

func TestAPublishedVersionKeepsItsTimeoutWhenLatestChanges(t *testing.T) {
	h := newHarness(t, sim.Options{Seed: 8}, lambda.Function{Name: function, MemorySize: 512, Timeout: 5, Code: "v1", Alias: "live"})
	h.arrive(traffic.Workload{Qualifier: "live", Arrivals: traffic.Steady(15), Duration: traffic.Steady(8), Spread: 0.5})
	_, err := h.lambda.UpdateFunctionConfiguration(t.Context(), &lm.UpdateFunctionConfigurationInput{
		FunctionName: aws.String(function), Timeout: aws.Int32(60),
	})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.pass(12 * time.Minute)
	h.g.Expect(h.values("Duration", "Maximum", 1)).To(beEqualTo(5000.0))
	v, err := h.lambda.PublishVersion(t.Context(), &lm.PublishVersionInput{FunctionName: aws.String(function)})
	h.g.Expect(err).NotTo(HaveOccurred())
	_, err = h.lambda.UpdateAlias(t.Context(), &lm.UpdateAliasInput{
		FunctionName: aws.String(function), Name: aws.String("live"), FunctionVersion: v.Version,
	})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.pass(12 * time.Minute)
	h.g.Expect(h.values("Duration", "Maximum", 1)).To(beAbove(5000.0))
}

func TestFunctionsWithoutReservationShareThePool(t *testing.T) {
	h := newHarness(t, sim.Options{Seed: 9, ConcurrentExecutions: 200}, lambda.Function{})
	h.PutFunction(lambda.Function{Name: "neighbour", MemorySize: 128, Timeout: 30, Code: "n"})
	h.SetTraffic(traffic.Workload{Function: "neighbour", Arrivals: traffic.Steady(300), Duration: traffic.Steady(0.5)})
	h.arrive(traffic.Workload{Arrivals: traffic.Steady(300), Duration: traffic.Steady(0.5)})
	h.pass(12 * time.Minute)
	h.expectShare("300 wanted, 200 there", 200, 600, 0.5)
	h.g.Expect(h.reserve(100)).To(Succeed())
	h.pass(12 * time.Minute)
	h.expectShare("its own 100 of 150", 100, 300, 0.5)
	h.g.Expect(h.reserve(0)).To(Succeed())
	h.pass(12 * time.Minute)
	h.g.Expect(h.share()).To(beEqualTo(1.0))
}
