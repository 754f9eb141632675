package evidence

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
)

// answered makes the facts of a batch whose metrics were read.
func answered(read map[aws.MetricQuery]aws.Series) *facts {
	f := newFacts(Subject{Now: epoch.Add(20 * time.Second)})
	_, _ = f.series.get(func() (map[aws.MetricQuery]aws.Series, error) { return read, nil })
	return f
}

// minutely is one value for each minute from a number of minutes before the epoch until another.
func minutely(from, until int, value float64) (s aws.Series) {
	for i := from; i > until; i-- {
		s = append(s, aws.Datapoint{At: epoch.Add(-time.Duration(i) * time.Minute), Value: value})
	}
	return s
}

func trafficOf(t *testing.T, window string, invocations, throttles aws.Series) *v1alpha1.TrafficPatternEvidence {
	t.Helper()
	step := v1alpha1.Step{Name: "traffic", TrafficPattern: &v1alpha1.TrafficPatternStep{Window: window}}
	seen, err := trafficPatternStep{}.Collect(t.Context(), answered(map[aws.MetricQuery]aws.Series{
		lambdaSum(string(backend.Name), "Invocations"): invocations, lambdaSum(string(backend.Name), "Throttles"): throttles,
	}), Request{Step: step, Function: backend})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return seen.TrafficPattern
}

func TestAMinuteInWhichNobodyCalledCounts(t *testing.T) {
	g := NewWithT(t)
	woken := trafficOf(t, "1h", minutely(12, 0, 600), nil)
	g.Expect(*woken.Kind).To(Equal(v1alpha1.TrafficSpike), "it was idle for 48 minutes, and is not now")
	g.Expect(value(g, woken.AveragePerSecond)).To(Equal(2.0), "7200 requests in an hour")
	g.Expect(value(g, woken.PeakPerSecond)).To(Equal(10.0))
	g.Expect(woken.Datapoints).To(BeEquivalentTo(12), "minutes with data are told as such")

	asleep := trafficOf(t, "1h", minutely(60, 48, 600), nil)
	g.Expect(value(g, asleep.AveragePerSecond)).To(BeNumerically("~", 12*600/60.0/43, 1e-6),
		"invocations of the last 17 minutes may still go on, or their data be late")
	g.Expect(*asleep.Kind).To(Equal(v1alpha1.TrafficFalling))

	for _, newest := range []int{1, 2, 15} {
		late := trafficOf(t, "1h", minutely(60, newest, 600), nil)
		g.Expect(*late.Kind).To(Equal(v1alpha1.TrafficSteady), "what is late is no fall")
		g.Expect(value(g, late.AveragePerSecond)).To(Equal(10.0))
	}
	gap := trafficOf(t, "1h", append(minutely(60, 8, 600), minutely(4, 0, 600)...), nil)
	g.Expect(value(g, gap.AveragePerSecond)).To(BeNumerically("~", 56*10/60.0, 1e-6), "what came after is there: nobody called for four minutes")
	hole := trafficOf(t, "1h", append(minutely(60, 2, 600), minutely(1, 0, 600)...), nil)
	g.Expect(value(g, hole.AveragePerSecond)).To(Equal(10.0), "the last minute but one may be late though the last is there")

	nothing := trafficOf(t, "1h", nil, nil)
	g.Expect(nothing.Kind).To(BeNil(), "no data at all are no requests that were counted")
	g.Expect(nothing.AveragePerSecond).To(BeNil())
}

func TestTrafficIsWhatWasOfferedPerSecond(t *testing.T) {
	g := NewWithT(t)
	seen := trafficOf(t, "30m", minutely(90, 0, 240), append(minutely(90, 10, 60), minutely(10, 0, 180)...))
	g.Expect(value(g, seen.PeakPerSecond)).To(Equal(7.0), "240 served and 180 throttled a minute")
	g.Expect(value(g, seen.AveragePerSecond)).To(BeNumerically("~", (20*300+10*420)/1800.0, 1e-6), "of the window, and not before")
	g.Expect(seen.Datapoints).To(BeEquivalentTo(30))
}
