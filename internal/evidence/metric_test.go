package evidence

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

func series(values ...float64) (s aws.Series) {
	for i, v := range values {
		s = append(s, aws.Datapoint{At: epoch.Add(time.Duration(i) * time.Minute), Value: v})
	}
	return s
}

func TestMinutesAreCombinedByTheirStatistic(t *testing.T) {
	values, samples := series(10, 40, 20), series(1, 3, 0)
	for statistic, want := range map[string]float64{
		"Sum": 70, "SampleCount": 70, "Maximum": 40, "Minimum": 10, "p99": 40, "p50": 40,
		"Average": (10*1 + 40*3 + 20*0) / 4.0,
	} {
		g := NewWithT(t)
		got, ok := combine(statistic, values, samples)
		g.Expect(ok).To(BeTrue(), statistic)
		g.Expect(got).To(Equal(want), statistic)
		_, ok = combine(statistic, nil, nil)
		g.Expect(ok).To(BeFalse(), "no data are no value")
	}
	g := NewWithT(t)
	_, ok := combine("Average", values, nil)
	g.Expect(ok).To(BeFalse(), "an average of no samples is no value")
	_, ok = combine("Median", values, nil)
	g.Expect(ok).To(BeFalse())
}

func TestAMetricIsReadForItsWindowAndTheOneBefore(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Throttling, sim.Options{})
	w.clock.Step(8*time.Minute + 20*time.Second)
	ask := func(name, statistic, window string) *v1alpha1.MetricEvidence {
		r := w.collect(t, requests([]v1alpha1.Step{{Name: "m", Metric: &v1alpha1.MetricStep{
			Namespace: "AWS/Lambda", Name: name, Statistic: statistic, Window: window,
		}}}, backend))
		g.Expect(r[0].Gap).To(BeNil())
		return r[0].Evidence.Metric
	}
	for _, statistic := range []string{"Sum", "Average", "Minimum", "Maximum", "SampleCount", "p50", "p90", "p95", "p99"} {
		m := ask("Duration", statistic, "4m")
		g.Expect(m.Statistic).To(Equal(statistic))
		g.Expect(m.Datapoints).To(BeEquivalentTo(4))
		g.Expect(value(g, m.Value)).To(BeNumerically(">", 0))
		g.Expect(value(g, m.Previous)).To(BeNumerically(">", 0))
	}
	now, long := ask("Invocations", "Sum", "4m"), ask("Invocations", "Sum", "8m")
	g.Expect(value(g, now.Value) + value(g, now.Previous)).To(Equal(value(g, long.Value)))
	g.Expect(value(g, now.Value)).To(BeNumerically(">", value(g, now.Previous)), "traffic grew")
	average, lowest, highest := value(g, ask("Duration", "Average", "4m").Value), value(g, ask("Duration", "Minimum", "4m").Value), value(g, ask("Duration", "Maximum", "4m").Value)
	g.Expect(average).To(And(BeNumerically(">", lowest), BeNumerically("<", highest)))
}

func TestTrafficIsReadByTheMinute(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Throttling, sim.Options{})
	w.clock.Step(8*time.Minute + 20*time.Second)
	minutes, err := Traffic(t.Context(), w.session, reactstocks.BackendFunction, w.clock.Now().Add(-6*time.Minute), w.clock.Now())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(minutes).To(HaveLen(6))
	for i, m := range minutes {
		g.Expect(m.At).To(Equal(epoch.Add(time.Duration(2+i) * time.Minute)))
		g.Expect(*m.Invocations).To(BeNumerically(">", 0))
	}
	g.Expect(*minutes[5].Throttles).To(BeNumerically(">", 0))

	idle, err := Traffic(t.Context(), w.session, "idle", epoch, epoch.Add(2*time.Minute))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(idle).To(HaveLen(2))
	g.Expect(idle[0].Invocations).To(BeNil(), "no data are not 0")

	none, err := Traffic(t.Context(), w.session, "idle", epoch, epoch.Add(time.Second))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(none).To(BeEmpty())
}

func TestTrafficHasAShape(t *testing.T) {
	flat := func(n int, v float64) []float64 {
		s := make([]float64, n)
		for i := range s {
			s[i] = v
		}
		return s
	}
	ramp := func(n int, from, to float64) []float64 {
		s := make([]float64, n)
		for i := range s {
			s[i] = from + (to-from)*float64(i)/float64(n-1)
		}
		return s
	}
	for _, c := range []struct {
		name    string
		minutes []float64
		want    v1alpha1.TrafficKind
	}{
		{"flat", flat(60, 100), v1alpha1.TrafficSteady},
		{"within half and one and a half", append(flat(30, 80), flat(30, 120)...), v1alpha1.TrafficSteady},
		{"slow rise", ramp(60, 100, 1000), v1alpha1.TrafficGrowth},
		{"a rise that has just begun", append(flat(18, 9000), 11000, 14000, 17500), v1alpha1.TrafficGrowth},
		{"slow fall", ramp(60, 1000, 100), v1alpha1.TrafficFalling},
		{"jump that stays", append(flat(50, 100), flat(10, 400)...), v1alpha1.TrafficSpike},
		{"jump over three minutes", append(append(flat(50, 3000), 5000, 8000, 12000), flat(7, 12000)...), v1alpha1.TrafficSpike},
		{"one minute", append(append(flat(30, 100), 900), flat(29, 100)...), v1alpha1.TrafficSpike},
		{"few requests by chance", []float64{1, 0, 3, 1, 0, 2, 4, 0, 1, 2, 3, 1, 0, 2, 1}, v1alpha1.TrafficSteady},
		{"few requests that seem to grow", append(flat(10, 0.5), append(flat(4, 3), flat(10, 1.5)...)...), v1alpha1.TrafficSteady},
		{"none at all", flat(20, 0), v1alpha1.TrafficSteady},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := NewWithT(t)
			got, ok := pattern(c.minutes)
			g.Expect(ok).To(BeTrue())
			g.Expect(got).To(Equal(c.want))
		})
	}
	_, ok := pattern(flat(patternMinutes-1, 100))
	NewWithT(t).Expect(ok).To(BeFalse(), "too few minutes to tell")
	_, ok = pattern([]float64{400, 1600, 400, 1600, 400, 1600, 400, 1600, 400, 1600, 400, 1600})
	NewWithT(t).Expect(ok).To(BeFalse(), "neither steady nor any other shape")
}
