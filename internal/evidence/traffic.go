package evidence

import (
	"context"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/aws"
)

// TrafficMinute is what a function did in one minute. A metric without data in the minute is nil, which is not zero.
type TrafficMinute struct {
	// At is the start of the minute.
	At time.Time
	// Invocations that began, throttled ones not among them.
	Invocations *float64
	// Errors of those invocations, timeouts among them.
	Errors *float64
	// Throttles are requests that were turned away.
	Throttles *float64
}

// TrafficMinutes are minutes in order, every one of the time asked for.
type TrafficMinutes []TrafficMinute

// Traffic reads what a function did in each minute of [from, to), both truncated to the minute.
func Traffic(ctx context.Context, s *aws.Session, function string, from, to time.Time) (TrafficMinutes, error) {
	from, to = from.UTC().Truncate(time.Minute), to.UTC().Truncate(time.Minute)
	var minutes TrafficMinutes
	place := map[time.Time]int{}
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		place[at] = len(minutes)
		minutes = append(minutes, TrafficMinute{At: at})
	}
	if len(minutes) == 0 {
		return nil, nil
	}
	invocations, errors, throttles := lambdaSum(function, "Invocations"), lambdaSum(function, "Errors"), lambdaSum(function, "Throttles")
	series, err := s.Metrics(ctx, []aws.MetricQuery{invocations, errors, throttles}, from, to)
	if err != nil {
		return nil, err
	}
	fill := func(q aws.MetricQuery, set func(m *TrafficMinute, v float64)) {
		for _, d := range series[q] {
			if i, ok := place[d.At]; ok {
				set(&minutes[i], d.Value)
			}
		}
	}
	fill(invocations, func(m *TrafficMinute, v float64) { m.Invocations = &v })
	fill(errors, func(m *TrafficMinute, v float64) { m.Errors = &v })
	fill(throttles, func(m *TrafficMinute, v float64) { m.Throttles = &v })
	return minutes, nil
}

func lambdaSum(function, metric string) aws.MetricQuery {
	return aws.MetricQuery{Namespace: "AWS/Lambda", Name: metric, FunctionName: function, Statistic: "Sum"}
}
