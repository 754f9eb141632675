package cloudwatch_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
	. "github.com/onsi/gomega"
)

// expectError checks the code and a part of the message of an AWS error.
func expectError(t *testing.T, err error, code, message, name string) {
	t.Helper()
	g := NewWithT(t)
	var api smithy.APIError
	g.Expect(errors.As(err, &api)).To(BeTrue(), "%s: %v", name, err)
	g.Expect(api.ErrorCode()).To(Equal(code), name)
	g.Expect(api.ErrorMessage()).To(ContainSubstring(message), name)
}

func TestPutMetricAlarmRefusesInvalidAlarms(t *testing.T) {
	action := "arn:aws:sns:eu-central-1:123456789012:page"
	for name, test := range map[string]struct {
		change  func(in *cw.PutMetricAlarmInput)
		message string
	}{
		"no name":             {func(in *cw.PutMetricAlarmInput) { in.AlarmName = nil }, "AlarmName is required"},
		"long name":           {func(in *cw.PutMetricAlarmInput) { in.AlarmName = new(strings.Repeat("a", 256)) }, "255"},
		"control character":   {func(in *cw.PutMetricAlarmInput) { in.AlarmName = new("a\nb") }, "control characters"},
		"no periods":          {func(in *cw.PutMetricAlarmInput) { in.EvaluationPeriods = nil }, "EvaluationPeriods must not be null"},
		"zero periods":        {func(in *cw.PutMetricAlarmInput) { in.EvaluationPeriods = new(int32(0)) }, "EvaluationPeriods"},
		"M above N":           {func(in *cw.PutMetricAlarmInput) { in.DatapointsToAlarm = new(int32(2)) }, "DatapointsToAlarm"},
		"M zero":              {func(in *cw.PutMetricAlarmInput) { in.DatapointsToAlarm = new(int32(0)) }, "DatapointsToAlarm"},
		"no operator":         {func(in *cw.PutMetricAlarmInput) { in.ComparisonOperator = "" }, "ComparisonOperator is required"},
		"unknown operator":    {func(in *cw.PutMetricAlarmInput) { in.ComparisonOperator = "Above" }, "Above"},
		"anomaly operator":    {func(in *cw.PutMetricAlarmInput) { in.ComparisonOperator = "GreaterThanUpperThreshold" }, "anomaly"},
		"no threshold":        {func(in *cw.PutMetricAlarmInput) { in.Threshold = nil }, "Threshold must not be null"},
		"threshold NaN":       {func(in *cw.PutMetricAlarmInput) { in.Threshold = new(math.NaN()) }, "Threshold"},
		"unknown treatment":   {func(in *cw.PutMetricAlarmInput) { in.TreatMissingData = new("drop") }, "TreatMissingData"},
		"unknown low samples": {func(in *cw.PutMetricAlarmInput) { in.EvaluateLowSampleCountPercentile = new("wait") }, "EvaluateLowSampleCountPercentile"},
		"no metric":           {func(in *cw.PutMetricAlarmInput) { in.MetricName = nil }, "MetricName"},
		"no namespace":        {func(in *cw.PutMetricAlarmInput) { in.Namespace = nil }, "Namespace"},
		"no period":           {func(in *cw.PutMetricAlarmInput) { in.Period = nil }, "Period must not be null"},
		"odd period":          {func(in *cw.PutMetricAlarmInput) { in.Period = new(int32(90)) }, "multiple of 60"},
		"high resolution":     {func(in *cw.PutMetricAlarmInput) { in.Period = new(int32(10)) }, "regular resolution"},
		"over a day":          {func(in *cw.PutMetricAlarmInput) { in.EvaluationPeriods = new(int32(1441)) }, "86400"},
		"over a week":         {func(in *cw.PutMetricAlarmInput) { in.Period, in.EvaluationPeriods = new(int32(3600)), new(int32(169)) }, "604800"},
		"no statistic":        {func(in *cw.PutMetricAlarmInput) { in.Statistic = "" }, "Statistic"},
		"two statistics":      {func(in *cw.PutMetricAlarmInput) { in.ExtendedStatistic = new("p99") }, "Statistic"},
		"trimmed mean":        {func(in *cw.PutMetricAlarmInput) { in.Statistic, in.ExtendedStatistic = "", new("tm99") }, "tm99"},
		"percentile over 100": {func(in *cw.PutMetricAlarmInput) { in.Statistic, in.ExtendedStatistic = "", new("p101") }, "p101"},
		"six actions": {func(in *cw.PutMetricAlarmInput) {
			in.AlarmActions = []string{action, action, action, action, action, action}
		}, "5"},
		"no ARN":               {func(in *cw.PutMetricAlarmInput) { in.OKActions = []string{"page"} }, "Invalid arn syntax"},
		"same dimension twice": {func(in *cw.PutMetricAlarmInput) { in.Dimensions = append(in.Dimensions, in.Dimensions[0]) }, "twice"},
		"metric and metrics":   {func(in *cw.PutMetricAlarmInput) { in.Metrics = mathAlarm(1).Metrics }, "together with Metrics"},
		"wall clock window": {func(in *cw.PutMetricAlarmInput) {
			in.EvaluationWindow = &types.EvaluationWindowMemberWallClockWindow{}
		}, "SlidingWindow"},
		"anomaly detection": {func(in *cw.PutMetricAlarmInput) { in.ThresholdMetricId = new("ad1") }, "ThresholdMetricId"},
		"warm-up":           {func(in *cw.PutMetricAlarmInput) { in.WarmUpConfiguration = &types.WarmUpConfiguration{} }, "WarmUpConfiguration"},
	} {
		s := newService()
		in := sumAlarm("errors", "Errors", 1, 1)
		test.change(in)
		_, err := s.PutMetricAlarm(t.Context(), in)
		expectError(t, err, "ValidationError", test.message, name)
		NewWithT(t).Expect(state(s)).To(BeEmpty(), name)
	}
}

func TestMathAlarmsAreChecked(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(in *cw.PutMetricAlarmInput)
		message string
	}{
		"nothing returns data": {func(in *cw.PutMetricAlarmInput) { in.Metrics[0].ReturnData = new(false) }, "Exactly one element"},
		"two return data":      {func(in *cw.PutMetricAlarmInput) { in.Metrics[1].ReturnData = nil }, "Exactly one element"},
		"two periods":          {func(in *cw.PutMetricAlarmInput) { in.Metrics[1].MetricStat.Period = new(int32(120)) }, "Period must be the same"},
		"too long": {func(in *cw.PutMetricAlarmInput) {
			in.EvaluationPeriods, in.DatapointsToAlarm = new(int32(1441)), nil
		}, "86400"},
		"eleven metrics": {func(in *cw.PutMetricAlarmInput) {
			for i := range 9 {
				in.Metrics = append(in.Metrics, metricQuery(fmt.Sprintf("m%d", i), "Errors", "Sum", 60))
			}
		}, "more than 10"},
	} {
		s := newService()
		in := mathAlarm(5)
		test.change(in)
		_, err := s.PutMetricAlarm(t.Context(), in)
		expectError(t, err, "ValidationError", test.message, name)
	}
}

func TestGetMetricDataRefusesInvalidQueries(t *testing.T) {
	metric := metricQuery("m1", "Errors", "Sum", 60)
	query := func(change func(q *types.MetricDataQuery)) []types.MetricDataQuery {
		q := metricQuery("m1", "Errors", "Sum", 60)
		change(&q)
		return []types.MetricDataQuery{q}
	}
	many := []types.MetricDataQuery{}
	for i := range 501 {
		many = append(many, metricQuery(fmt.Sprintf("m%d", i), "Errors", "Sum", 60))
	}
	for name, test := range map[string]struct {
		queries []types.MetricDataQuery
		message string
	}{
		"none":                {nil, "MetricDataQueries is required"},
		"501":                 {many, "500"},
		"id with capital":     {query(func(q *types.MetricDataQuery) { q.Id = new("M1") }), "pattern"},
		"same id twice":       {[]types.MetricDataQuery{metric, metric}, "not unique"},
		"neither":             {query(func(q *types.MetricDataQuery) { q.MetricStat = nil }), "either MetricStat or Expression"},
		"both":                {query(func(q *types.MetricDataQuery) { q.Expression = new("m1") }), "either MetricStat or Expression"},
		"no metric name":      {query(func(q *types.MetricDataQuery) { q.MetricStat.Metric.MetricName = nil }), "MetricName"},
		"period":              {query(func(q *types.MetricDataQuery) { q.MetricStat.Period = new(int32(61)) }), "multiple of 60"},
		"interquartile mean":  {query(func(q *types.MetricDataQuery) { q.MetricStat.Stat = new("IQM") }), "IQM is not simulated"},
		"trimmed mean":        {query(func(q *types.MetricDataQuery) { q.MetricStat.Stat = new("TM(10%:90%)") }), "not simulated"},
		"unknown statistic":   {query(func(q *types.MetricDataQuery) { q.MetricStat.Stat = new("sum") }), "not a valid statistic"},
		"unit":                {query(func(q *types.MetricDataQuery) { q.MetricStat.Unit = "Pieces" }), "Pieces"},
		"dynamic label":       {query(func(q *types.MetricDataQuery) { q.Label = new("${MAX}") }), "dynamic"},
		"unknown id":          {[]types.MetricDataQuery{metric, expressionQuery("e1", "m1/m9")}, "Error in expression 'e1': unknown identifier m9"},
		"cycle":               {[]types.MetricDataQuery{expressionQuery("e1", "e2+1"), expressionQuery("e2", "e1")}, "circular"},
		"function":            {[]types.MetricDataQuery{metric, expressionQuery("e1", "RATE(m1)")}, "unsupported function RATE"},
		"search":              {[]types.MetricDataQuery{expressionQuery("e1", `SEARCH('{AWS/Lambda} Errors', 'Sum')`)}, "unsupported function SEARCH"},
		"Metrics Insights":    {[]types.MetricDataQuery{expressionQuery("e1", `SELECT SUM(Errors) FROM "AWS/Lambda"`)}, "Metrics Insights"},
		"scalar":              {[]types.MetricDataQuery{metric, expressionQuery("e1", "1+2")}, "time series"},
		"fill with a series":  {[]types.MetricDataQuery{metric, expressionQuery("e1", "FILL(m1, m1)")}, "number or REPEAT"},
		"fill of a number":    {[]types.MetricDataQuery{metric, expressionQuery("e1", "m1+FILL(1, 2)")}, "must be a time series"},
		"operator missing":    {[]types.MetricDataQuery{metric, expressionQuery("e1", "m1 m1")}, `unexpected 'm' at position 4`},
		"operand missing":     {[]types.MetricDataQuery{metric, expressionQuery("e1", "m1 +")}, "unexpected end at position 5"},
		"parenthesis missing": {[]types.MetricDataQuery{metric, expressionQuery("e1", "(m1")}, `expected ')' at position 4`},
		"number":              {[]types.MetricDataQuery{metric, expressionQuery("e1", "m1+1.2.3")}, "not a number"},
		"deep":                {[]types.MetricDataQuery{metric, expressionQuery("e1", strings.Repeat("(", 500)+"m1")}, "too deeply"},
	} {
		_, err := newService().GetMetricData(t.Context(), &cw.GetMetricDataInput{
			StartTime: new(hour), EndTime: new(hour.Add(time.Hour)), MetricDataQueries: test.queries,
		})
		expectError(t, err, "ValidationError", test.message, name)
	}
	s := newService()
	_, err := s.GetMetricData(t.Context(), &cw.GetMetricDataInput{StartTime: new(hour), EndTime: new(hour), MetricDataQueries: []types.MetricDataQuery{metric}})
	expectError(t, err, "ValidationError", "StartTime must be less", "times")
	_, err = s.GetMetricData(t.Context(), &cw.GetMetricDataInput{
		StartTime: new(hour), EndTime: new(start), MetricDataQueries: []types.MetricDataQuery{metric}, NextToken: new("x"),
	})
	expectError(t, err, "InvalidNextToken", "next token", "token")
}

func TestDescribeAlarmsAndSetAlarmStateRefuseInvalidRequests(t *testing.T) {
	s := newService()
	put(t, s, sumAlarm("errors", "Errors", 1, 1))
	for name, test := range map[string]struct {
		in      cw.DescribeAlarmsInput
		message string
	}{
		"101 names":        {cw.DescribeAlarmsInput{AlarmNames: make([]string, 101)}, "100"},
		"101 records":      {cw.DescribeAlarmsInput{MaxRecords: new(int32(101))}, "MaxRecords"},
		"names and prefix": {cw.DescribeAlarmsInput{AlarmNames: []string{"a"}, AlarmNamePrefix: new("a")}, "together"},
		"state":            {cw.DescribeAlarmsInput{StateValue: "FIRING"}, "FIRING"},
		"type":             {cw.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{"Metric"}}, "Metric"},
		"children":         {cw.DescribeAlarmsInput{ChildrenOfAlarmName: new("a"), StateValue: stOK}, "ChildrenOfAlarmName"},
	} {
		_, err := s.DescribeAlarms(t.Context(), &test.in)
		expectError(t, err, "ValidationError", test.message, name)
	}
	for name, test := range map[string]struct {
		in            cw.SetAlarmStateInput
		code, message string
	}{
		"unknown alarm": {cw.SetAlarmStateInput{AlarmName: new("gone"), StateValue: stOK, StateReason: new("")}, "ResourceNotFound", "gone"},
		"state":         {cw.SetAlarmStateInput{AlarmName: new("errors"), StateValue: "FIRING", StateReason: new("")}, "ValidationError", "FIRING"},
		"no reason":     {cw.SetAlarmStateInput{AlarmName: new("errors"), StateValue: stOK}, "ValidationError", "StateReason"},
		"data":          {cw.SetAlarmStateInput{AlarmName: new("errors"), StateValue: stOK, StateReason: new(""), StateReasonData: new("{")}, "InvalidFormat", "JSON"},
	} {
		_, err := s.SetAlarmState(t.Context(), &test.in)
		expectError(t, err, test.code, test.message, name)
	}
	NewWithT(t).Expect(transitions(t, s, "errors")).To(BeEmpty())
}
