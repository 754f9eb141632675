package traffic

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/sim/cloudwatch"
)

// Namespaces and units of the metrics (Lambda Developer Guide, "Types of metrics for Lambda functions"; API Gateway
// Developer Guide, "Amazon API Gateway dimensions and metrics").
const (
	lambdaNamespace = "AWS/Lambda"
	apiNamespace    = "AWS/ApiGateway"
	unitCount       = "Count"
	unitMillis      = "Milliseconds"
)

// minute gathers what happened in one minute until it is published.
type minute struct {
	start      time.Time
	tallies    map[string]*tally
	concurrent []float64 // of the account, one sample a second
	unreserved []float64
}

// tally is what happened to one workload in one minute.
type tally struct {
	workload   Workload
	calls      map[outcome]float64
	throttled  float64
	missing    float64 // calls of a function or qualifier that does not exist
	concurrent []float64
}

// outcome is how a call ended.
type outcome struct {
	millis float64
	failed bool
}

func newMinute(start time.Time) *minute {
	return &minute{start: start, tallies: map[string]*tally{}}
}

func (m *minute) tally(w Workload) *tally {
	key := w.Function + ":" + w.Qualifier
	t, ok := m.tallies[key]
	if !ok {
		t = &tally{workload: w, calls: map[outcome]float64{}}
		m.tallies[key] = t
	}
	return t
}

// add counts n calls of d seconds, of which some failed.
func (t *tally) add(d, n, failed float64) {
	t.calls[outcome{millis(d), false}] += n - failed
	t.calls[outcome{millis(d), true}] += failed
}

// millis is a duration in milliseconds with two decimals, as Lambda reports it.
func millis(seconds float64) float64 { return math.Round(seconds*1e5) / 100 }

// publish writes a part of the minute's data points with the minute as their time stamp, always in the same order.
func (m *minute) publish(c *cloudwatch.Service, p part) {
	active := false
	for _, key := range slices.Sorted(maps.Keys(m.tallies)) {
		t := m.tallies[key]
		active = active || t.ran()
		t.publishLambda(c, m.start, p)
		if t.workload.API != nil {
			t.publishAPI(c, m.start, p)
		}
	}
	if !active {
		return
	}
	c.Record(lambdaNamespace, "ConcurrentExecutions", nil, unitCount, m.start, p.slice(m.concurrent))
	c.Record(lambdaNamespace, "UnreservedConcurrentExecutions", nil, unitCount, m.start, p.slice(m.unreserved))
}

// ran says whether any call ran. "When your function finishes processing an event, Lambda sends metrics about the
// invocation to Amazon CloudWatch" (Lambda Developer Guide, "Using CloudWatch metrics with Lambda"), and nothing while
// none does.
func (t *tally) ran() bool {
	return len(t.calls) > 0 || slices.ContainsFunc(t.concurrent, func(n float64) bool { return n > 0 })
}

// outcomes are the outcomes in order of duration.
func (t *tally) outcomes() []outcome {
	return slices.SortedFunc(maps.Keys(t.calls), func(a, b outcome) int {
		switch {
		case a.millis != b.millis && a.millis < b.millis, a.millis == b.millis && !a.failed && b.failed:
			return -1
		case a == b:
			return 0
		default:
			return 1
		}
	})
}

// publishLambda writes the metrics of the function, of its alias, and its part of the account's. Errors and Throttles
// get a 0 for every call without one, so that their average is a rate. Throttled calls are no invocations.
func (t *tally) publishLambda(c *cloudwatch.Service, at time.Time, p part) {
	w := t.workload
	own := []map[string]string{{"FunctionName": w.Function}}
	if w.Qualifier != "" {
		own = append(own, map[string]string{"FunctionName": w.Function, "Resource": w.Function + ":" + w.Qualifier})
	}
	for _, dims := range own {
		if !t.ran() {
			break
		}
		c.Record(lambdaNamespace, "ConcurrentExecutions", dims, unitCount, at, p.slice(t.concurrent))
	}
	for _, dims := range append(own, nil) {
		count := func(name string, value, n float64) {
			c.RecordCount(lambdaNamespace, name, dims, unitCount, at, value, n)
		}
		for _, o := range t.outcomes() {
			n := p.of(t.calls[o])
			count("Invocations", 1, n)
			count("Errors", boolean(o.failed), n)
			count("Throttles", 0, n)
			c.RecordCount(lambdaNamespace, "Duration", dims, unitMillis, at, o.millis, n)
		}
		count("Throttles", 1, p.of(t.throttled))
	}
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// publishAPI writes the metrics of the REST API: a failed call is a 502, a call beyond the integration timeout a 504,
// and a throttled or missing function a 500. None of them is the caller's fault, so 4XXError stays 0.
func (t *tally) publishAPI(c *cloudwatch.Service, at time.Time, p part) {
	api := t.workload.API
	for _, dims := range []map[string]string{{"ApiName": api.Name}, {"ApiName": api.Name, "Stage": api.Stage}} {
		answer := func(latency, failed, n float64) {
			c.RecordCount(apiNamespace, "Count", dims, unitCount, at, 1, n)
			c.RecordCount(apiNamespace, "4XXError", dims, unitCount, at, 0, n)
			c.RecordCount(apiNamespace, "5XXError", dims, unitCount, at, failed, n)
			c.RecordCount(apiNamespace, "Latency", dims, unitMillis, at, latency, n)
		}
		for _, o := range t.outcomes() {
			latency := o.millis + millis(api.Overhead)
			if o.millis > integrationTimeout*1000 {
				answer(millis(integrationTimeout+api.Overhead), 1, p.of(t.calls[o]))
				continue
			}
			answer(latency, boolean(o.failed), p.of(t.calls[o]))
		}
		answer(millis(api.Overhead), 1, p.of(t.throttled+t.missing))
	}
}
