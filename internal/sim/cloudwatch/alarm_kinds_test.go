package cloudwatch_test

import (
	"testing"
	"time"

	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"
)

func metricQuery(id, metric, stat string, period int32) types.MetricDataQuery {
	return types.MetricDataQuery{Id: new(id), ReturnData: new(false), MetricStat: &types.MetricStat{
		Metric: &types.Metric{
			Namespace: new(namespace), MetricName: new(metric),
			Dimensions: []types.Dimension{{Name: new("FunctionName"), Value: new("checkout")}},
		},
		Period: new(period),
		Stat:   new(stat),
	}}
}

func expressionQuery(id, expression string) types.MetricDataQuery {
	return types.MetricDataQuery{Id: new(id), Expression: new(expression), ReturnData: new(true)}
}

// mathAlarm is an alarm on an error rate in percent.
func mathAlarm(threshold float64) *cw.PutMetricAlarmInput {
	in := sumAlarm("rate", "", 1, 1)
	in.MetricName, in.Namespace, in.Dimensions, in.Statistic, in.Period = nil, nil, nil, "", nil
	in.Threshold = new(threshold)
	in.Metrics = []types.MetricDataQuery{
		expressionQuery("rate", "100 * errors / calls"),
		metricQuery("errors", "Errors", "Sum", 60),
		metricQuery("calls", "Invocations", "Sum", 60),
	}
	return in
}

func TestAMathAlarmWatchesTheExpressionThatReturnsData(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	put(t, s, mathAlarm(5))
	for _, minute := range []struct {
		errors, calls float64
		want          types.StateValue
	}{
		{5, 100, stOK}, // 5 % is not above
		{0, 0, stOK},   // no data point; the last one is evaluated again
		{6, 100, stAlarm},
		{6, 1000, stOK},
	} {
		at := s.Next().Truncate(time.Minute).Add(-30 * time.Second)
		s.RecordCount(namespace, "Errors", dims, "Count", at, minute.errors, 1)
		s.RecordCount(namespace, "Invocations", dims, "Count", at, minute.calls, 1)
		s.AdvanceTo(s.Next())
		g.Expect(describe(t, s, "rate").StateValue).To(Equal(minute.want), "%v", minute)
	}
	a := describe(t, s, "rate")
	g.Expect(a.MetricName).To(BeNil(), "a math alarm has no metric of its own")
	g.Expect(a.Metrics).To(HaveLen(3))
	g.Expect(*a.StateReasonData).To(ContainSubstring(`"recentDatapoints":[0.6]`))
	g.Expect(*a.StateReasonData).NotTo(ContainSubstring("statistic"))
}

func TestAPercentileAlarmCanWaitForEnoughSamples(t *testing.T) {
	for low, want := range map[string][]types.StateValue{
		// p90 is significant from 10/(1-0.9) = 100 samples on.
		"evaluate": {stAlarm, stAlarm, stOK},
		"ignore":   {stNone, stAlarm, stAlarm},
	} {
		g := NewWithT(t)
		s := newService()
		in := sumAlarm("latency", "Duration", 1, 1)
		in.Statistic, in.ExtendedStatistic = "", new("p90")
		in.EvaluateLowSampleCountPercentile = new(low)
		put(t, s, in)
		var got []types.StateValue
		for _, minute := range []struct{ value, count float64 }{{9, 99}, {9, 100}, {0, 99}} {
			at := s.Next().Truncate(time.Minute).Add(-30 * time.Second)
			s.RecordCount(namespace, "Duration", dims, "Milliseconds", at, minute.value, minute.count)
			s.AdvanceTo(s.Next())
			got = append(got, describe(t, s, "latency").StateValue)
		}
		g.Expect(got).To(Equal(want), low)
	}
}

func TestALongPeriodIsEvaluatedEveryMinuteOverASlidingWindow(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	in := sumAlarm("errors", "Errors", 1, 1)
	in.Period, in.Threshold = new(int32(300)), new(9.0)
	put(t, s, in)
	// One error every 30 seconds from 9:00:30 on: the window 9:00-9:05 is the first with 10 of them
	// behind it, and it is complete at the evaluation at 9:06:05, not at a multiple of 5 minutes.
	for second := 0; second < 600; second += 30 {
		s.Record(namespace, "Errors", dims, "Count", start.Add(time.Duration(second)*time.Second), []float64{1})
	}
	s.AdvanceTo(time.Date(2026, time.March, 2, 9, 5, 59, 0, time.UTC))
	g.Expect(describe(t, s, "errors").StateValue).To(Equal(stOK))
	s.AdvanceTo(time.Date(2026, time.March, 2, 9, 6, 5, 0, time.UTC))
	a := describe(t, s, "errors")
	g.Expect(a.StateValue).To(Equal(stAlarm))
	g.Expect(*a.StateReasonData).To(ContainSubstring(`"startDate":"2026-03-02T09:01:00.000+0000"`))
}

func TestTheRunningMinuteIsNotEvaluated(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	put(t, s, sumAlarm("errors", "Errors", 1, 1))
	s.Record(namespace, "Errors", dims, "Count", time.Date(2026, time.March, 2, 9, 1, 2, 0, time.UTC), []float64{1})
	s.AdvanceTo(time.Date(2026, time.March, 2, 9, 1, 30, 0, time.UTC))
	g.Expect(describe(t, s, "errors").StateValue).To(Equal(stNone))
	s.AdvanceTo(time.Date(2026, time.March, 2, 9, 2, 5, 0, time.UTC))
	g.Expect(describe(t, s, "errors").StateValue).To(Equal(stAlarm))
}

func TestAMultiDayAlarmIsEvaluatedOnceAnHour(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	in := sumAlarm("errors", "Errors", 1, 2)
	in.Period = new(int32(86400))
	put(t, s, in)
	s.Record(namespace, "Errors", dims, "Count", start, []float64{1})
	s.AdvanceTo(time.Date(2026, time.March, 2, 9, 59, 59, 0, time.UTC))
	g.Expect(describe(t, s, "errors").StateValue).To(Equal(stNone))
	s.AdvanceTo(time.Date(2026, time.March, 2, 10, 0, 5, 0, time.UTC))
	g.Expect(describe(t, s, "errors").StateValue).To(Equal(stAlarm))
}

func TestDisabledActionsDoNotStopTheState(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	put(t, s, sumAlarm("errors", "Errors", 1, 1))
	_, err := s.DisableAlarmActions(t.Context(), &cw.DisableAlarmActionsInput{AlarmNames: []string{"errors", "unknown"}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(*describe(t, s, "errors").ActionsEnabled).To(BeFalse())
	g.Expect(play(t, s, "errors", "Errors", 1)).To(Equal([]types.StateValue{stAlarm}))
	_, err = s.EnableAlarmActions(t.Context(), &cw.EnableAlarmActionsInput{AlarmNames: []string{"errors"}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(*describe(t, s, "errors").ActionsEnabled).To(BeTrue())
}

func TestDeleteAlarmsDeletesTheKnownNames(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	put(t, s, sumAlarm("errors", "Errors", 1, 1))
	_, err := s.DeleteAlarms(t.Context(), &cw.DeleteAlarmsInput{AlarmNames: []string{"unknown", "errors"}})
	var notFound *types.ResourceNotFound
	g.Expect(err).To(BeAssignableToTypeOf(notFound))
	out, err := s.DescribeAlarms(t.Context(), &cw.DescribeAlarmsInput{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(out.MetricAlarms).To(BeEmpty())
	history, err := s.DescribeAlarmHistory(t.Context(), &cw.DescribeAlarmHistoryInput{AlarmName: new("errors")})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(history.AlarmHistoryItems).To(HaveLen(2), "the history stays")
	g.Expect(*history.AlarmHistoryItems[0].HistorySummary).To(Equal(`Alarm "errors" deleted`))
}

func TestLowSamplesAreNotMissingData(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	in := sumAlarm("latency", "Duration", 1, 1)
	in.Statistic, in.ExtendedStatistic = "", new("p99")
	in.EvaluateLowSampleCountPercentile, in.TreatMissingData = new("ignore"), new("breaching")
	put(t, s, in)
	s.AdvanceTo(s.Next())
	g.Expect(describe(t, s, "latency").StateValue).To(Equal(stAlarm), "without any sample missing data decide")
}

func TestAnUpdateKeepsAManualState(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	put(t, s, sumAlarm("errors", "Errors", 1, 1))
	_, err := s.SetAlarmState(t.Context(), &cw.SetAlarmStateInput{AlarmName: new("errors"), StateValue: stAlarm, StateReason: new("drill")})
	g.Expect(err).NotTo(HaveOccurred())
	put(t, s, sumAlarm("errors", "Errors", 1, 1))
	g.Expect(describe(t, s, "errors").StateValue).To(Equal(stAlarm))
	g.Expect(state(s)).To(ContainSubstring("manualState"))
}
