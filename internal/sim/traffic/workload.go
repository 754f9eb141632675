package traffic

import (
	"math"

	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
)

// Workload is what arrives at one function and how long it takes there.
type Workload struct {
	// Function is the function's name; Qualifier the alias or version that is called, "" for $LATEST.
	Function, Qualifier string
	// Arrivals is calls per second.
	Arrivals Profile
	// Duration is the mean duration of a call in seconds, before the function's timeout cuts it off.
	Duration Profile
	// Spread is the sigma of the log-normal distribution of durations; 0 makes every call equally long.
	Spread float64
	// ErrorRate is the share of completed calls that fail, 0 to 1, timeouts not counted.
	ErrorRate Profile
	// CPUShare is the share of the duration that shrinks with more memory, 0 to 1: Lambda gives CPU in proportion to
	// memory. Duration is meant at MemoryReference MB.
	CPUShare float64
	// MemoryReference is the memory in MB at which Duration holds; 0 turns CPUShare off.
	MemoryReference int32
	// API, when set, is the REST API in front of the function.
	API *API
}

// API is a REST API of API Gateway that calls a function synchronously.
type API struct {
	// Name and Stage are the metric dimensions ApiName and Stage.
	Name, Stage string
	// Overhead is what the gateway adds to the latency, in seconds.
	Overhead float64
}

// integrationTimeout is after how many seconds API Gateway answers 504 (API Gateway quotas, REST APIs: 29 seconds).
const integrationTimeout = 29

// class is one class of durations: its share of calls and its length relative to the mean.
type class struct{ weight, factor float64 }

// classes cuts a log-normal distribution with mean 1 into classes that are finer in the tail, so that p90, p95, p99 and
// p99.9 have values of their own.
func classes(sigma float64) []class {
	bands := []struct {
		upTo  float64
		count int
	}{{0.90, 18}, {0.99, 9}, {0.999, 9}, {1, 1}}
	var out []class
	from, mean := 0.0, 0.0
	for _, b := range bands {
		w := (b.upTo - from) / float64(b.count)
		for i := range b.count {
			q := from + (float64(i)+0.5)*w
			f := math.Exp(sigma * math.Sqrt2 * math.Erfinv(2*q-1))
			out = append(out, class{w, f})
			mean += w * f
		}
		from = b.upTo
	}
	for i := range out {
		out[i].factor /= mean
	}
	return out
}

// mean is the mean duration at a version's memory.
func (w Workload) mean(duration float64, target lambda.Target) float64 {
	if w.MemoryReference == 0 || target.MemorySize == 0 {
		return duration
	}
	return duration * (1 - w.CPUShare + w.CPUShare*float64(w.MemoryReference)/float64(target.MemorySize))
}

// seconds is how long a call of a class runs, and whether the timeout ended it.
func (c class) seconds(mean float64, target lambda.Target) (float64, bool) {
	limit := float64(target.Timeout)
	if d := mean * c.factor; d < limit {
		return d, false
	}
	return limit, true
}
