package sim_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
)

// history is everything a caller could read about the past: every data point of every metric in several statistics,
// the alarm history, the alarms and the configuration.
func (h *harness) history() string {
	var b strings.Builder
	dump := func(v any, err error) {
		h.g.Expect(err).NotTo(HaveOccurred())
		text, err := json.Marshal(v)
		h.g.Expect(err).NotTo(HaveOccurred())
		b.Write(text)
		b.WriteByte('\n')
	}
	metrics, err := h.cloudwatch.ListMetrics(h.t.Context(), &cw.ListMetricsInput{})
	h.g.Expect(err).NotTo(HaveOccurred())
	h.g.Expect(len(metrics.Metrics)).To(beAbove(10.0))
	for _, m := range metrics.Metrics {
		out, err := h.cloudwatch.GetMetricStatistics(h.t.Context(), &cw.GetMetricStatisticsInput{
			Namespace: m.Namespace, MetricName: m.MetricName, Dimensions: m.Dimensions, Period: aws.Int32(60),
			StartTime: aws.Time(start), EndTime: aws.Time(h.Now()),
			Statistics: []cwtypes.Statistic{cwtypes.StatisticSum, cwtypes.StatisticSampleCount, cwtypes.StatisticMaximum, cwtypes.StatisticAverage},
		})
		h.g.Expect(err).NotTo(HaveOccurred())
		dump(struct {
			Metric cwtypes.Metric
			Points []cwtypes.Datapoint
		}{m, out.Datapoints}, nil)
	}
	past, err := h.cloudwatch.DescribeAlarmHistory(h.t.Context(), &cw.DescribeAlarmHistoryInput{})
	h.g.Expect(err).NotTo(HaveOccurred())
	dump(past.AlarmHistoryItems, nil)
	alarms, err := h.cloudwatch.DescribeAlarms(h.t.Context(), &cw.DescribeAlarmsInput{})
	h.g.Expect(err).NotTo(HaveOccurred())
	dump(alarms.MetricAlarms, nil)
	h.WriteState(&b)
	return b.String()
}

func TestOneJumpAndManyStepsLeaveTheSameHistory(t *testing.T) {
	run := func(step time.Duration) string {
		h := newHarness(t, sim.Options{Seed: 11}, lambda.Function{Name: function, MemorySize: 512, Timeout: 5, Code: "v1", Alias: "live"})
		h.Quotas().Disable()
		h.arrive(traffic.Workload{
			Qualifier: "live", Arrivals: traffic.Spike(200, 320, 4*time.Minute, 2*time.Minute, 8*time.Minute).WithNoise(0.05).WithDaily(0.1),
			Duration: traffic.Steady(0.4), Spread: 0.8, ErrorRate: traffic.Steady(0.01), API: &traffic.API{Name: "orders", Stage: "prod", Overhead: 0.01},
		})
		h.g.Expect(h.reserve(100)).To(Succeed())
		_, err := h.lambda.UpdateFunctionConfiguration(t.Context(), &lm.UpdateFunctionConfigurationInput{
			FunctionName: aws.String(function), Timeout: aws.Int32(9),
		})
		h.g.Expect(err).NotTo(HaveOccurred())
		end := start.Add(30 * time.Minute)
		for now := start; now.Before(end); {
			now = now.Add(step)
			if now.After(end) {
				now = end
			}
			h.AdvanceTo(now)
		}
		return h.history()
	}
	jump := run(30 * time.Minute)
	for _, step := range []time.Duration{time.Second, 700 * time.Millisecond, 61 * time.Second} {
		if got := run(step); got != jump {
			t.Errorf("steps of %s leave another history than one jump", step)
		}
	}
	if !strings.Contains(jump, "OK to ALARM") {
		t.Error("the history must contain an alarm, else the comparison shows little")
	}
}

func TestAnotherSeedIsAnotherDay(t *testing.T) {
	throttles := func(seed int64) float64 {
		h := newHarness(t, sim.Options{Seed: seed}, lambda.Function{})
		h.arrive(traffic.Workload{Arrivals: traffic.Steady(300).WithNoise(0.1), Duration: traffic.Steady(0.4)})
		h.g.Expect(h.reserve(100)).To(Succeed())
		h.pass(12 * time.Minute)
		return h.sum("Throttles", 10)
	}
	first := throttles(1)
	newHarness(t, sim.Options{}, lambda.Function{}).g.Expect(throttles(1)).To(beEqualTo(first))
	newHarness(t, sim.Options{}, lambda.Function{}).g.Expect(throttles(2)).NotTo(beEqualTo(first))
}
