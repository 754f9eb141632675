package main

import (
	"context"
	"fmt"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// endsWithin is how long the Incident may take after its change ended, or without one, from its proposal.
const endsWithin = 25 * time.Minute

// ended narrates how the Incident ended, and what is left to do.
func (s *story) ended(ctx context.Context) error {
	want, said := s.course().end, ""
	if s.rem.Status.EndedAt != nil { // what the Incident waited for until now was narrated
		said = conditions.Reason(s.inc.Status.Conditions, v1alpha1.ConditionResolved)
	}
	err := s.await(ctx, "the end of the Incident with "+want, s.work(endsWithin), func(seen *sight) bool {
		resolved := condition(seen.inc.Status.Conditions, v1alpha1.ConditionResolved)
		if resolved.Reason != want && resolved.Reason != said {
			said = resolved.Reason
			s.say("waiting", "%s: %s", resolved.Reason, resolved.Message)
		}
		return resolved.Reason == want && seen.rem.Status.EndedAt != nil
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
	if succeeded.Reason != s.course().change || succeeded.Message == "" {
		return fmt.Errorf("the end of Remediation %s is %s, and not %s: %s", s.rem.Name, succeeded.Reason, s.course().change, succeeded.Message)
	}
	s.say("remediation", "%s: %s, %s", s.rem.Name, succeeded.Reason, succeeded.Message)
	return s.indebted()
}

// indebted narrates what a person has to bring into the template of the function's stack. The evidence says of which
// stack it is: where it is of one, a change that is in place is a debt, and one that is undone is none.
func (s *story) indebted() error {
	stack := ""
	for _, r := range s.inc.Status.Evidence {
		if r.FunctionName == s.rem.Spec.Target.FunctionName && r.Evidence != nil && r.Evidence.FunctionState != nil && r.Evidence.FunctionState.StackName != nil {
			stack = *r.Evidence.FunctionState.StackName
		}
	}
	debt := condition(s.rem.Status.Conditions, v1alpha1.ConditionDriftDebt)
	owes := stack != "" && s.rem.Status.AppliedAt != nil && !s.course().reverts
	switch {
	case owes && (debt.Reason == "" || debt.Message == ""):
		return fmt.Errorf("the function is of stack %s, and the Remediation does not say that its template differs now", stack)
	case !owes && debt.Reason != "":
		return fmt.Errorf("nothing differs from a template, and the Remediation says: %s", debt.Message)
	case owes:
		s.say("drift debt", "%s: %s", debt.Reason, debt.Message)
	}
	return nil
}
