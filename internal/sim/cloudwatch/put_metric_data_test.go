package cloudwatch_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"
)

func datum(change func(d *types.MetricDatum)) []types.MetricDatum {
	d := types.MetricDatum{MetricName: new("Duration"), Timestamp: new(hour), Unit: types.StandardUnitMilliseconds}
	change(&d)
	return []types.MetricDatum{d}
}

func TestPutMetricDataStoresValuesCountsAndStatisticSets(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	putData := func(change func(d *types.MetricDatum)) {
		_, err := s.PutMetricData(t.Context(), &cw.PutMetricDataInput{Namespace: new(namespace), MetricData: datum(change)})
		g.Expect(err).NotTo(HaveOccurred())
	}
	statistics := func() types.Datapoint {
		in := &cw.GetMetricStatisticsInput{
			Namespace: new(namespace), MetricName: new("Duration"), StartTime: new(hour), EndTime: new(hour.Add(time.Minute)), Period: new(int32(60)),
			Statistics: types.Statistic("").Values(),
		}
		out, err := s.GetMetricStatistics(t.Context(), in)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(out.Datapoints).To(HaveLen(1))
		point := out.Datapoints[0]
		in.Statistics, in.ExtendedStatistics = nil, []string{"p50"}
		out, err = s.GetMetricStatistics(t.Context(), in)
		g.Expect(err).NotTo(HaveOccurred())
		point.ExtendedStatistics = out.Datapoints[0].ExtendedStatistics
		return point
	}
	putData(func(d *types.MetricDatum) { d.Value = new(10.0) })
	putData(func(d *types.MetricDatum) { d.Values, d.Counts = []float64{2, 4}, []float64{3, 1} })
	putData(func(d *types.MetricDatum) { d.Values = []float64{1} })
	// A set of equal values is as good as the values.
	putData(func(d *types.MetricDatum) {
		d.StatisticValues = &types.StatisticSet{SampleCount: new(2.0), Sum: new(14.0), Minimum: new(7.0), Maximum: new(7.0)}
	})
	g.Expect(statistics()).To(Equal(types.Datapoint{
		Timestamp: new(hour), Unit: types.StandardUnitMilliseconds, SampleCount: new(8.0), Sum: new(35.0), Average: new(35.0 / 8),
		Minimum: new(1.0), Maximum: new(10.0), ExtendedStatistics: map[string]float64{"p50": 2},
	}))

	putData(func(d *types.MetricDatum) {
		d.StatisticValues = &types.StatisticSet{SampleCount: new(2.0), Sum: new(30.0), Minimum: new(10.0), Maximum: new(20.0)}
	})
	point := statistics()
	g.Expect(*point.SampleCount).To(Equal(10.0))
	g.Expect(*point.Maximum).To(Equal(20.0))
	g.Expect(point.ExtendedStatistics).To(BeEmpty(), "a statistic set hides the values that percentiles need")
}

func TestPercentilesDoNotExistWithNegativeValues(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	recordMinutes(s, "Balance", -1, 2)
	g.Expect(read(t, s, metricQuery("m1", "Balance", "p50", 60))["m1"].Values).To(Equal([]float64{2}))
}

func TestPutMetricDataStoresAllOrNothing(t *testing.T) {
	tooMany := []types.MetricDatum{}
	for range 1001 {
		tooMany = append(tooMany, datum(func(d *types.MetricDatum) { d.Value = new(1.0) })...)
	}
	for name, test := range map[string]struct {
		namespace     string
		data          []types.MetricDatum
		code, message string
	}{
		"no namespace":   {"", datum(func(*types.MetricDatum) {}), "MissingParameter", "Namespace"},
		"AWS namespace":  {"AWS/Lambda", datum(func(*types.MetricDatum) {}), "InvalidParameterValue", "AWS/"},
		"no data":        {namespace, nil, "MissingParameter", "MetricData"},
		"1001 metrics":   {namespace, tooMany, "InvalidParameterValue", "1000"},
		"no name":        {namespace, datum(func(d *types.MetricDatum) { d.MetricName = nil }), "MissingParameter", "MetricName"},
		"no value":       {namespace, datum(func(*types.MetricDatum) {}), "MissingParameter", "Value"},
		"two forms":      {namespace, datum(func(d *types.MetricDatum) { d.Value, d.Values = new(1.0), []float64{1} }), "InvalidParameterCombination", "mutually exclusive"},
		"151 values":     {namespace, datum(func(d *types.MetricDatum) { d.Values = make([]float64, 151) }), "InvalidParameterValue", "150"},
		"counts":         {namespace, datum(func(d *types.MetricDatum) { d.Values, d.Counts = []float64{1}, []float64{1, 2} }), "InvalidParameterValue", "same size"},
		"zero count":     {namespace, datum(func(d *types.MetricDatum) { d.Values, d.Counts = []float64{1}, []float64{0} }), "InvalidParameterValue", "count"},
		"NaN":            {namespace, datum(func(d *types.MetricDatum) { d.Value = new(math.NaN()) }), "InvalidParameterValue", "NaN"},
		"too large":      {namespace, datum(func(d *types.MetricDatum) { d.Value = new(math.Ldexp(1, 361)) }), "InvalidParameterValue", "2^360"},
		"too old":        {namespace, datum(func(d *types.MetricDatum) { d.Value, d.Timestamp = new(1.0), new(start.Add(-15*24*time.Hour)) }), "InvalidParameterValue", "two weeks"},
		"too new":        {namespace, datum(func(d *types.MetricDatum) { d.Value, d.Timestamp = new(1.0), new(start.Add(3*time.Hour)) }), "InvalidParameterValue", "two hours"},
		"unit":           {namespace, datum(func(d *types.MetricDatum) { d.Value, d.Unit = new(1.0), "Pieces" }), "InvalidParameterValue", "Pieces"},
		"resolution":     {namespace, datum(func(d *types.MetricDatum) { d.Value, d.StorageResolution = new(1.0), new(int32(1)) }), "InvalidParameterValue", "high-resolution"},
		"incomplete set": {namespace, datum(func(d *types.MetricDatum) { d.StatisticValues = &types.StatisticSet{Sum: new(1.0)} }), "MissingParameter", "StatisticValues"},
	} {
		s := newService()
		data := test.data
		if len(data) == 1 {
			data = append(datum(func(d *types.MetricDatum) { d.MetricName, d.Value = new("Good"), new(1.0) }), data...)
		}
		_, err := s.PutMetricData(t.Context(), &cw.PutMetricDataInput{Namespace: new(test.namespace), MetricData: data})
		expectError(t, err, test.code, test.message, name)
		out, err := s.ListMetrics(t.Context(), &cw.ListMetricsInput{})
		g := NewWithT(t)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(out.Metrics).To(BeEmpty(), name)
	}
}

func TestGetMetricStatisticsRefusesInvalidRequests(t *testing.T) {
	for name, test := range map[string]struct {
		change        func(in *cw.GetMetricStatisticsInput)
		code, message string
	}{
		"no metric":     {func(in *cw.GetMetricStatisticsInput) { in.MetricName = nil }, "MissingParameter", "MetricName"},
		"no period":     {func(in *cw.GetMetricStatisticsInput) { in.Period = nil }, "MissingParameter", "Period"},
		"period":        {func(in *cw.GetMetricStatisticsInput) { in.Period = new(int32(90)) }, "InvalidParameterValue", "multiple of 60"},
		"times":         {func(in *cw.GetMetricStatisticsInput) { in.EndTime = in.StartTime }, "InvalidParameterValue", "StartTime"},
		"no statistics": {func(in *cw.GetMetricStatisticsInput) { in.Statistics = nil }, "InvalidParameterCombination", "either"},
		"both":          {func(in *cw.GetMetricStatisticsInput) { in.ExtendedStatistics = []string{"p99"} }, "InvalidParameterCombination", "either"},
		"statistic":     {func(in *cw.GetMetricStatisticsInput) { in.Statistics = []types.Statistic{"Median"} }, "InvalidParameterValue", "Median"},
		"percentile": {func(in *cw.GetMetricStatisticsInput) {
			in.Statistics, in.ExtendedStatistics = nil, []string{"Sum"}
		}, "InvalidParameterValue", "Sum"},
		"1441 data points": {func(in *cw.GetMetricStatisticsInput) { in.StartTime = new(hour.Add(-1381 * time.Minute)) }, "InvalidParameterCombination", "1,440"},
	} {
		in := &cw.GetMetricStatisticsInput{
			Namespace: new(namespace), MetricName: new("Errors"), StartTime: new(hour), EndTime: new(hour.Add(time.Hour)),
			Period: new(int32(60)), Statistics: []types.Statistic{types.StatisticSum},
		}
		test.change(in)
		_, err := newService().GetMetricStatistics(t.Context(), in)
		expectError(t, err, test.code, test.message, name)
	}
}

func TestListMetricsNamesEachMetricOnce(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	for i := range 510 {
		function := map[string]string{"FunctionName": fmt.Sprintf("f%03d", i)}
		s.Record(namespace, "Errors", function, "Count", start, []float64{1, 2})
		s.RecordCount(namespace, "Errors", function, "Count", start, 3, 4)
	}
	s.Record("Other", "Errors", nil, "", start, []float64{1})
	list := func(in cw.ListMetricsInput) *cw.ListMetricsOutput {
		out, err := s.ListMetrics(t.Context(), &in)
		g.Expect(err).NotTo(HaveOccurred())
		return out
	}
	page := list(cw.ListMetricsInput{Namespace: new(namespace)})
	g.Expect(page.Metrics).To(HaveLen(500))
	rest := list(cw.ListMetricsInput{Namespace: new(namespace), NextToken: page.NextToken})
	g.Expect(rest.Metrics).To(HaveLen(10))
	g.Expect(rest.NextToken).To(BeNil())

	one := list(cw.ListMetricsInput{Dimensions: []types.DimensionFilter{{Name: new("FunctionName"), Value: new("f007")}}})
	g.Expect(one.Metrics).To(Equal([]types.Metric{{
		Namespace: new(namespace), MetricName: new("Errors"), Dimensions: []types.Dimension{{Name: new("FunctionName"), Value: new("f007")}},
	}}))
	g.Expect(list(cw.ListMetricsInput{MetricName: new("Throttles")}).Metrics).To(BeEmpty())
	g.Expect(list(cw.ListMetricsInput{Namespace: new("Other"), RecentlyActive: "PT3H"}).Metrics).To(HaveLen(1))
	s.AdvanceTo(start.Add(4 * time.Hour))
	g.Expect(list(cw.ListMetricsInput{Namespace: new("Other"), RecentlyActive: "PT3H"}).Metrics).To(BeEmpty())
	g.Expect(list(cw.ListMetricsInput{Namespace: new("Other")}).Metrics).To(HaveLen(1))
	s.AdvanceTo(start.Add(16 * 24 * time.Hour))
	g.Expect(list(cw.ListMetricsInput{}).Metrics).To(BeEmpty(), "metrics without data of two weeks are not listed")
	g.Expect(read(t, s, metricQuery("m1", "Errors", "Sum", 60))["m1"].Values).To(BeEmpty(), "nor are data points of a minute kept for more than 15 days")
}

func TestTheStartOfARangeIsRoundedByItsAge(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	recordMinutes(s, "Errors", 1, 2, 3, 4, 5)
	first := func(now time.Duration) time.Time {
		s.AdvanceTo(hour.Add(now))
		q := expressionQuery("e1", "FILL(m1, 0)")
		out, err := s.GetMetricData(t.Context(), &cw.GetMetricDataInput{
			StartTime: new(hour.Add(32*time.Minute + 34*time.Second)), EndTime: new(hour.Add(2 * time.Hour)), ScanBy: types.ScanByTimestampAscending,
			MetricDataQueries: []types.MetricDataQuery{q, metricQuery("m1", "Errors", "Sum", 3600)},
		})
		g.Expect(err).NotTo(HaveOccurred())
		return out.MetricDataResults[0].Timestamps[0]
	}
	const day = 24 * time.Hour
	g.Expect(first(time.Hour)).To(Equal(hour.Add(32 * time.Minute)))
	g.Expect(first(20 * day)).To(Equal(hour.Add(30 * time.Minute)))
	g.Expect(first(70 * day)).To(Equal(hour))
}
