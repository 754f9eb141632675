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
	return s.narrateCalls("change", 0, false)
}

// narrateCalls narrates the changing calls from one on: from the ledger, and what was read back of them. They are exactly
// those of the plan, or their inverse.
func (s *story) narrateCalls(topic string, from int, inverse bool) error {
	for _, e := range s.changes()[min(from, len(s.changes())):] {
		result := "answered without an error"
		if e.Error != "" {
			result = "answered " + e.Error
		}
		s.say(topic, "AWS call %d: %s on %s, %s", e.Sequence, e.Action(), e.Resource, result)
		if strings.Contains(e.Principal, string(s.rem.UID)) {
			s.say("signed", "by %s: the session is named after the UID of Remediation %s", e.Principal, s.rem.Name)
		} else {
			return fmt.Errorf("AWS call %d is by %s, which does not name Remediation %s", e.Sequence, e.Principal, s.rem.UID)
		}
	}
	if planned, made := len(s.rem.Status.Plan.Calls), len(s.changes())-from; made != planned {
		return fmt.Errorf("the plan has %d calls of each direction, and the ledger %d", planned, made)
	}
	for _, i := range s.rem.Status.Intents {
		if i.Inverse != inverse {
			continue
		}
		s.say("read back", "%s: %s", i.Outcome, i.Message)
	}
	return nil
}

// changes are the operator's calls of operations that change something.
func (s *story) changes() []ledger.Entry { return s.operatorCalls(ledger.ByClass(ledger.Change)) }

// verified narrates every observation, until the Remediation ended or its change is undone.
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
		return seen.rem.Status.EndedAt != nil || seen.rem.Status.Revert != nil
	})
}
