package cloudwatch_test

import (
	"fmt"
	"testing"
	"time"

	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/sim/cloudwatch"
)

func names(alarms []types.MetricAlarm) []string {
	list := []string{}
	for _, a := range alarms {
		list = append(list, *a.AlarmName)
	}
	return list
}

// threeAlarms are "a-one" in ALARM, and "a-two" and "b-one" in INSUFFICIENT_DATA.
func threeAlarms(t *testing.T) *cloudwatch.Service {
	t.Helper()
	s := newService()
	one := sumAlarm("a-one", "Errors", 1, 1)
	one.OKActions = []string{"arn:aws:sns:eu-central-1:123456789012:recovered"}
	one.AlarmActions = []string{"arn:aws:sns:eu-central-1:123456789012:page"}
	put(t, s, one)
	put(t, s, sumAlarm("b-one", "Throttles", 1, 1))
	put(t, s, sumAlarm("a-two", "Throttles", 1, 1))
	play(t, s, "a-one", "Errors", 1)
	return s
}

func TestDescribeAlarmsFilters(t *testing.T) {
	s := threeAlarms(t)
	for name, test := range map[string]struct {
		in   cw.DescribeAlarmsInput
		want []string
	}{
		"all":                {cw.DescribeAlarmsInput{}, []string{"a-one", "a-two", "b-one"}},
		"names":              {cw.DescribeAlarmsInput{AlarmNames: []string{"b-one", "a-one", "gone"}}, []string{"a-one", "b-one"}},
		"prefix":             {cw.DescribeAlarmsInput{AlarmNamePrefix: new("a-")}, []string{"a-one", "a-two"}},
		"state":              {cw.DescribeAlarmsInput{StateValue: stAlarm}, []string{"a-one"}},
		"action prefix":      {cw.DescribeAlarmsInput{ActionPrefix: new("arn:aws:sns:eu-central-1:123456789012:rec")}, []string{"a-one"}},
		"metric alarms":      {cw.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{"MetricAlarm", "CompositeAlarm"}}, []string{"a-one", "a-two", "b-one"}},
		"other alarms":       {cw.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{"CompositeAlarm", "LogAlarm"}}, []string{}},
		"parents":            {cw.DescribeAlarmsInput{ParentsOfAlarmName: new("a-one")}, []string{}},
		"prefix and a state": {cw.DescribeAlarmsInput{AlarmNamePrefix: new("a-"), StateValue: stNone}, []string{"a-two"}},
	} {
		out, err := s.DescribeAlarms(t.Context(), &test.in)
		g := NewWithT(t)
		g.Expect(err).NotTo(HaveOccurred(), name)
		g.Expect(names(out.MetricAlarms)).To(Equal(test.want), name)
		g.Expect(out.NextToken).To(BeNil(), name)
	}
}

func TestDescribeAlarmsPages(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	want := []string{}
	for i := range 105 {
		name := fmt.Sprintf("alarm-%03d", i)
		put(t, s, sumAlarm(name, "Errors", 1, 1))
		want = append(want, name)
	}
	whole, err := s.DescribeAlarms(t.Context(), &cw.DescribeAlarmsInput{})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(whole.MetricAlarms).To(HaveLen(100), "a page has at most 100 alarms")

	in := &cw.DescribeAlarmsInput{MaxRecords: new(int32(10))}
	got := []string{}
	for pages := 0; ; pages++ {
		out, err := s.DescribeAlarms(t.Context(), in)
		g.Expect(err).NotTo(HaveOccurred())
		got = append(got, names(out.MetricAlarms)...)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			g.Expect(pages).To(Equal(10))
			break
		}
	}
	g.Expect(got).To(Equal(want))

	_, err = s.DescribeAlarms(t.Context(), &cw.DescribeAlarmsInput{NextToken: whole.NextToken, StateValue: stOK})
	var invalid *types.InvalidNextToken
	g.Expect(err).To(BeAssignableToTypeOf(invalid), "a token belongs to one request")
	_, err = s.DescribeAlarms(t.Context(), &cw.DescribeAlarmsInput{NextToken: new("???")})
	g.Expect(err).To(BeAssignableToTypeOf(invalid))
}

func TestDescribeAlarmHistoryFiltersAndPages(t *testing.T) {
	g := NewWithT(t)
	s := threeAlarms(t)
	play(t, s, "a-one", "Errors", 0, 1, 0)
	count := func(in cw.DescribeAlarmHistoryInput) int {
		out, err := s.DescribeAlarmHistory(t.Context(), &in)
		g.Expect(err).NotTo(HaveOccurred())
		return len(out.AlarmHistoryItems)
	}
	g.Expect(count(cw.DescribeAlarmHistoryInput{})).To(Equal(7))
	g.Expect(count(cw.DescribeAlarmHistoryInput{AlarmName: new("a-one")})).To(Equal(5))
	g.Expect(count(cw.DescribeAlarmHistoryInput{HistoryItemType: types.HistoryItemTypeConfigurationUpdate})).To(Equal(3))
	g.Expect(count(cw.DescribeAlarmHistoryInput{AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}})).To(BeZero())
	g.Expect(count(cw.DescribeAlarmHistoryInput{StartDate: new(start.Add(time.Minute))})).To(Equal(3))
	g.Expect(count(cw.DescribeAlarmHistoryInput{EndDate: new(start.Add(time.Minute))})).To(Equal(4))

	for _, scanBy := range []types.ScanBy{types.ScanByTimestampAscending, types.ScanByTimestampDescending, ""} {
		whole, err := s.DescribeAlarmHistory(t.Context(), &cw.DescribeAlarmHistoryInput{ScanBy: scanBy})
		g.Expect(err).NotTo(HaveOccurred())
		var paged []types.AlarmHistoryItem
		in := &cw.DescribeAlarmHistoryInput{ScanBy: scanBy, MaxRecords: new(int32(3))}
		for {
			out, err := s.DescribeAlarmHistory(t.Context(), in)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(len(out.AlarmHistoryItems)).To(BeNumerically("<=", 3))
			paged = append(paged, out.AlarmHistoryItems...)
			if in.NextToken = out.NextToken; in.NextToken == nil {
				break
			}
		}
		g.Expect(paged).To(Equal(whole.AlarmHistoryItems))
		first, last := *paged[0].Timestamp, *paged[6].Timestamp
		g.Expect(first.Before(last)).To(Equal(scanBy == types.ScanByTimestampAscending), "newest first by default")
	}
}

func TestDescribeAlarmsForMetricFindsAlarmsOnExactlyThatMetric(t *testing.T) {
	g := NewWithT(t)
	s := threeAlarms(t)
	put(t, s, mathAlarm(5))
	find := func(in cw.DescribeAlarmsForMetricInput) []string {
		in.Namespace = new(namespace)
		out, err := s.DescribeAlarmsForMetric(t.Context(), &in)
		g.Expect(err).NotTo(HaveOccurred())
		return names(out.MetricAlarms)
	}
	checkout := []types.Dimension{{Name: new("FunctionName"), Value: new("checkout")}}
	g.Expect(find(cw.DescribeAlarmsForMetricInput{MetricName: new("Throttles"), Dimensions: checkout})).To(Equal([]string{"a-two", "b-one"}))
	g.Expect(find(cw.DescribeAlarmsForMetricInput{MetricName: new("Throttles")})).To(BeEmpty(), "without its dimensions it is another metric")
	g.Expect(find(cw.DescribeAlarmsForMetricInput{MetricName: new("Errors"), Dimensions: checkout})).To(Equal([]string{"a-one"}), "not math alarms")
	g.Expect(find(cw.DescribeAlarmsForMetricInput{MetricName: new("Errors"), Dimensions: checkout, Period: new(int32(300))})).To(BeEmpty())
	g.Expect(find(cw.DescribeAlarmsForMetricInput{MetricName: new("Errors"), Dimensions: checkout, Statistic: types.StatisticAverage})).To(BeEmpty())
}

func TestTagsOfAlarms(t *testing.T) {
	g := NewWithT(t)
	s := threeAlarms(t)
	arn := describe(t, s, "a-one").AlarmArn
	_, err := s.TagResource(t.Context(), &cw.TagResourceInput{ResourceARN: arn, Tags: []types.Tag{
		{Key: new("team"), Value: new("shop")}, {Key: new("app"), Value: new("one")},
	}})
	g.Expect(err).NotTo(HaveOccurred())
	_, err = s.TagResource(t.Context(), &cw.TagResourceInput{ResourceARN: arn, Tags: []types.Tag{{Key: new("app"), Value: new("two")}}})
	g.Expect(err).NotTo(HaveOccurred())
	_, err = s.UntagResource(t.Context(), &cw.UntagResourceInput{ResourceARN: arn, TagKeys: []string{"team", "none"}})
	g.Expect(err).NotTo(HaveOccurred())
	out, err := s.ListTagsForResource(t.Context(), &cw.ListTagsForResourceInput{ResourceARN: arn})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(out.Tags).To(Equal([]types.Tag{{Key: new("app"), Value: new("two")}}))

	_, err = s.ListTagsForResource(t.Context(), &cw.ListTagsForResourceInput{ResourceARN: new(*arn + "x")})
	var notFound *types.ResourceNotFoundException
	g.Expect(err).To(BeAssignableToTypeOf(notFound))
	_, err = s.TagResource(t.Context(), &cw.TagResourceInput{ResourceARN: arn, Tags: []types.Tag{{Key: new("aws:x"), Value: new("")}}})
	var invalid *types.InvalidParameterValueException
	g.Expect(err).To(BeAssignableToTypeOf(invalid))
}

func TestAManualStateIsInTheStateTextUntilTheNextEvaluation(t *testing.T) {
	g := NewWithT(t)
	s := threeAlarms(t)
	before := state(s)
	_, err := s.SetAlarmState(t.Context(), &cw.SetAlarmStateInput{AlarmName: new("a-one"), StateValue: stOK, StateReason: new("drill")})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(state(s)).To(ContainSubstring(`"manualState":{"stateValue":"OK","stateReason":"drill"}`))
	s.AdvanceTo(s.Next())
	g.Expect(state(s)).To(Equal(before))
}

func TestTheStateTextChangesWithConfigurationOnly(t *testing.T) {
	g := NewWithT(t)
	s := threeAlarms(t)
	before := state(s)
	g.Expect(before).To(ContainSubstring(`"alarmName":"a-two"`))

	renderHistory(t, s)
	describe(t, s, "a-one")
	_, err := s.GetMetricData(t.Context(), &cw.GetMetricDataInput{
		StartTime: new(start), EndTime: new(start.Add(time.Hour)), MetricDataQueries: []types.MetricDataQuery{metricQuery("m1", "Errors", "p99", 60)},
	})
	g.Expect(err).NotTo(HaveOccurred())
	_, err = s.ListMetrics(t.Context(), &cw.ListMetricsInput{})
	g.Expect(err).NotTo(HaveOccurred())
	play(t, s, "a-one", "Errors", 0, 1, 0)
	g.Expect(state(s)).To(Equal(before), "reads, metric data and evaluated states change nothing")

	arn := describe(t, s, "a-one").AlarmArn
	for name, change := range map[string]func(s *cloudwatch.Service) error{
		"definition": func(s *cloudwatch.Service) error {
			_, err := s.PutMetricAlarm(t.Context(), sumAlarm("a-two", "Throttles", 1, 2))
			return err
		},
		"tags": func(s *cloudwatch.Service) error {
			_, err := s.TagResource(t.Context(), &cw.TagResourceInput{ResourceARN: arn, Tags: []types.Tag{{Key: new("a"), Value: new("b")}}})
			return err
		},
		"actions": func(s *cloudwatch.Service) error {
			_, err := s.DisableAlarmActions(t.Context(), &cw.DisableAlarmActionsInput{AlarmNames: []string{"b-one"}})
			return err
		},
		"manual state": func(s *cloudwatch.Service) error {
			_, err := s.SetAlarmState(t.Context(), &cw.SetAlarmStateInput{AlarmName: new("a-one"), StateValue: stAlarm, StateReason: new("drill")})
			return err
		},
		"deletion": func(s *cloudwatch.Service) error {
			_, err := s.DeleteAlarms(t.Context(), &cw.DeleteAlarmsInput{AlarmNames: []string{"b-one"}})
			return err
		},
	} {
		s := threeAlarms(t)
		before := state(s)
		g.Expect(change(s)).To(Succeed(), name)
		g.Expect(state(s)).NotTo(Equal(before), name)
	}
}
