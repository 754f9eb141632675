package evidence

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/number"
)

const (
	defaultTrafficWindow = time.Hour
	// late is how long a minute's metrics may take to be there after the last of its invocations ended, and longest is the
	// longest invocation (Lambda quotas, function timeout).
	late, longest = 2 * time.Minute, 15 * time.Minute
	// patternMinutes is how many minutes have to be known to tell a pattern.
	patternMinutes = 10
	// steadyBand: steady traffic stays within half and one and a half of its average.
	steadyBand = 0.5
	// trendRatio between the last and the first third makes growth, or its inverse a fall.
	trendRatio = 1.5
	// jumpRatio against the minutes before makes a jump, within jumpMinutes.
	jumpRatio   = 2.0
	jumpMinutes = 3
	// jumpBase is over how many minutes the level before a jump is taken.
	jumpBase = 5
	// noise is how many standard deviations of random arrivals (the root of their number) a change exceeds.
	noise = 3.0
)

// trafficPatternStep tells spikes, growth and steady traffic apart, by what was offered: invocations and throttles.
type trafficPatternStep struct{}

func (trafficPatternStep) Name() string { return "trafficPattern" }

func (trafficPatternStep) Wants(s v1alpha1.Step) bool { return s.TrafficPattern != nil }

func (trafficPatternStep) Permissions() []string { return []string{"cloudwatch:GetMetricData"} }

func (trafficPatternStep) Queries(r Request) ([]aws.MetricQuery, time.Duration) {
	fn := string(r.Function.Name)
	return []aws.MetricQuery{lambdaSum(fn, "Invocations"), lambdaSum(fn, "Throttles")},
		window(r.Step.TrafficPattern.Window, defaultTrafficWindow)
}

func (p trafficPatternStep) Collect(ctx context.Context, f *facts, r Request) (v1alpha1.Evidence, error) {
	queries, length := p.Queries(r)
	start, offered := f.end.Add(-length), map[time.Time]float64{}
	for _, q := range queries {
		series, err := f.metric(ctx, q, start, f.end)
		if err != nil {
			return v1alpha1.Evidence{}, err
		}
		for _, d := range series {
			offered[d.At] += d.Value
		}
	}
	minutes := inOrder(offered, start, f.end)
	seen := &v1alpha1.TrafficPatternEvidence{
		Datapoints: int32(len(offered)),
		Missing:    []string{"sources: needs the API's access logs"},
	}
	if len(minutes) > 0 {
		seen.PeakPerSecond = number.Format(slices.Max(minutes) / 60)
		seen.AveragePerSecond = number.Format(mean(minutes) / 60)
	}
	if kind, ok := pattern(minutes); ok {
		seen.Kind = &kind
	}
	return v1alpha1.Evidence{TrafficPattern: seen}, nil
}

// inOrder returns the requests of each minute of [start, end). Lambda sends metrics when an invocation ended, for the minute
// in which it began (Lambda Developer Guide, Using CloudWatch metrics with Lambda). So a minute without data is one in which
// nobody called, but for those after the last that has any: they may still get theirs, and are left out while they may.
// Without any data nothing is known, not even that the function is there.
func inOrder(offered map[time.Time]float64, start, end time.Time) []float64 {
	if len(offered) == 0 {
		return nil
	}
	last := slices.MaxFunc(slices.Collect(maps.Keys(offered)), time.Time.Compare)
	var minutes []float64
	for at := start; at.Before(end); at = at.Add(time.Minute) {
		n, some := offered[at]
		if some || at.Before(last) && at.Before(end.Add(-late)) || at.Before(end.Add(-late-longest)) {
			minutes = append(minutes, n)
		}
	}
	return minutes
}

// pattern names the shape of requests a minute. False where there are too few minutes to tell, or no shape fits.
func pattern(minutes []float64) (v1alpha1.TrafficKind, bool) {
	n := len(minutes)
	if n < patternMinutes {
		return "", false
	}
	average := mean(minutes)
	// A trend shows between the ends of the window, or, once it has just begun, against everything before.
	up := rises(minutes[:n/3], minutes[n-n/3:]) || rises(minutes[:n-jumpMinutes], minutes[n-jumpMinutes:])
	down := rises(minutes[n-n/3:], minutes[:n/3]) || rises(minutes[n-jumpMinutes:], minutes[:n-jumpMinutes])
	low, high := slices.Min(minutes), slices.Max(minutes)
	switch {
	case low >= average*(1-steadyBand) && high <= average*(1+steadyBand), high-average <= noise*math.Sqrt(average+1):
		return v1alpha1.TrafficSteady, true
	case jumps(minutes):
		return v1alpha1.TrafficSpike, true
	case up && !down:
		return v1alpha1.TrafficGrowth, true
	case down && !up:
		return v1alpha1.TrafficFalling, true
	}
	return "", false
}

// rises says whether requests are clearly more in the later minutes, by more than chance makes of few requests.
func rises(earlier, later []float64) bool {
	before, after := mean(earlier), mean(later)
	n := float64(min(len(earlier), len(later)))
	return after > before*trendRatio && (after-before)*n > noise*math.Sqrt((after+before)*n)
}

// jumps says whether requests doubled within a few minutes, by more than chance makes of few requests.
func jumps(minutes []float64) bool {
	for i := jumpBase; i < len(minutes); i++ {
		before := mean(minutes[i-jumpBase : i])
		after := slices.Max(minutes[i:min(i+jumpMinutes, len(minutes))])
		if after >= before*jumpRatio && after-before > noise*math.Sqrt(before+1) {
			return true
		}
	}
	return false
}

func mean(values []float64) float64 { return total(values) / float64(len(values)) }

func total(values []float64) (sum float64) {
	for _, v := range values {
		sum += v
	}
	return sum
}
