package aws

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/fault"
	simledger "github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

func TestMetricsAreReadInOneCallEachQueryOnce(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	s := w.session(t)
	invocations := MetricQuery{Namespace: "AWS/Lambda", Name: "Invocations", FunctionName: reactstocks.BackendFunction, Statistic: "Sum"}
	p95 := MetricQuery{Namespace: "AWS/Lambda", Name: "Duration", FunctionName: reactstocks.BackendFunction, Statistic: "p95"}
	pool := MetricQuery{Namespace: "AWS/Lambda", Name: "UnreservedConcurrentExecutions", Statistic: "Maximum"}
	none := MetricQuery{Namespace: "AWS/Lambda", Name: "Throttles", FunctionName: "no-such-function", Statistic: "Sum"}
	w.clock.Step(10 * time.Second)
	start, end := epoch.Add(-10*time.Minute), epoch
	answers, err := s.Metrics(t.Context(), []MetricQuery{invocations, p95, invocations, pool, none}, start, end)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(w.Ledger().Count(simledger.ByAction("cloudwatch:GetMetricData"))).To(Equal(1))
	for _, q := range []MetricQuery{invocations, p95, pool} {
		series := answers[q]
		g.Expect(series).To(HaveLen(10), q.Name)
		for i, d := range series {
			g.Expect(d.At).To(Equal(start.Add(time.Duration(i) * time.Minute)))
			g.Expect(d.Value).To(BeNumerically(">", 0))
		}
	}
	g.Expect(answers[none]).To(BeEmpty(), "no data are no zeros")
}

func TestManyMetricQueriesGoInCallsOfFiveHundred(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	s := w.session(t)
	var queries []MetricQuery
	for _, statistic := range []string{"Sum", "Maximum", "Minimum", "SampleCount", "Average"} {
		for i := range 101 {
			queries = append(queries, MetricQuery{Namespace: "AWS/Lambda", Name: "Invocations", FunctionName: string(rune('A'+i%26)) + string(rune('a'+i/26)), Statistic: statistic})
		}
	}
	_, err := s.Metrics(t.Context(), queries, epoch.Add(-time.Minute), epoch)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(w.Ledger().Count(simledger.ByAction("cloudwatch:GetMetricData"))).To(Equal(2))
}

func TestPartOfTheDataIsNoEvidence(t *testing.T) {
	g := NewWithT(t)
	q := MetricQuery{Name: "Errors"}
	byID := map[string]MetricQuery{"q0": q}
	answers := map[MetricQuery]Series{q: {{At: epoch.Add(time.Minute), Value: 2}, {At: epoch, Value: 1}}}
	f := fault.From(finished(map[string]bool{"q0": false}, byID, answers))
	g.Expect(f.Class).To(Equal(fault.Transient))
	g.Expect(finished(map[string]bool{"q0": true}, byID, answers)).To(Succeed())
	g.Expect(answers[q][0].Value).To(Equal(1.0), "sorted by time")
}
