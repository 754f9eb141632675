package traffic

import (
	"math"
	"slices"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/sim/cloudwatch"
)

// IngestionDelay is how long after the end of a minute its data points appear in CloudWatch, unless an Ingestion says
// otherwise. AWS promises no number; Lambda sends its metrics in one-minute intervals and they usually appear within
// seconds.
const IngestionDelay = 3 * time.Second

// Ingestion is how the data points of a minute come into CloudWatch. Its zero value lets all of them appear after
// IngestionDelay.
type Ingestion struct {
	// Delay is how long after its end a minute is complete, IngestionDelay at least.
	Delay time.Duration
	// Partial is the share of the data points that appears after IngestionDelay all the same, 0 to 1: the newest minute is
	// low first and completed after Delay.
	Partial float64
	// Probability is the chance that a minute is late, 0 to 1; 0 means that every one is. Chances come from the world's
	// seed.
	Probability float64
}

// SetIngestion changes how the minutes come in that end from now on.
func (e *Engine) SetIngestion(i Ingestion) { e.ingestion = i }

// arrival is a minute on its way into CloudWatch: the parts of it that appear at a moment.
type arrival struct {
	at   time.Time
	m    *minute
	part part
}

// part is a range of a minute's data points, by shares of them.
type part struct{ from, to float64 }

// of is how many of n data points are in the part. The parts of a minute have all of them together.
func (p part) of(n float64) float64 { return math.Floor(n*p.to) - math.Floor(n*p.from) }

// slice is the part of samples.
func (p part) slice(samples []float64) []float64 {
	n := float64(len(samples))
	return samples[int(math.Floor(n*p.from)):int(math.Floor(n*p.to))]
}

// ingest sends a minute that has ended on its way.
func (e *Engine) ingest(m *minute) {
	end := m.start.Add(time.Minute)
	i := e.ingestion
	late := i.Delay > IngestionDelay
	if i.Probability > 0 {
		late = late && (1+deviation(e.seed, "ingestion", m.start.Unix()))/2 < i.Probability
	}
	if !late {
		i = Ingestion{Delay: IngestionDelay}
	}
	if i.Partial > 0 {
		e.pending = append(e.pending, arrival{end.Add(IngestionDelay), m, part{0, i.Partial}})
	}
	e.pending = append(e.pending, arrival{end.Add(i.Delay), m, part{i.Partial, 1}})
}

// publish writes the data points that have come by t.
func (e *Engine) publish(t time.Time, c *cloudwatch.Service) {
	e.pending = slices.DeleteFunc(e.pending, func(a arrival) bool {
		if a.at.After(t) {
			return false
		}
		a.m.publish(c, a.part)
		return true
	})
}
