package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
)

// changed narrates the calls that changed something in AWS, from the ledger: exactly those of the plan.
func (s *story) changed(ctx context.Context) error {
	err := s.await(ctx, "the change", s.work(5*time.Minute), func(seen *sight) bool {
		return conditions.IsTrue(seen.rem.Status.Conditions, v1alpha1.ConditionApplied) || seen.rem.Status.EndedAt != nil
	})
	if err != nil {
		return err
	}
	for _, e := range s.changes() {
		result := "answered without an error"
		if e.Error != "" {
			result = "answered " + e.Error
		}
		s.say("change", "AWS call %d: %s on %s, %s", e.Sequence, e.Action(), e.Resource, result)
		if strings.Contains(e.Principal, string(s.rem.UID)) {
			s.say("signed", "by %s: the session is named after the UID of Remediation %s", e.Principal, s.rem.Name)
		} else {
			return fmt.Errorf("AWS call %d is by %s, which does not name Remediation %s", e.Sequence, e.Principal, s.rem.UID)
		}
	}
	if planned, made := len(s.rem.Status.Plan.Calls), len(s.changes()); made != planned {
		return fmt.Errorf("the plan has %d calls, and the ledger %d", planned, made)
	}
	for _, i := range s.rem.Status.Intents {
		s.say("read back", "%s: %s", i.Outcome, i.Message)
	}
	return nil
}

// changes are the operator's calls of operations that change something.
func (s *story) changes() []ledger.Entry { return s.operatorCalls(ledger.ByClass(ledger.Change)) }

// verified narrates every observation, until the Remediation ended.
func (s *story) verified(ctx context.Context) error {
	v := s.rem.Status.Plan.Verification
	bound := time.Duration(v.SettleSeconds+2*v.WindowSeconds)*time.Second + 5*time.Minute
	said := ""
	return s.await(ctx, "the end of the verification", s.work(bound), func(seen *sight) bool {
		c := condition(seen.rem.Status.Conditions, v1alpha1.ConditionVerified)
		if c.Reason != "" && c.Message != said {
			said = c.Message
			s.say("verifying", "%s: %s", c.Reason, c.Message)
		}
		return seen.rem.Status.EndedAt != nil
	})
}
