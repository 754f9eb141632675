package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// offeredOver is what requestsPerMinute of a blast radius is the mean over, says its definition in api/v1alpha1.
const offeredOver = 15 * time.Minute

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
	if err := complete(*plan); err != nil {
		return err
	}
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
	touched, err := strconv.ParseFloat(string(*plan.BlastRadius.RequestsPerMinute), 64)
	if err != nil {
		return fmt.Errorf("reading how many requests the change touches: %w", err)
	}
	s.say("touches", "%.0f requests a minute, on average over the %.0f min before the plan; %s", touched, offeredOver.Minutes(), plan.BlastRadius.Message)
	for _, w := range plan.Warnings {
		s.say("warning", "%s", w)
	}
	v := plan.Verification
	s.say("proof", "alarms %q OK and users served, once in %d s, for %d s from %d s after the change; otherwise: %s",
		v.Alarms, v.PeriodSeconds, v.WindowSeconds, v.SettleSeconds, plan.OnFailure)
	return nil
}

// complete says what a person misses who has to decide about a plan.
func complete(plan v1alpha1.Plan) error {
	v := plan.Verification
	facts := []fact{
		{plan.Digest != "" && plan.Summary != "", "the plan has no digest or no summary"},
		{len(plan.Calls) > 0, "the plan has no calls"},
		{plan.Cost != "", "the plan does not say what the change costs"},
		{plan.BlastRadius != nil && plan.BlastRadius.RequestsPerMinute != nil && plan.BlastRadius.Message != "", "the plan does not say what else the change touches"},
		{len(v.Alarms) > 0 && v.WindowSeconds > 0 && v.PeriodSeconds > 0 && v.FailureLimit > 0, "the plan does not say how the change is proved to help"},
		{plan.OnFailure != "", "the plan does not say what happens where the change does not help"},
	}
	for _, c := range plan.Calls {
		facts = append(facts,
			fact{len(c.Before) > 0, "the plan does not say what is there before the change"},
			fact{len(c.Call.Writes) > 0, "the plan does not say what the change writes"},
			fact{len(c.Inverse.Writes) > 0, "the plan does not say what undoes the change"})
	}
	return required(facts...)
}

func written(f v1alpha1.Field) string {
	if f.Value == nil {
		return f.Name + " not set"
	}
	return f.Name + ": " + *f.Value
}
