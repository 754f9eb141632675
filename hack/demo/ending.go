package main

import (
	"context"
	"fmt"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// endings is how the Incident of a scenario ends: the reason of its condition Resolved.
var endings = map[reactstocks.Scenario]string{
	reactstocks.Throttling:       v1alpha1.ReasonRemediated,
	reactstocks.SlowDependency:   v1alpha1.ReasonRemediated,
	reactstocks.WrongFix:         v1alpha1.ReasonHeldForPerson, // the change was undone, and the trouble is there
	reactstocks.RecoversByItself: v1alpha1.ReasonRecoveredWithoutChange,
	reactstocks.TrafficGone:      v1alpha1.ReasonHeldForPerson, // the alarm is OK, and nobody is served
}

// endsWithin is how long the Incident may take after its change ended, or without one, from its proposal.
const endsWithin = 25 * time.Minute

// ended narrates how the Incident ended, and what is left to do.
func (s *story) ended(ctx context.Context) error {
	want, said := endings[s.o.scenario], ""
	if s.rem.Status.EndedAt != nil { // what the Incident waited for until now was narrated
		said = conditions.Reason(s.inc.Status.Conditions, v1alpha1.ConditionResolved)
	}
	err := s.await(ctx, "the end of the Incident with "+want, s.work(endsWithin), func(seen *sight) bool {
		resolved := condition(seen.inc.Status.Conditions, v1alpha1.ConditionResolved)
		if resolved.Reason != want && resolved.Reason != said {
			said = resolved.Reason
			s.say("waiting", "%s: %s", resolved.Reason, resolved.Message)
		}
		return resolved.Reason == want
	})
	if err != nil {
		return err
	}
	resolved := condition(s.inc.Status.Conditions, v1alpha1.ConditionResolved)
	topic := "resolved"
	if !conditions.IsTrue(s.inc.Status.Conditions, v1alpha1.ConditionResolved) {
		topic = "not resolved"
	}
	s.say(topic, "Incident %s: %s, %s", s.inc.Name, resolved.Reason, resolved.Message)
	succeeded := condition(s.rem.Status.Conditions, v1alpha1.ConditionSucceeded)
	s.say("remediation", "%s: %s, %s", s.rem.Name, succeeded.Reason, succeeded.Message)
	if debt := condition(s.rem.Status.Conditions, v1alpha1.ConditionDriftDebt); debt.Reason != "" {
		s.say("drift debt", "%s: %s", debt.Reason, debt.Message)
	}
	return nil
}

// totals sums up, and fails where AWS was changed more or less than the plan and its undoing say.
func (s *story) totals(context.Context) error {
	signal := s.inc.Spec.Signal
	named := condition(s.inc.Status.Conditions, v1alpha1.ConditionDiagnosed)
	s.say("total", "diagnosis %.0f s after the alarm in the world; %d ms of it were the operator's work on the wall",
		named.LastTransitionTime.Sub(signal.TransitionedAt.Time).Seconds(), s.namedAt.Sub(s.shown.Wall).Milliseconds())
	calls, refused := map[ledger.Class]int{}, 0
	for _, e := range s.operatorCalls() {
		calls[e.Class]++
		if e.Error != "" {
			refused++
		}
	}
	effects := len(s.operatorCalls(ledger.Changed()))
	s.say("total", "AWS calls of the operator: %d read, %d bookkeeping, %d change; %d of all these were answered with an error; AWS differs after %d of them",
		calls[ledger.Read], calls[ledger.Bookkeeping], calls[ledger.Change], refused, effects)
	want := 0
	if s.rem.Status.AppliedAt != nil {
		want = len(s.rem.Status.Plan.Calls)
	}
	if r := s.rem.Status.Revert; r != nil && r.AppliedAt != nil {
		want *= 2
		undid := 0
		for _, i := range s.rem.Status.Intents {
			if i.Inverse && i.Outcome == v1alpha1.OutcomeApplied {
				undid++
			}
		}
		s.say("total", "changes of AWS: %d, of which %d undid what another had done", effects, undid)
	}
	if calls[ledger.Change] != want || effects != want {
		return fmt.Errorf("the operator made %d changing calls, of which %d changed something, and %d were to be made",
			calls[ledger.Change], effects, want)
	}
	return nil
}
