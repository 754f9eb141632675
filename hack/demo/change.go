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
	if s.rem.Status.AppliedAt == nil {
		return fmt.Errorf("the change was not made, and Remediation %s ended: %s", s.rem.Name, condition(s.rem.Status.Conditions, v1alpha1.ConditionSucceeded).Message)
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
	planned, made := len(s.rem.Status.Plan.Calls), len(s.changes())-from
	if made != planned {
		return fmt.Errorf("%s of each direction planned, and the ledger has %d", several(planned, "call"), made)
	}
	applied := 0
	for _, i := range s.rem.Status.Intents {
		if i.Inverse != inverse {
			continue
		}
		if i.Outcome == v1alpha1.OutcomeApplied {
			applied++
		}
		s.say("read back", "%s: %s", i.Outcome, i.Message)
	}
	if applied != planned {
		return fmt.Errorf("%s made, and %d read back as applied", several(planned, "call"), applied)
	}
	return nil
}

// changes are the operator's calls of operations that change something.
func (s *story) changes() []ledger.Entry { return s.operatorCalls(ledger.ByClass(ledger.Change)) }
