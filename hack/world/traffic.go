package world

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
)

// The noise of reactstocks depends on the second of the calendar, so no two of its worlds are alike. What arrives at
// the backend is therefore said here, with the shape of the same scenarios, from the seed and from nothing else.

const (
	// past is for how long the seed's ordinary traffic has been arriving when a world starts: nothing that looks back
	// an hour sees any other.
	past = time.Hour
	// uneven is the largest deviation of what arrives, as a share of it: drawn every so many seconds, for so long.
	uneven    = 0.03
	unevenOne = 5 * time.Second
	unevenAll = 6 * time.Hour

	quiet  = time.Minute     // before something happens
	growth = 3 * time.Minute // from ordinary to peak
	hold   = 8 * time.Minute // how long the peak lasts where it ends
	gone   = 20 * time.Second
)

// Ordinary is how many calls of the backend are executed at once on an ordinary day: 48 to 66 by seed.
func Ordinary(seed int64) float64 {
	return 48 + 18*rand.New(rand.NewPCG(uint64(seed), 3)).Float64()
}

// arrivals are the calls a second of a scenario without its unevenness. Where the trouble is another function's, they
// stay as they are.
func arrivals(s reactstocks.Scenario, seed int64) traffic.Profile {
	base, peak := Ordinary(seed)/reactstocks.BackendDuration, reactstocks.PeakConcurrency(seed)/reactstocks.BackendDuration
	switch s {
	case reactstocks.Throttling:
		return traffic.Ramp(base, peak, quiet, growth)
	case reactstocks.RecoversByItself:
		return traffic.Spike(base, peak, quiet, growth, hold)
	case reactstocks.TrafficGone:
		return traffic.Profile{Points: []traffic.Point{
			{After: quiet, Value: base}, {After: quiet + growth, Value: peak},
			{After: quiet + growth + hold, Value: peak}, {After: quiet + growth + hold + gone},
		}}
	default:
		return traffic.Steady(base)
	}
}

// unevenly lets a profile deviate, by the seed and the time since it began.
func unevenly(p traffic.Profile, seed int64) traffic.Profile {
	draw := rand.New(rand.NewPCG(uint64(seed), 4))
	var out traffic.Profile
	for after := time.Duration(0); after <= unevenAll; after += unevenOne {
		out.Points = append(out.Points, traffic.Point{After: after, Value: valueAt(p, after) * (1 + uneven*(2*draw.Float64()-1))})
	}
	return out
}

// valueAt is the value of a profile's straight lines.
func valueAt(p traffic.Profile, after time.Duration) float64 {
	last := p.Points[0]
	for _, next := range p.Points {
		if after < next.After && next.After > last.After {
			return last.Value + max(0, float64(after-last.After)/float64(next.After-last.After))*(next.Value-last.Value)
		}
		last = next
	}
	return last.Value
}

// backend is what arrives at the backend, and how long it takes there.
func backend(arrivals traffic.Profile) traffic.Workload {
	return traffic.Workload{
		Function: reactstocks.BackendFunction, Qualifier: reactstocks.Alias,
		Arrivals: arrivals, Duration: traffic.Steady(reactstocks.BackendDuration), Spread: 0.5,
		ErrorRate: traffic.Steady(0.002), CPUShare: 0.3, MemoryReference: 512,
		API: &traffic.API{Name: reactstocks.APIName, Stage: reactstocks.APIStage, Overhead: 0.02},
	}
}

// Begin lets a scenario begin with the next whole minute of the world, and returns that minute: metrics and alarms count
// in minutes, so whatever follows is the same for the same seed. It waits for the minute, or until the context ends.
func (w *World) Begin(ctx context.Context, s reactstocks.Scenario) (time.Time, error) {
	lead := max(time.Second, time.Duration(w.Clock.Factor*float64(100*time.Millisecond)))
	for {
		minute := w.Clock.Now().Truncate(time.Minute).Add(time.Minute)
		if err := w.until(ctx, minute.Add(-lead)); err != nil {
			return time.Time{}, err
		}
		w.AWS.FollowClock(nil) // nothing happens there, so that nothing happens between the minute and the scenario
		err := w.until(ctx, minute)
		begins := err == nil && !w.AWS.Now().After(minute) // else the machine was busy, and it is the next minute's turn
		if begins {
			w.AWS.AdvanceTo(minute)
			reactstocks.Apply(w.AWS, s, w.seed)
			w.AWS.SetTraffic(backend(unevenly(arrivals(s, w.seed), w.seed)))
		}
		w.AWS.FollowClock(w.Clock)
		if err != nil || begins {
			return minute, err
		}
	}
}

// until waits until a moment of the world.
func (w *World) until(ctx context.Context, t time.Time) error {
	timer := w.Clock.NewTimer(max(0, t.Sub(w.Clock.Now())))
	defer timer.Stop()
	select {
	case <-timer.C():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
