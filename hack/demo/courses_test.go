package main

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

func TestALongerTimeoutThatHelpsIsToldToItsEnd(t *testing.T) {
	t.Parallel()
	s := hear(t, 5, reactstocks.SlowDependency)
	g := NewWithT(t)
	g.Expect(s.texts("resolved")).To(ConsistOf(HavePrefix("Incident %s: %s, ", s.inc.Name, v1alpha1.ReasonRemediated)))
	g.Expect(s.texts("proved")).To(HaveLen(1))
	g.Expect(s.texts("measured")).To(ConsistOf(HaveSuffix("says Lambda: after the change")))
	g.Expect(s.texts("drift debt")).To(HaveLen(1))
	eachStepNeeds(t, s, ofAProof()[:3])
}

func TestTrafficThatFallsBeforeAnybodyApprovedIsToldToItsEnd(t *testing.T) {
	t.Parallel()
	s := hear(t, 5, reactstocks.RecoversByItself)
	g := NewWithT(t)
	g.Expect(s.texts("resolved")).To(ConsistOf(HavePrefix("Incident %s: %s, ", s.inc.Name, v1alpha1.ReasonRecoveredWithoutChange)))
	g.Expect(s.texts("remediation")).To(ConsistOf(ContainSubstring(": %s, ", v1alpha1.ReasonWithdrawn)))
	g.Expect(s.operatorCalls(ledger.ByClass(ledger.Change))).To(BeEmpty())
	g.Expect(numbers(g, s.texts("total")[1], `(\d+) change; AWS differs after (\d+)`)).To(Equal([]float64{0, 0}))
	eachStepNeeds(t, s, []lost{
		{"end", "of the Incident", inc(func(i *v1alpha1.Incident) { noCondition(v1alpha1.ConditionResolved)(&i.Status.Conditions) })},
		{"end", "of the Remediation", rem(func(r *v1alpha1.Remediation) { r.Status.EndedAt = nil })},
		{"end", "that nothing was changed", rem(func(r *v1alpha1.Remediation) { noCondition(v1alpha1.ConditionSucceeded)(&r.Status.Conditions) })},
	})
}

func TestTrafficThatStopsIsToldToItsEndAndNeverCalledResolved(t *testing.T) {
	t.Parallel()
	s := hear(t, 5, reactstocks.TrafficGone)
	g := NewWithT(t)
	g.Expect(s.texts("not resolved")).To(ConsistOf(HavePrefix("Incident %s: %s, ", s.inc.Name, v1alpha1.ReasonHeldForPerson)))
	g.Expect(s.texts("resolved")).To(BeEmpty())
	g.Expect(s.texts("proved")).To(BeEmpty())
	g.Expect(s.texts("verifying")).To(ContainElement(ContainSubstring("no traffic")))
	eachStepNeeds(t, s, []lost{
		{"verification", "all observations but one", looked(func(v *v1alpha1.VerificationStatus) { v.Observations = 1 })},
		{"verification", "the last one", rem(func(r *v1alpha1.Remediation) { r.Status.Verification = nil })},
	})
}
