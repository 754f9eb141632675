package cloudwatch_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/sim/cloudwatch"
)

// start is the first moment of every test: half a minute after a full hour.
var start = time.Date(2026, time.March, 2, 9, 0, 30, 0, time.UTC)

const namespace = "Shop"

var dims = map[string]string{"FunctionName": "checkout"}

func newService() *cloudwatch.Service {
	return cloudwatch.New(cloudwatch.Options{Region: "eu-central-1", AccountID: "123456789012", Start: start})
}

// sumAlarm is an alarm on the sum of a metric over 0.5, m out of n periods of 60 seconds.
func sumAlarm(name, metric string, m, n int32) *cw.PutMetricAlarmInput {
	return &cw.PutMetricAlarmInput{
		AlarmName:          new(name),
		Namespace:          new(namespace),
		MetricName:         new(metric),
		Dimensions:         []types.Dimension{{Name: new("FunctionName"), Value: new("checkout")}},
		Statistic:          types.StatisticSum,
		Period:             new(int32(60)),
		EvaluationPeriods:  new(n),
		DatapointsToAlarm:  new(m),
		Threshold:          new(0.5),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
	}
}

func put(t *testing.T, s *cloudwatch.Service, in *cw.PutMetricAlarmInput) {
	t.Helper()
	_, err := s.PutMetricAlarm(t.Context(), in)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
}

func describe(t *testing.T, s *cloudwatch.Service, name string) types.MetricAlarm {
	t.Helper()
	g := NewWithT(t)
	out, err := s.DescribeAlarms(t.Context(), &cw.DescribeAlarmsInput{AlarmNames: []string{name}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(out.MetricAlarms).To(HaveLen(1))
	return out.MetricAlarms[0]
}

// transitions returns the summaries of the state updates of an alarm, oldest first.
func transitions(t *testing.T, s *cloudwatch.Service, name string) []string {
	t.Helper()
	out, err := s.DescribeAlarmHistory(t.Context(), &cw.DescribeAlarmHistoryInput{
		AlarmName: new(name), HistoryItemType: types.HistoryItemTypeStateUpdate, ScanBy: types.ScanByTimestampAscending,
	})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	summaries := []string{}
	for _, item := range out.AlarmHistoryItems {
		summaries = append(summaries, *item.HistorySummary)
	}
	return summaries
}

// renderHistory is the whole history as text.
func renderHistory(t *testing.T, s *cloudwatch.Service) string {
	t.Helper()
	g := NewWithT(t)
	var text bytes.Buffer
	in := &cw.DescribeAlarmHistoryInput{MaxRecords: new(int32(7))}
	for {
		out, err := s.DescribeAlarmHistory(t.Context(), in)
		g.Expect(err).NotTo(HaveOccurred())
		for _, item := range out.AlarmHistoryItems {
			fmt.Fprintln(&text, item.Timestamp, *item.AlarmName, item.HistoryItemType, *item.HistorySummary, *item.HistoryData)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			return text.String()
		}
	}
}

func state(s *cloudwatch.Service) string {
	var text bytes.Buffer
	s.WriteState(&text)
	return text.String()
}

func TestTheNextEvaluationIsAfterTheClock(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	g.Expect(s.Next()).To(Equal(time.Date(2026, time.March, 2, 9, 1, 5, 0, time.UTC)))
	s.AdvanceTo(s.Next())
	g.Expect(s.Next()).To(Equal(time.Date(2026, time.March, 2, 9, 2, 5, 0, time.UTC)))
	s.AdvanceTo(start)
	g.Expect(s.Now()).To(Equal(time.Date(2026, time.March, 2, 9, 1, 5, 0, time.UTC)), "the clock never goes back")
}

func TestTheHistoryDoesNotDependOnTheStepsOfTheClock(t *testing.T) {
	g := NewWithT(t)
	const seconds = 30 * 60
	// play records 30 minutes of errors and latencies, and advances the clock after every step seconds.
	play := func(step int) string {
		s := newService()
		random := rand.New(rand.NewPCG(7, 11))
		for i, treat := range []string{"missing", "ignore", "breaching", "notBreaching"} {
			in := sumAlarm("errors-"+treat, "Errors", 2, 3)
			in.TreatMissingData = new(treat)
			in.Period = new(int32(60 * (1 + i%2)))
			put(t, s, in)
		}
		latency := sumAlarm("latency", "Duration", 3, 3)
		latency.Statistic, latency.ExtendedStatistic, latency.Threshold = "", new("p90"), new(880.0)
		put(t, s, latency)
		for second := range seconds {
			at := start.Add(time.Duration(second) * time.Second)
			if random.IntN(60) == 0 {
				s.Record(namespace, "Errors", dims, "Count", at, []float64{1})
			}
			if second/300%2 == 0 {
				s.Record(namespace, "Duration", dims, "Milliseconds", at, []float64{random.Float64() * 1000, random.Float64() * 1000})
			}
			if (second+1)%step == 0 {
				s.AdvanceTo(at)
			}
		}
		s.AdvanceTo(start.Add(seconds * time.Second))
		return renderHistory(t, s)
	}
	bySecond := play(1)
	g.Expect(bySecond).To(ContainSubstring("Alarm updated from INSUFFICIENT_DATA to ALARM"))
	g.Expect(bySecond).To(ContainSubstring("Alarm updated from ALARM to OK"))
	g.Expect(play(seconds)).To(Equal(bySecond), "one jump")
	g.Expect(play(47)).To(Equal(bySecond), "steps across minutes")
}
