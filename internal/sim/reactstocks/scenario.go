package reactstocks

import (
	"math/rand/v2"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
)

// Scenario is a way for things to go.
type Scenario string

const (
	// Steady is an ordinary day: no alarm fires.
	Steady Scenario = "Steady"
	// Throttling lets the backend's traffic grow over three minutes beyond its reserved concurrency of 100 and stay
	// there. How far depends on the seed: 200 always suffices, 110 never does.
	Throttling Scenario = "Throttling"
	// SlowDependency lets the news worker's calls take longer than its timeout of 10 s. A timeout of 30 s cures it.
	SlowDependency Scenario = "SlowDependency"
	// WrongFix lets the news worker's calls wait for a dependency that does not answer any more: they time out, however
	// long the timeout is. Lambda's longest is 900 s (AWS Lambda quotas).
	WrongFix Scenario = "WrongFix"
	// RecoversByItself is Throttling for a while: traffic falls back before anyone needs to act.
	RecoversByItself Scenario = "RecoversByItself"
	// TrafficGone is Throttling until all traffic stops: the alarm recovers although nothing is well.
	TrafficGone Scenario = "TrafficGone"
)

// Scenarios are all scenarios.
func Scenarios() []Scenario {
	return []Scenario{Steady, Throttling, SlowDependency, WrongFix, RecoversByItself, TrafficGone}
}

const (
	// BackendDuration is the mean duration of a backend call in seconds.
	BackendDuration = 0.4
	// baseConcurrency is the concurrency that the backend's ordinary traffic occupies.
	baseConcurrency = 60
	// noise is the deviation of arrivals from second to second.
	noise = 0.03
	// newsDuration is the mean duration of a news call in seconds.
	newsDuration = 3
	// hanging is a duration in seconds that no timeout allows.
	hanging = 3600
)

// Timing of the scenarios.
const (
	quiet  = time.Minute     // before something happens
	growth = 3 * time.Minute // from ordinary to peak
	hold   = 8 * time.Minute // how long the peak lasts where it ends
)

// PeakConcurrency is the concurrency that the backend's traffic would occupy at its peak without a limit, noise aside:
// 135 to 175 by seed.
func PeakConcurrency(seed int64) float64 {
	return 135 + 40*rand.New(rand.NewPCG(uint64(seed), 1)).Float64()
}

// SlowDuration is the mean duration in seconds of a news call when its dependency is slow, timeout aside: 11 to 14 by seed.
func SlowDuration(seed int64) float64 {
	return 11 + 3*rand.New(rand.NewPCG(uint64(seed), 2)).Float64()
}

// Apply lets a scenario begin now.
func Apply(w *sim.World, s Scenario, seed int64) {
	base, peak := baseConcurrency/BackendDuration, PeakConcurrency(seed)/BackendDuration
	arrivals, news := traffic.Steady(base), traffic.Steady(newsDuration)
	switch s {
	case Throttling:
		arrivals = traffic.Ramp(base, peak, quiet, growth)
	case RecoversByItself:
		arrivals = traffic.Spike(base, peak, quiet, growth, hold)
	case TrafficGone:
		arrivals = traffic.Spike(base, peak, quiet, growth, hold)
		last := &arrivals.Points[len(arrivals.Points)-1]
		*last = traffic.Point{After: quiet + growth + hold + 20*time.Second}
	case SlowDependency:
		news = traffic.Ramp(newsDuration, SlowDuration(seed), quiet, 2*time.Minute)
	case WrongFix:
		news = traffic.Ramp(newsDuration, hanging, quiet, 2*time.Minute)
	case Steady:
	}
	w.SetTraffic(traffic.Workload{
		Function: BackendFunction, Qualifier: Alias,
		Arrivals: arrivals.WithNoise(noise), Duration: traffic.Steady(BackendDuration), Spread: 0.5,
		ErrorRate: traffic.Steady(0.002), CPUShare: 0.3, MemoryReference: 512,
		API: &traffic.API{Name: APIName, Stage: APIStage, Overhead: 0.02},
	})
	w.SetTraffic(traffic.Workload{
		Function: NewsSyncFunction,
		Arrivals: traffic.Steady(2).WithNoise(noise), Duration: news, Spread: 0.3, ErrorRate: traffic.Steady(0.001),
	})
	w.SetTraffic(traffic.Workload{
		Function: CheckoutFunction,
		Arrivals: traffic.Steady(50).WithNoise(noise), Duration: traffic.Steady(0.2), Spread: 0.4, ErrorRate: traffic.Steady(0.001),
	})
}
