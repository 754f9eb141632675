package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// reverted narrates how a change that did not help was undone: the call from the ledger, what was read back, and every
// observation until the revert was proved.
func (s *story) reverted(ctx context.Context) error {
	if s.rem.Status.Revert == nil {
		return errors.New("the change did not help and is not undone")
	}
	s.say("reverting", "%s: %s", s.rem.Status.Revert.Reason, condition(s.rem.Status.Conditions, v1alpha1.ConditionReverted).Message)
	err := s.await(ctx, "the inverse call", s.work(5*time.Minute), func(seen *sight) bool {
		return seen.rem.Status.Revert.AppliedAt != nil || seen.rem.Status.EndedAt != nil
	})
	if err != nil {
		return err
	}
	if err := s.narrateCalls("inverse", len(s.rem.Status.Plan.Calls), true); err != nil {
		return err
	}
	plan := s.rem.Status.Plan.Verification // a revert is watched no longer than a change
	bound := time.Duration(2*plan.SettleSeconds+2*plan.WindowSeconds)*time.Second + 5*time.Minute
	said := ""
	err = s.await(ctx, "the proof of the revert", s.work(bound), func(seen *sight) bool {
		c := condition(seen.rem.Status.Conditions, v1alpha1.ConditionReverted)
		if seen.rem.Status.EndedAt == nil && c.Message != said {
			said = c.Message
			s.say("watching", "%s: %s", c.Reason, c.Message)
		}
		return seen.rem.Status.EndedAt != nil
	})
	if err != nil {
		return err
	}
	c := condition(s.rem.Status.Conditions, v1alpha1.ConditionReverted)
	looks := s.looks(func(st v1alpha1.RemediationStatus) *v1alpha1.VerificationStatus {
		if st.Revert == nil {
			return nil
		}
		return st.Revert.Verification
	})
	if c.Reason != v1alpha1.ReasonReverted || !conditions.IsTrue(s.rem.Status.Conditions, v1alpha1.ConditionReverted) {
		return behind(s.o.factor, plan, looks, fmt.Errorf("the revert was not proved: %s, %s", c.Reason, c.Message))
	}
	if len(looks) == 0 {
		return errors.New("the revert is said to be proved, and no observation of it could be seen")
	}
	s.say("reverted", "%s", c.Message)
	// The end of its time is two windows after the first observation.
	v := looks[len(looks)-1]
	return s.proved(plan, int32(v.Deadline.Sub(v.NotBefore.Time).Seconds()/2), looks)
}
