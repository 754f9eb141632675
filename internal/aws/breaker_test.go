package aws

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

func TestTheBreakerOpensAfterFailuresInARowAndTriesOneCallAfterAPause(t *testing.T) {
	g := NewWithT(t)
	b := newBreakers()
	here := place{account: "1", region: "us-east-1"}
	caller := NewCaller("a", func() {})
	fail := func(at time.Time) {
		g.Expect(b.enter(here, "lambda", nil, at)).To(Succeed())
		b.leave(here, "lambda", nil, outcomeUnavailable, late, at)
	}
	for range breakerFailures - 1 {
		fail(epoch)
	}
	g.Expect(b.enter(here, "lambda", nil, epoch)).To(Succeed())
	b.leave(here, "lambda", nil, outcomeDenied, late, epoch) // an answer of any kind is an answer
	for range breakerFailures {
		fail(epoch)
	}
	f := fault.From(b.enter(here, "lambda", caller, epoch.Add(10*time.Second)))
	g.Expect(f.Class).To(Equal(fault.Waiting))
	g.Expect(f.After).To(Equal(breakerPause - 10*time.Second))
	g.Expect(f.Refused).To(BeTrue())
	g.Expect(b.enter(here, "cloudwatch", nil, epoch)).To(Succeed(), "another service is not affected")
	g.Expect(b.enter(place{account: "2", region: "us-east-1"}, "lambda", nil, epoch)).To(Succeed(), "another account is not affected")

	later := epoch.Add(breakerPause)
	g.Expect(b.enter(here, "lambda", nil, later)).To(Succeed())
	g.Expect(b.enter(here, "lambda", nil, later)).NotTo(Succeed(), "one call is tried, not two")
	b.leave(here, "lambda", nil, outcomeCanceled, late, later)
	fail(later)
	g.Expect(b.enter(here, "lambda", nil, later.Add(time.Second))).NotTo(Succeed(), "the trial failed")
	later = later.Add(breakerPause)
	g.Expect(b.enter(here, "lambda", nil, later)).To(Succeed())
	b.leave(here, "lambda", nil, outcomeOK, late, later)
	for range 10 {
		g.Expect(b.enter(here, "lambda", nil, later)).To(Succeed())
	}
}

func TestEverybodyWhoHadNoAnswerIsToldWhenAServiceAnswersAgainAndOneComesBackToFindOut(t *testing.T) {
	g := NewWithT(t)
	b := newBreakers()
	here := place{account: "1", region: "us-east-1"}
	told := map[string]int{}
	callers := map[string]*Caller{}
	caller := func(name string) *Caller {
		callers[name] = NewCaller(name, func() { told[name]++ })
		return callers[name]
	}
	call := func(name string, o outcome, at time.Time) error {
		c := caller(name)
		err := b.enter(here, "lambda", c, at)
		if err == nil {
			b.leave(here, "lambda", c, o, late, at)
		}
		return err
	}
	g.Expect(call("blip", outcomeUnavailable, epoch)).To(Succeed())
	g.Expect(call("other", outcomeOK, epoch)).To(Succeed())
	g.Expect(told).To(BeEmpty(), "a failure among answers is tried again by its own backoff: nobody may make a loop of it")

	for range breakerFailures {
		g.Expect(call("sent", outcomeUnavailable, epoch)).To(Succeed())
	}
	g.Expect(callers["sent"].Expected()).To(Equal(breakerPause))
	refused := fault.From(call("refused", "", epoch.Add(time.Second)))
	g.Expect(refused.After).To(Equal(breakerPatience))
	g.Expect(callers["refused"].Expected()).To(BeZero(), "one is enough")

	later := epoch.Add(breakerPause)
	g.Expect(call("sent", outcomeUnavailable, later)).To(Succeed())
	g.Expect(callers["sent"].Expected()).To(Equal(breakerPause), "whose call failed comes back")
	g.Expect(told).To(BeEmpty())

	later = later.Add(breakerPause)
	stopped := caller("stopped")
	g.Expect(b.enter(here, "lambda", stopped, later)).To(Succeed())
	b.leave(here, "lambda", stopped, outcomeCanceled, late, later)
	g.Expect(call("next", outcomeOK, later)).To(Succeed())
	g.Expect(told).To(Equal(map[string]int{"sent": 1, "refused": 1}), "everybody is told, once")
	g.Expect(call("next", outcomeOK, later)).To(Succeed())
	g.Expect(told).To(HaveLen(2))
}

func TestCallsToAServiceThatDoesNotAnswerStopAndComeBack(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	registry := prometheus.NewRegistry()
	var err error
	w.clients.ledger, err = newLedger(registry)
	g.Expect(err).NotTo(HaveOccurred())
	s := w.session(t)
	outage := w.Faults().Add(faults.Rule{Action: "lambda:*", Effect: faults.InternalError()})
	for range breakerFailures + 3 {
		_, err := s.Lambda.Function(t.Context(), reactstocks.BackendFunction)
		g.Expect(fault.From(err).Reason).To(Equal("AWSUnavailable"))
	}
	g.Expect(w.Faults().Fired(outage)).To(Equal(breakerFailures))
	w.Faults().Remove(outage)
	w.clock.Step(breakerPause)
	_, err = s.Lambda.Function(t.Context(), reactstocks.BackendFunction)
	g.Expect(err).NotTo(HaveOccurred())

	counted := map[string]float64{}
	families, err := registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	for _, family := range families {
		if family.GetName() != "runbook_operator_aws_calls_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			g.Expect(labels).To(And(HaveKeyWithValue("account", reactstocks.AccountID), HaveKeyWithValue("region", reactstocks.Region)))
			counted[labels["service"]+":"+labels["operation"]+" "+labels["result"]] = m.GetCounter().GetValue()
		}
	}
	g.Expect(counted).To(Equal(map[string]float64{
		"sts:AssumeRole OK":              1,
		"sts:GetCallerIdentity OK":       1,
		"lambda:GetFunction Unavailable": breakerFailures,
		"lambda:GetFunction NotSent":     3,
		"lambda:GetFunction OK":          1,
	}))
}
