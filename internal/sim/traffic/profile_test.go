package traffic

import (
	"math"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestProfilesFollowTheirPoints(t *testing.T) {
	for name, c := range map[string]struct {
		profile Profile
		want    map[time.Duration]float64
	}{
		"steady": {Steady(5), map[time.Duration]float64{0: 5, time.Hour: 5}},
		"ramp":   {Ramp(10, 30, time.Minute, 2*time.Minute), map[time.Duration]float64{0: 10, time.Minute: 10, 2 * time.Minute: 20, time.Hour: 30}},
		"spike": {Spike(1, 9, time.Minute, time.Minute, time.Minute), map[time.Duration]float64{
			0: 1, 90 * time.Second: 5, 150 * time.Second: 9, 210 * time.Second: 5, time.Hour: 1,
		}},
		"none":  {Profile{}, map[time.Duration]float64{0: 0}},
		"daily": {Steady(10).WithDaily(0.5), map[time.Duration]float64{0: 10, 6 * time.Hour: 15, 18 * time.Hour: 5}},
	} {
		for after, want := range c.want {
			NewWithT(t).Expect(c.profile.at(noon.Add(after), noon, 1, "f")).To(BeNumerically("~", want, 1e-9), "%s after %s", name, after)
		}
	}
}

func TestNoiseStaysInItsBoundsAndAveragesOut(t *testing.T) {
	g := NewWithT(t)
	p := Steady(100).WithNoise(0.1)
	sum, low, high := 0.0, math.Inf(1), math.Inf(-1)
	const n = 10000
	for i := range n {
		v := p.at(noon.Add(time.Duration(i)*time.Second), noon, 1, "f")
		sum, low, high = sum+v, min(low, v), max(high, v)
	}
	g.Expect(sum / n).To(BeNumerically("~", 100, 0.5))
	g.Expect(low).To(BeNumerically("~", 90, 0.1))
	g.Expect(high).To(BeNumerically("~", 110, 0.1))
	g.Expect(p.at(noon, noon, 1, "f")).NotTo(Equal(p.at(noon, noon, 2, "f")))
	g.Expect(p.at(noon, noon, 1, "f")).NotTo(Equal(p.at(noon, noon, 1, "g")))
}

func TestDurationClassesAreALogNormalDistributionWithTheGivenMean(t *testing.T) {
	for _, sigma := range []float64{0, 0.3, 1} {
		weight, mean := 0.0, 0.0
		var p50, p95 float64
		for _, c := range classes(sigma) {
			if weight < 0.5 {
				p50 = c.factor
			}
			if weight < 0.95 {
				p95 = c.factor
			}
			weight += c.weight
			mean += c.weight * c.factor
		}
		g := NewWithT(t)
		g.Expect(weight).To(BeNumerically("~", 1, 1e-9))
		g.Expect(mean).To(BeNumerically("~", 1, 1e-9))
		g.Expect(p50).To(BeNumerically("~", math.Exp(-sigma*sigma/2), 0.08*math.Exp(-sigma*sigma/2)))
		g.Expect(p95).To(BeNumerically("~", math.Exp(1.645*sigma-sigma*sigma/2), 0.05*math.Exp(1.645*sigma-sigma*sigma/2)))
	}
}

func TestMoreMemoryShortensOnlyTheShareThatNeedsTheCPU(t *testing.T) {
	w := Workload{CPUShare: 0.5, MemoryReference: 512}
	g := NewWithT(t)
	g.Expect(w.mean(2, lambda.Target{MemorySize: 512})).To(Equal(2.0))
	g.Expect(w.mean(2, lambda.Target{MemorySize: 1024})).To(Equal(1.5))
	g.Expect(Workload{}.mean(2, lambda.Target{MemorySize: 1024})).To(Equal(2.0))
}
