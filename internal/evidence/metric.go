package evidence

import (
	"context"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/number"
)

// defaultMetricWindow is the API's default, for a Runbook that was pinned before the API server could apply it.
const defaultMetricWindow = 15 * time.Minute

// metricStep reads one statistic of one metric, over a window and the same length of time before it.
type metricStep struct{}

func (metricStep) Name() string { return "metric" }

func (metricStep) Wants(s v1alpha1.Step) bool { return s.Metric != nil }

func (metricStep) Permissions() []string { return []string{"cloudwatch:GetMetricData"} }

func (metricStep) Queries(r Request) ([]aws.MetricQuery, time.Duration) {
	value, weight := metricQueries(r)
	queries := []aws.MetricQuery{value}
	if r.Step.Metric.Statistic == "Average" {
		queries = append(queries, weight)
	}
	return queries, 2 * window(r.Step.Metric.Window, defaultMetricWindow)
}

func (metricStep) Collect(ctx context.Context, f *facts, r Request) (v1alpha1.Evidence, error) {
	statistic := r.Step.Metric.Statistic
	length := window(r.Step.Metric.Window, defaultMetricWindow)
	start := f.end.Add(-length)
	now, datapoints, err := over(ctx, f, r, start, f.end)
	if err != nil {
		return v1alpha1.Evidence{}, err
	}
	previous, _, err := over(ctx, f, r, start.Add(-length), start)
	if err != nil {
		return v1alpha1.Evidence{}, err
	}
	return v1alpha1.Evidence{Metric: &v1alpha1.MetricEvidence{
		Statistic:  statistic,
		Value:      now,
		Previous:   previous,
		Datapoints: datapoints,
		Start:      metav1.NewTime(start),
		End:        metav1.NewTime(f.end),
	}}, nil
}

// over returns the statistic over [start, end) and how many of its minutes have data.
func over(ctx context.Context, f *facts, r Request, start, end time.Time) (*v1alpha1.Number, int32, error) {
	query, weight := metricQueries(r)
	values, err := f.metric(ctx, query, start, end)
	if err != nil {
		return nil, 0, err
	}
	var weights aws.Series
	if query.Statistic == "Average" {
		if weights, err = f.metric(ctx, weight, start, end); err != nil {
			return nil, 0, err
		}
	}
	v, ok := combine(query.Statistic, values, weights)
	if !ok {
		return nil, int32(len(values)), nil
	}
	return number.Format(v), int32(len(values)), nil
}

// metricQueries returns the query of the statistic, and of the number of samples that weighs an average.
func metricQueries(r Request) (value, weight aws.MetricQuery) {
	m := r.Step.Metric
	value = aws.MetricQuery{Namespace: m.Namespace, Name: m.Name, FunctionName: string(r.Function.Name), Statistic: m.Statistic}
	weight = value
	weight.Statistic = "SampleCount"
	return value, weight
}

// combine makes one statistic of many minutes: sums and sample counts add up, the maximum is the highest minute, the
// minimum the lowest, and an average is weighted by the samples of its minutes. Percentiles of minutes cannot be
// combined: the highest minute stands for the window. Without data there is none, which is not zero.
func combine(statistic string, values, weights aws.Series) (float64, bool) {
	if len(values) == 0 {
		return 0, false
	}
	switch {
	case statistic == "Sum" || statistic == "SampleCount":
		return sum(values), true
	case statistic == "Minimum":
		lowest := values[0].Value
		for _, d := range values {
			lowest = min(lowest, d.Value)
		}
		return lowest, true
	case statistic == "Average":
		return average(values, weights)
	case statistic == "Maximum" || strings.HasPrefix(statistic, "p"):
		highest := values[0].Value
		for _, d := range values {
			highest = max(highest, d.Value)
		}
		return highest, true
	}
	return 0, false
}

func sum(values aws.Series) float64 {
	var total float64
	for _, d := range values {
		total += d.Value
	}
	return total
}

func average(values, weights aws.Series) (float64, bool) {
	samples := make(map[time.Time]float64, len(weights))
	for _, w := range weights {
		samples[w.At] = w.Value
	}
	var total, count float64
	for _, d := range values {
		total += d.Value * samples[d.At]
		count += samples[d.At]
	}
	return total / count, count > 0
}

// window reads a window of a Runbook, whose pattern the API server checks.
func window(text string, otherwise time.Duration) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return otherwise
	}
	return d
}
