package main

import (
	"context"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// proposed narrates the plan: what would be changed and what that means. Nothing is changed yet.
func (s *story) proposed(ctx context.Context) error {
	err := s.await(ctx, "a planned change", s.work(5*time.Minute), func(seen *sight) bool {
		return seen.rem != nil && seen.rem.Status.Plan != nil &&
			conditions.Reason(seen.rem.Status.Conditions, v1alpha1.ConditionApproved) != ""
	})
	if err != nil {
		return err
	}
	rem, plan := s.rem, s.rem.Status.Plan
	s.say("proposal", "Remediation %s, plan %d (%.15s): %s", rem.Name, plan.Number, plan.Digest, plan.Summary)
	for _, c := range plan.Calls {
		s.say("call", "%s on %s", c.Call.Operation, c.Call.ResourceARN)
		for _, f := range c.Before {
			s.say("-", "%s", written(f))
		}
		for _, f := range c.Call.Writes {
			s.say("+", "%s", written(f))
		}
		for _, f := range c.Inverse.Writes {
			s.say("undone by", "%s, %s", c.Inverse.Operation, written(f))
		}
	}
	s.say("planned", "%s", condition(rem.Status.Conditions, v1alpha1.ConditionPlanned).Message)
	s.say("cost", "%s", plan.Cost)
	if r := plan.BlastRadius; r != nil {
		s.say("touches", "%s requests a minute; %s", amount(r.RequestsPerMinute), r.Message)
	}
	for _, w := range plan.Warnings {
		s.say("warning", "%s", w)
	}
	v := plan.Verification
	s.say("proof", "alarms %q OK and users served, once in %d s, for %d s from %d s after the change; otherwise: %s",
		v.Alarms, v.PeriodSeconds, v.WindowSeconds, v.SettleSeconds, plan.OnFailure)
	return nil
}

func written(f v1alpha1.Field) string {
	if f.Value == nil {
		return f.Name + " not set"
	}
	return f.Name + ": " + *f.Value
}
