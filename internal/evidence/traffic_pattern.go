package evidence

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/number"
)

const (
	defaultTrafficWindow = time.Hour
	// patternMinutes is how many minutes with data are needed to tell a pattern.
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
	offered := map[time.Time]float64{}
	for _, q := range queries {
		series, err := f.metric(ctx, q, f.end.Add(-length), f.end)
		if err != nil {
			return v1alpha1.Evidence{}, err
		}
		for _, d := range series {
			offered[d.At] += d.Value
		}
	}
	minutes := inOrder(offered)
	seen := &v1alpha1.TrafficPatternEvidence{
		Datapoints: int32(len(minutes)),
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

func inOrder(offered map[time.Time]float64) []float64 {
	var times []time.Time
	for at := range offered {
		times = append(times, at)
	}
	slices.SortFunc(times, time.Time.Compare)
	minutes := make([]float64, len(times))
	for i, at := range times {
		minutes[i] = offered[at]
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
