package sim_test

import (
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
	testclock "k8s.io/utils/clock/testing"
)

func TestRequestsCatchUpWithTheClock(t *testing.T) {
	clock := testclock.NewFakeClock(start)
	h := newHarness(t, sim.Options{Clock: clock}, lambda.Function{})
	h.arrive(traffic.Workload{Arrivals: traffic.Steady(10), Duration: traffic.Steady(0.1)})
	clock.SetTime(start.Add(3*time.Minute + 10*time.Second))
	h.g.Expect(h.sum("Invocations", 2)).To(beWithin(1200, 0.01))
	h.g.Expect(h.Ledger().Entries()[0].At).To(Equal(clock.Now()))
	h.AdvanceTo(start)
	h.g.Expect(h.Now()).To(Equal(clock.Now()), "time never runs back")
}

func TestNextIsTheNextEvaluationOrEndOfAnUpdate(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	evaluation := h.Next()
	h.g.Expect(evaluation).To(BeTemporally(">", start))
	h.g.Expect(evaluation).To(BeTemporally("<=", start.Add(time.Minute)))
	h.g.Expect(h.update(&lm.UpdateFunctionConfigurationInput{Timeout: aws.Int32(9)})).To(Succeed())
	h.g.Expect(h.Next()).To(Equal(start.Add(4*time.Second)), "the update ends before the next evaluation")
	for range 10 {
		next := h.Next()
		h.g.Expect(next).To(BeTemporally(">", h.Now()))
		h.AdvanceTo(next)
	}
}

func TestCallersAtTheSameTimeAreServedOneByOne(t *testing.T) {
	h := newHarness(t, sim.Options{}, lambda.Function{})
	h.Quotas().Disable()
	h.arrive(traffic.Workload{Arrivals: traffic.Steady(300), Duration: traffic.Steady(0.4)})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 10 {
				if i == 0 {
					h.AdvanceTo(start.Add(time.Duration(j) * 30 * time.Second))
				}
				_ = h.reserve(int32(100 + i*10 + j))
				_, _ = h.cloudwatch.DescribeAlarms(t.Context(), &cw.DescribeAlarmsInput{})
				_ = h.Next()
				_ = h.StateHash()
			}
		})
	}
	wg.Wait()
	h.g.Expect(h.Ledger().Len()).To(Equal(160))
	for i, e := range h.Ledger().Entries() {
		h.g.Expect(e.Error).To(BeEmpty())
		h.g.Expect(e.Sequence).To(Equal(i + 1))
	}
}

func TestTheEndpointIsOnLoopbackOnly(t *testing.T) {
	g := NewWithT(t)
	w := sim.New(sim.Options{Start: start})
	for _, addr := range []string{"0.0.0.0:0", ":0", "example.com:80", "nonsense"} {
		_, _, err := w.Start(addr)
		g.Expect(err).To(HaveOccurred(), addr)
	}
	endpoint, stop, err := w.Start("localhost:0")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(endpoint).To(HavePrefix("http://127.0.0.1:"))
	stop()
}

func BenchmarkThirtyMinutesOfTraffic(b *testing.B) {
	for b.Loop() {
		w := sim.New(sim.Options{Start: start})
		for _, name := range []string{"a", "b", "c"} {
			w.PutFunction(lambda.Function{Name: name, MemorySize: 512, Timeout: 30, Code: "v1", Alias: "live"})
			w.SetTraffic(traffic.Workload{Function: name, Qualifier: "live", Arrivals: traffic.Steady(300).WithNoise(0.03), Duration: traffic.Steady(0.4), Spread: 0.5})
		}
		w.AdvanceTo(start.Add(30 * time.Minute))
	}
}
