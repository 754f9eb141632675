package cloudwatch_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/sim/cloudwatch"
)

// hour is the full hour before start.
var hour = start.Truncate(time.Hour)

// read returns the results of queries over the ten minutes from hour on, oldest data point first.
func read(t *testing.T, s *cloudwatch.Service, queries ...types.MetricDataQuery) map[string]types.MetricDataResult {
	t.Helper()
	for i := range queries {
		queries[i].ReturnData = nil
	}
	out, err := s.GetMetricData(t.Context(), &cw.GetMetricDataInput{
		StartTime: new(hour), EndTime: new(hour.Add(10 * time.Minute)), MetricDataQueries: queries, ScanBy: types.ScanByTimestampAscending,
	})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	results := map[string]types.MetricDataResult{}
	for _, result := range out.MetricDataResults {
		results[*result.Id] = result
	}
	return results
}

// recordMinutes records one value in each minute from hour on; NaN records nothing.
func recordMinutes(s *cloudwatch.Service, metric string, values ...float64) {
	for minute, value := range values {
		if !math.IsNaN(value) {
			s.Record(namespace, metric, dims, "Count", hour.Add(time.Duration(minute)*time.Minute+7*time.Second), []float64{value})
		}
	}
}

func TestStatisticsAgainstPlainGo(t *testing.T) {
	g := NewWithT(t)
	random := rand.New(rand.NewPCG(3, 5))
	for _, period := range []int32{60, 120, 300} {
		s := newService()
		periods := make([][]float64, 600/int(period))
		for second := range 600 {
			var values []float64
			for range random.IntN(4) {
				values = append(values, float64(random.IntN(50))/4)
			}
			s.Record(namespace, "Duration", dims, "Milliseconds", hour.Add(time.Duration(second)*time.Second), values)
			i := second / int(period)
			periods[i] = append(periods[i], values...)
		}
		percentiles := map[string]float64{"p0": 0, "p7": 7, "p50": 50, "p90": 90, "p99": 99, "p99.9": 99.9, "p100": 100}
		queries := []types.MetricDataQuery{}
		for _, stat := range []string{"Sum", "Average", "Minimum", "Maximum", "SampleCount"} {
			queries = append(queries, metricQuery("q"+stat, "Duration", stat, period))
		}
		ids := map[string]string{}
		for stat := range percentiles {
			ids[stat] = "p" + string(rune('a'+len(ids)))
			queries = append(queries, metricQuery(ids[stat], "Duration", stat, period))
		}
		got := read(t, s, queries...)
		for i, values := range periods {
			slices.Sort(values)
			var sum float64
			for _, value := range values {
				sum += value
			}
			n := float64(len(values))
			g.Expect(got["qSum"].Values[i]).To(BeNumerically("~", sum, 1e-9))
			g.Expect(got["qAverage"].Values[i]).To(BeNumerically("~", sum/n, 1e-9))
			g.Expect(got["qMinimum"].Values[i]).To(Equal(values[0]))
			g.Expect(got["qMaximum"].Values[i]).To(Equal(values[len(values)-1]))
			g.Expect(got["qSampleCount"].Values[i]).To(Equal(n))
			g.Expect(got["qSum"].Timestamps[i]).To(Equal(hour.Add(time.Duration(i) * time.Duration(period) * time.Second)))
			for stat, p := range percentiles {
				// The smallest value that at least p percent of the values do not exceed.
				index := slices.IndexFunc(values, func(value float64) bool {
					below, _ := slices.BinarySearchFunc(values, value, func(a, b float64) int {
						if a <= b {
							return -1
						}
						return cmp.Compare(a, b)
					})
					return float64(below)/n >= p/100-1e-12
				})
				g.Expect(got[ids[stat]].Values[i]).To(Equal(values[index]), "%s of %v", stat, values)
			}
		}
	}
}

func TestExpressionsAgainstPlainGo(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	nan := math.NaN()
	a := []float64{6, 0, nan, 8, 9, nan, 1, 2, 3, 4}
	b := []float64{3, 0, 5, nan, 2, nan, -1, 4, 0, 0.5}
	recordMinutes(s, "A", a...)
	recordMinutes(s, "B", b...)
	filled := func(values []float64, with float64) []float64 {
		values = slices.Clone(values)
		for i := range values {
			if math.IsNaN(values[i]) {
				values[i] = with
			}
		}
		return values
	}
	for text, of := range map[string]func(i int) float64{
		"a+b":                     func(i int) float64 { return a[i] + b[i] },
		"a - b - 1":               func(i int) float64 { return a[i] - b[i] - 1 },
		"a*b":                     func(i int) float64 { return a[i] * b[i] },
		"a/b":                     func(i int) float64 { return a[i] / b[i] },
		"100 * a / (a+b)":         func(i int) float64 { return 100 * a[i] / (a[i] + b[i]) },
		"-a * -2 + .5":            func(i int) float64 { return -a[i]*-2 + 0.5 },
		"2 - -(a - b) / 4 * 3":    func(i int) float64 { return 2 - -(a[i]-b[i])/4*3 },
		"a/(1-1)":                 func(i int) float64 { return nan },
		"e1 * 10":                 func(i int) float64 { return (a[i] - b[i]) * 10 },
		"FILL(a, 0) + FILL(b, 1)": func(i int) float64 { return filled(a, 0)[i] + filled(b, 1)[i] },
		"FILL(a, -1)/b":           func(i int) float64 { return filled(a, -1)[i] / b[i] },
		"FILL(a*1,REPEAT)": func(i int) float64 {
			for ; math.IsNaN(a[i]); i-- {
			}
			return a[i]
		},
	} {
		got := read(t, s, expressionQuery("e2", text), expressionQuery("e1", "a-b"), metricQuery("a", "A", "Sum", 60), metricQuery("b", "B", "Maximum", 60))["e2"]
		values, times := []float64{}, []time.Time{}
		for i := range a {
			if value := of(i); !math.IsNaN(value) && !math.IsInf(value, 0) {
				values = append(values, value)
				times = append(times, hour.Add(time.Duration(i)*time.Minute))
			}
		}
		g.Expect(got.Values).To(Equal(values), text)
		g.Expect(got.Timestamps).To(Equal(times), text)
		g.Expect(got.StatusCode).To(Equal(types.StatusCodeComplete))
	}
}

func TestGetMetricDataAnswersInTheRequestedForm(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	recordMinutes(s, "Errors", 1, 2, 3)
	silent := metricQuery("m1", "Errors", "Sum", 60)
	labelled := metricQuery("m2", "Errors", "Sum", 60)
	labelled.ReturnData, labelled.Label = new(true), new("errors a minute")
	plain := metricQuery("m3", "Errors", "Sum", 60)
	plain.ReturnData = nil
	unit := metricQuery("m4", "Errors", "Sum", 60)
	unit.ReturnData, unit.MetricStat.Unit = nil, types.StandardUnitBytes
	other := metricQuery("m5", "Errors", "Sum", 60)
	other.ReturnData, other.MetricStat.Metric.Dimensions = nil, nil
	out, err := s.GetMetricData(t.Context(), &cw.GetMetricDataInput{
		// The start is rounded down to the minute; the end is exclusive.
		StartTime: new(hour.Add(59 * time.Second)), EndTime: new(hour.Add(2 * time.Minute)),
		MetricDataQueries: []types.MetricDataQuery{silent, labelled, plain, unit, other, expressionQuery("e1", "m1*2")},
	})
	g.Expect(err).NotTo(HaveOccurred())
	labels := []string{}
	for _, result := range out.MetricDataResults {
		labels = append(labels, *result.Label)
	}
	g.Expect(labels).To(Equal([]string{"errors a minute", "Errors", "Errors", "Errors", "e1"}))
	g.Expect(out.MetricDataResults[0].Values).To(Equal([]float64{2, 1}), "newest first by default")
	g.Expect(out.MetricDataResults[2].Values).To(BeEmpty(), "no data of that unit")
	g.Expect(out.MetricDataResults[3].Values).To(BeEmpty(), "other dimensions are another metric")
	g.Expect(out.MetricDataResults[4].Values).To(Equal([]float64{4, 2}))
}

func TestGetMetricDataPagesAtMaxDatapoints(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	recordMinutes(s, "Errors", 1, 2, 3, 4, 5)
	recordMinutes(s, "Throttles", 6, 7, 8)
	in := &cw.GetMetricDataInput{
		StartTime: new(hour), EndTime: new(hour.Add(10 * time.Minute)), MaxDatapoints: new(int32(3)), ScanBy: types.ScanByTimestampAscending,
		MetricDataQueries: []types.MetricDataQuery{metricQuery("m1", "Errors", "Sum", 60), metricQuery("m2", "Throttles", "Sum", 60)},
	}
	for i := range in.MetricDataQueries {
		in.MetricDataQueries[i].ReturnData = nil
	}
	values := map[string][]float64{}
	status := map[string]types.StatusCode{}
	for pages := 1; ; pages++ {
		out, err := s.GetMetricData(t.Context(), in)
		g.Expect(err).NotTo(HaveOccurred())
		for _, result := range out.MetricDataResults {
			values[*result.Id] = append(values[*result.Id], result.Values...)
			status[*result.Id] = result.StatusCode
		}
		if pages == 1 {
			g.Expect(status).To(Equal(map[string]types.StatusCode{"m1": "PartialData", "m2": "PartialData"}))
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			g.Expect(pages).To(Equal(3))
			break
		}
	}
	g.Expect(values).To(Equal(map[string][]float64{"m1": {1, 2, 3, 4, 5}, "m2": {6, 7, 8}}))
	g.Expect(status).To(Equal(map[string]types.StatusCode{"m1": "Complete", "m2": "Complete"}))

	in.MetricDataQueries = append(in.MetricDataQueries, expressionQuery("e1", "m1+m2"))
	out, err := s.GetMetricData(t.Context(), in)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(out.NextToken).To(BeNil(), "there is no token with a math expression")
	g.Expect(out.MetricDataResults[2].StatusCode).To(Equal(types.StatusCodePartialData))
}

func TestTheLastPeriodHasTheDataUpToTheEnd(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	recordMinutes(s, "Errors", 1, 2, 3, 4, 5, 6)
	q := metricQuery("m1", "Errors", "Sum", 120)
	q.ReturnData = nil
	out, err := s.GetMetricData(t.Context(), &cw.GetMetricDataInput{
		StartTime: new(hour.Add(time.Minute)), EndTime: new(hour.Add(4 * time.Minute)), MetricDataQueries: []types.MetricDataQuery{q},
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(out.MetricDataResults[0].Timestamps).To(Equal([]time.Time{hour.Add(3 * time.Minute), hour.Add(time.Minute)}))
	g.Expect(out.MetricDataResults[0].Values).To(Equal([]float64{4, 2 + 3}))
}

func TestAWholeRankOfAPercentileIsNotLostInRounding(t *testing.T) {
	g := NewWithT(t)
	s := newService()
	values := make([]float64, 375)
	for i := range values {
		values[i] = float64(i + 1)
	}
	s.Record(namespace, "Duration", dims, "Milliseconds", start, values)
	g.Expect(read(t, s, metricQuery("m1", "Duration", "p8.8", 60))["m1"].Values).To(Equal([]float64{33}), "8.8 % of 375 are 33")
}

func BenchmarkRecord(b *testing.B) {
	s := newService()
	second := 0
	for b.Loop() {
		s.RecordCount(namespace, "Invocations", dims, "Count", start.Add(time.Duration(second)*time.Second), 1, 40)
		second++
	}
}
