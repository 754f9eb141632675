// Package traffic owns the closed loop: calls arrive, occupy concurrency for their duration, and are throttled when
// the function's limit is full, by Little's law; the outcome of every second goes into CloudWatch metrics. It must not
// know alarms or remedies: every number follows from arrivals, durations and the configuration at that second.
package traffic

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/sim/cloudwatch"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
)

// Engine plays the workloads of an account, one second after the other. It is not safe for concurrent use: the world
// holds its lock around every method.
type Engine struct {
	seed       int64
	lambda     *lambda.Service
	cloudwatch *cloudwatch.Service
	flows      map[string]*flow
	current    *minute
	ingestion  Ingestion
	pending    []arrival
}

// flow is a workload with what its seconds carry over: calls are whole, arrivals are not.
type flow struct {
	Workload
	from      time.Time
	classes   []class
	carry     map[string][]float64 // per version and class
	throttled float64
	failed    float64
}

// New returns an engine without workloads.
func New(seed int64, l *lambda.Service, c *cloudwatch.Service) *Engine {
	return &Engine{seed: seed, lambda: l, cloudwatch: c, flows: map[string]*flow{}}
}

// Set adds the workload of a function and qualifier, or replaces it. Its profiles begin at the given moment.
func (e *Engine) Set(w Workload, from time.Time) {
	f := &flow{Workload: w, from: from, classes: classes(w.Spread), carry: map[string][]float64{}, throttled: 0.5, failed: 0.5}
	e.flows[w.Function+":"+w.Qualifier] = f
}

// Remove ends the workload of a function and qualifier.
func (e *Engine) Remove(function, qualifier string) { delete(e.flows, function+":"+qualifier) }

// second is what one flow does in one second.
type second struct {
	flow     *flow
	at       time.Time
	targets  []lambda.Target
	means    []float64 // mean duration of each target without the timeout
	arrivals float64
	demand   float64 // concurrency that would serve all arrivals: arrivals x mean duration with the timeout
	group    string  // whose limit it shares: the function's reservation, or "" for the pool
}

// Step plays the second that ends at t; t is a whole second.
func (e *Engine) Step(t time.Time) {
	start := t.Add(-time.Second)
	m := start.Truncate(time.Minute)
	if e.current == nil || !e.current.start.Equal(m) {
		if e.current != nil {
			e.ingest(e.current)
		}
		e.current = newMinute(m)
	}
	demand, limit := map[string]float64{}, map[string]float64{}
	var seconds []second
	for _, key := range slices.Sorted(maps.Keys(e.flows)) {
		s := e.arrive(e.flows[key], start)
		seconds = append(seconds, s)
		demand[s.group] += s.demand
		reserved, isReserved, pool := e.lambda.Concurrency(s.flow.Function)
		limit[s.group] = float64(pool)
		if isReserved {
			limit[s.group] = float64(reserved)
		}
	}
	var total, unreserved float64
	for _, s := range seconds {
		admitted := 1.0
		switch {
		case limit[s.group] <= 0:
			admitted = 0 // however short the calls are
		case demand[s.group] > limit[s.group]:
			admitted = limit[s.group] / demand[s.group]
		}
		concurrent := s.demand * admitted
		total += concurrent
		if s.group == "" {
			unreserved += concurrent
		}
		e.serve(s, admitted, concurrent)
	}
	e.current.concurrent = append(e.current.concurrent, math.Round(total))
	e.current.unreserved = append(e.current.unreserved, math.Round(unreserved))
	e.publish(t, e.cloudwatch)
}

// arrive computes what comes in and how much concurrency it would need.
func (e *Engine) arrive(f *flow, at time.Time) second {
	s := second{flow: f, at: at, targets: e.lambda.Targets(f.Function, f.Qualifier)}
	name := f.Function + ":" + f.Qualifier
	s.arrivals = f.Arrivals.at(at, f.from, e.seed, name)
	duration := f.Duration.at(at, f.from, e.seed, name)
	for _, target := range s.targets {
		mean := f.mean(duration, target)
		s.means = append(s.means, mean)
		for _, c := range f.classes {
			d, _ := c.seconds(mean, target)
			s.demand += s.arrivals * target.Weight * c.weight * d
		}
	}
	if _, reserved, _ := e.lambda.Concurrency(f.Function); reserved {
		s.group = f.Function
	}
	return s
}

// serve turns admitted arrivals into completed calls and the rest into throttles.
func (e *Engine) serve(s second, admitted, concurrent float64) {
	f, t := s.flow, e.current.tally(s.flow.Workload)
	if len(s.targets) == 0 {
		t.missing += whole(&f.throttled, s.arrivals)
		return
	}
	t.throttled += whole(&f.throttled, s.arrivals*(1-admitted))
	t.concurrent = append(t.concurrent, math.Round(concurrent))
	errorRate := f.ErrorRate.at(s.at, f.from, e.seed, f.Function)
	for i, target := range s.targets {
		carry, ok := f.carry[target.Version]
		if !ok {
			carry = slices.Repeat([]float64{0.5}, len(f.classes))
			f.carry[target.Version] = carry
		}
		for j, c := range f.classes {
			n := whole(&carry[j], s.arrivals*admitted*target.Weight*c.weight)
			d, timedOut := c.seconds(s.means[i], target)
			failed := n
			if !timedOut {
				failed = min(n, whole(&f.failed, n*errorRate))
			}
			if n > 0 {
				t.add(d, n, failed)
			}
		}
	}
}

// whole takes the whole calls out of what has gathered.
func whole(carry *float64, more float64) float64 {
	*carry += more
	n := math.Floor(*carry)
	*carry -= n
	return n
}
