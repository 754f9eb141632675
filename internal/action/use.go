package action

import (
	"context"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/aws"
)

const (
	lambdaNamespace = "AWS/Lambda"
	// useWindow is how far back the use of concurrency is looked at.
	useWindow = time.Hour
	// offeredWindow is over how long requests are averaged.
	offeredWindow = 15 * time.Minute
)

// offeredMean says of the requests a minute of a plan what they are.
const offeredMean = "; the requests a minute are the mean of the last 15 minutes, with those that were throttled"

// use is how much a function and the account's shared pool were used. Nil: there are no data, which is not zero.
type use struct {
	// peak is the most executions of the function at once in the last hour.
	peak *int32
	// pool is the most executions at once of all functions without a reservation in the last hour.
	pool *int32
	// others is the most of them that can have been of other functions, where the function has no reservation.
	others *int32
	// offered is requests a minute over the last 15 minutes: invocations and throttled invocations.
	offered *float64
	// throttled is how many requests were turned away in the last 15 minutes.
	throttled float64
}

// readUse reads the metrics of one function and of the pool, in one call.
func readUse(ctx context.Context, s *aws.Session, function string, now time.Time) (use, error) {
	of := func(name, statistic string) aws.MetricQuery {
		return aws.MetricQuery{Namespace: lambdaNamespace, Name: name, FunctionName: function, Statistic: statistic}
	}
	highest, lowest := of("ConcurrentExecutions", "Maximum"), of("ConcurrentExecutions", "Minimum")
	invocations, throttles := of("Invocations", "Sum"), of("Throttles", "Sum")
	pool := aws.MetricQuery{Namespace: lambdaNamespace, Name: "UnreservedConcurrentExecutions", Statistic: "Maximum"}
	end := now.UTC().Truncate(time.Minute)
	series, err := s.Metrics(ctx, []aws.MetricQuery{highest, lowest, invocations, throttles, pool}, end.Add(-useWindow), end)
	if err != nil {
		return use{}, err
	}
	u := use{
		peak:   peakOf(series[highest]),
		pool:   peakOf(series[pool]),
		others: peakOf(less(series[pool], series[lowest])),
	}
	since := end.Add(-offeredWindow)
	served, some := sumSince(series[invocations], since)
	throttled, someThrottled := sumSince(series[throttles], since)
	u.throttled = throttled
	if some || someThrottled {
		perMinute := (served + throttled) / offeredWindow.Minutes()
		u.offered = &perMinute
	}
	return u, nil
}

// less takes a function's lowest use in a minute from the pool's highest: what was left was used by others, and no
// more than that, at whichever moment of the minute either was measured.
func less(pool, function aws.Series) aws.Series {
	own := make(map[time.Time]float64, len(function))
	for _, d := range function {
		own[d.At] = d.Value
	}
	rest := make(aws.Series, len(pool))
	for i, d := range pool {
		rest[i] = aws.Datapoint{At: d.At, Value: max(0, d.Value-own[d.At])}
	}
	return rest
}

func peakOf(s aws.Series) *int32 {
	if len(s) == 0 {
		return nil
	}
	var peak int32
	for _, d := range s {
		peak = max(peak, int32(d.Value))
	}
	return &peak
}

func sumSince(s aws.Series, since time.Time) (total float64, some bool) {
	for _, d := range s {
		if !d.At.Before(since) {
			total += d.Value
			some = true
		}
	}
	return total, some
}
