package cloudwatch_test

import (
	"testing"
	"time"

	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"
)

func TestGetMetricDataServesOrRefusesEveryMember(t *testing.T) {
	s := newService()
	recordMinutes(s, "Errors", 1, 2, 3)
	for name, c := range map[string]struct {
		set  func(*cw.GetMetricDataInput)
		want string
	}{
		"the own account": {func(in *cw.GetMetricDataInput) { in.MetricDataQueries[0].AccountId = new("123456789012") }, ""},
		"another account": {func(in *cw.GetMetricDataInput) { in.MetricDataQueries[0].AccountId = new("999999999999") }, "MetricDataQueries.member.1.AccountId"},
		"period of the query": {func(in *cw.GetMetricDataInput) { in.MetricDataQueries[0].Period = new(int32(300)) },
			"MetricDataQueries.member.1.Period"},
		"a time zone":                {func(in *cw.GetMetricDataInput) { in.LabelOptions = &types.LabelOptions{Timezone: new("-0130")} }, ""},
		"something as the time zone": {func(in *cw.GetMetricDataInput) { in.LabelOptions = &types.LabelOptions{Timezone: new("CET")} }, "LabelOptions.Timezone"},
		"math on one period": {func(in *cw.GetMetricDataInput) {
			in.MetricDataQueries = append(in.MetricDataQueries, metricQuery("b", "Errors", "Sum", 60), expressionQuery("e", "a/b"))
		}, ""},
		"math on two periods": {func(in *cw.GetMetricDataInput) {
			in.MetricDataQueries = append(in.MetricDataQueries, metricQuery("b", "Errors", "Sum", 300), expressionQuery("e", "a/b"))
		}, "Error in expression 'e'"},
		"math on math on two periods": {func(in *cw.GetMetricDataInput) {
			in.MetricDataQueries = append(in.MetricDataQueries, metricQuery("b", "Errors", "Sum", 300), expressionQuery("e", "f+a"), expressionQuery("f", "FILL(b, 0)"))
		}, "Error in expression 'e'"},
		"two periods side by side": {func(in *cw.GetMetricDataInput) {
			in.MetricDataQueries = append(in.MetricDataQueries, metricQuery("b", "Errors", "Sum", 300), expressionQuery("e", "b*2"))
		}, ""},
	} {
		in := &cw.GetMetricDataInput{
			StartTime: new(hour), EndTime: new(hour.Add(10 * time.Minute)), MetricDataQueries: []types.MetricDataQuery{metricQuery("a", "Errors", "Sum", 60)},
		}
		c.set(in)
		_, err := s.GetMetricData(t.Context(), in)
		g := NewWithT(t)
		if c.want == "" {
			g.Expect(err).NotTo(HaveOccurred(), name)
			continue
		}
		g.Expect(err).To(MatchError(ContainSubstring(c.want)), name)
	}
}
