package sim_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
)

func TestAFunctionThatRunsNothingPublishesNothing(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	h.Quotas().Disable()
	h.arrive(traffic.Workload{Arrivals: traffic.Ramp(100, 0, 5*time.Minute, time.Second), Duration: traffic.Steady(0.4)})
	h.pass(12 * time.Minute)
	for _, metric := range []string{"Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions"} {
		h.g.Expect(h.minutes(metric)).To(And(HaveLen(6), HaveKey(5), Not(HaveKey(6))), metric)
	}
}

func TestReservedZeroThrottlesEverythingHoweverShort(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	h.g.Expect(h.reserve(0)).To(Succeed())
	h.arrive(traffic.Workload{Arrivals: traffic.Steady(10)})
	h.pass(12 * time.Minute)
	h.g.Expect(h.sum("Throttles", 10)).To(beWithin(6000, 0.01))
	h.g.Expect(h.sum("Invocations", 10)).To(beZero())
	h.g.Expect(h.minutes("ConcurrentExecutions")).To(BeEmpty())
}
