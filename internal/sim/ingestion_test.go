package sim_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
)

// minutes are the sums of a Lambda metric by the minutes since the start, so far as they can be read now.
func (h *harness) minutes(metric string) map[int]float64 {
	h.t.Helper()
	out, err := h.cloudwatch.GetMetricStatistics(h.t.Context(), &cw.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/Lambda"), MetricName: aws.String(metric), Period: aws.Int32(60),
		Dimensions: []cwtypes.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(function)}},
		StartTime:  aws.Time(start), EndTime: aws.Time(h.Now().Add(time.Minute)), Statistics: []cwtypes.Statistic{cwtypes.StatisticSum},
	})
	h.g.Expect(err).NotTo(HaveOccurred())
	sums := map[int]float64{}
	for _, p := range out.Datapoints {
		sums[int(p.Timestamp.Sub(start)/time.Minute)] = aws.ToFloat64(p.Sum)
	}
	return sums
}

func newBusyHarness(t *testing.T, o sim.Options) *harness {
	t.Helper()
	h := newHarness(t, o, lambda.Function{})
	h.Quotas().Disable()
	h.arrive(traffic.Workload{Arrivals: traffic.Steady(100), Duration: traffic.Steady(0.4)})
	return h
}

func TestDataPointsMayComeLate(t *testing.T) {
	h := newBusyHarness(t, sim.Options{Ingestion: traffic.Ingestion{Delay: 90 * time.Second}})
	h.AdvanceTo(start.Add(2*time.Minute + 29*time.Second))
	h.g.Expect(h.minutes("Invocations")).To(BeEmpty())
	h.pass(time.Second)
	h.g.Expect(h.minutes("Invocations")).To(Equal(map[int]float64{0: 6000}))
	h.SetIngestion(traffic.Ingestion{})
	h.AdvanceTo(start.Add(4*time.Minute + traffic.IngestionDelay))
	h.g.Expect(h.minutes("Invocations")).To(HaveLen(4), "as in a new world")
}

func TestTheNewestMinuteMayBeLowFirstAndCompletedLater(t *testing.T) {
	h := newBusyHarness(t, sim.Options{Ingestion: traffic.Ingestion{Delay: 75 * time.Second, Partial: 0.3}})
	h.AdvanceTo(start.Add(time.Minute + traffic.IngestionDelay))
	first := h.minutes("Invocations")
	h.g.Expect(first).To(HaveLen(1))
	h.g.Expect(first[0]).To(beWithin(1800, 0.01))
	h.AdvanceTo(start.Add(2*time.Minute + 14*time.Second))
	h.g.Expect(h.minutes("Invocations")[0]).To(beEqualTo(first[0]))
	h.g.Expect(h.minutes("Invocations")[1]).To(beWithin(1800, 0.01))
	h.pass(time.Second)
	h.g.Expect(h.minutes("Invocations")[0]).To(beEqualTo(6000))
	h.AdvanceTo(start.Add(10 * time.Minute))
	whole := newBusyHarness(t, sim.Options{})
	whole.AdvanceTo(start.Add(10 * time.Minute))
	for _, metric := range []string{"Invocations", "Errors", "Throttles", "ConcurrentExecutions"} {
		for minute := range 8 {
			h.g.Expect(h.minutes(metric)[minute]).To(beEqualTo(whole.minutes(metric)[minute]), "%s of minute %d", metric, minute)
		}
	}
}

func TestWhichMinutesComeLateIsDrawnFromTheSeed(t *testing.T) {
	late := func(seed int64, step time.Duration) []int {
		h := newBusyHarness(t, sim.Options{Seed: seed, Ingestion: traffic.Ingestion{Delay: 3 * time.Minute, Probability: 0.5}})
		var missing []int
		for minute := range 20 {
			for end := start.Add(time.Duration(minute+1)*time.Minute + traffic.IngestionDelay); h.Now().Before(end); {
				h.AdvanceTo(minOf(h.Now().Add(step), end))
			}
			if _, ok := h.minutes("Invocations")[minute]; !ok {
				missing = append(missing, minute)
			}
		}
		return missing
	}
	g := NewWithT(t)
	first := late(1, time.Minute)
	g.Expect(len(first)).To(And(BeNumerically(">", 3), BeNumerically("<", 17)))
	g.Expect(late(1, 700*time.Millisecond)).To(Equal(first))
	g.Expect(late(2, time.Minute)).NotTo(Equal(first))
}

func minOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// An alarm sees only what has come: a throttled minute that is late is missing data until then.
func TestAnAlarmFollowsDataThatComeLate(t *testing.T) {
	h := newBusyHarness(t, sim.Options{Ingestion: traffic.Ingestion{Delay: 2 * time.Minute}})
	h.g.Expect(h.reserve(10)).To(Succeed())
	h.AdvanceTo(start.Add(3*time.Minute + 59*time.Second))
	h.g.Expect(h.alarmState()).To(BeEquivalentTo(cwtypes.StateValueOk))
	h.pass(time.Minute + 10*time.Second)
	h.g.Expect(h.alarmState()).To(BeEquivalentTo(cwtypes.StateValueAlarm))
}
