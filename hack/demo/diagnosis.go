package main

import (
	"context"
	"strings"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// diagnosed narrates the cause, why, and the rules that did not fire.
func (s *story) diagnosed(ctx context.Context) error {
	named := func(inc *v1alpha1.Incident) bool {
		return conditions.IsTrue(inc.Status.Conditions, v1alpha1.ConditionDiagnosed)
	}
	err := s.await(ctx, "the diagnosis", s.work(5*time.Minute), func(seen *sight) bool { return named(seen.inc) })
	if err != nil {
		return err
	}
	s.explained = s.first(named)
	inc := s.inc
	if err := required(
		fact{len(inc.Status.Causes) > 0, "the Incident is diagnosed and names no cause"},
		fact{len(inc.Status.Rules) > len(inc.Status.Causes), "the Incident does not say which rules did not fire"},
		fact{inc.Status.Severity != "" && inc.Status.SeverityReason != "", "the Incident does not say how severe it is, and why"},
	); err != nil {
		return err
	}
	for i, c := range inc.Status.Causes {
		if err := required(fact{c.Because != "", "the Incident does not say why the cause is " + c.Name}); err != nil {
			return err
		}
		topic := "diagnosis"
		if i > 0 {
			topic = "also"
		}
		s.say(topic, "%s (confidence %s): %s", c.Name, c.Confidence, c.Because)
	}
	for _, r := range inc.Status.Rules {
		if r.Verdict != v1alpha1.VerdictFired {
			s.say("ruled out", "%s (%s): %s", r.Cause, r.Verdict, why(r))
		}
	}
	s.say("severity", "%s: %s", inc.Status.Severity, inc.Status.SeverityReason)
	s.say("operator", "worked %d ms on the wall from the Incident until its diagnosis could be seen",
		s.explained.wall.Sub(s.opened.wall).Milliseconds())
	return nil
}

// why says why a rule did not fire, with the values that it looked at.
func why(r v1alpha1.RuleResult) string {
	text := r.Message
	if len(r.Uses) > 0 {
		text += " [" + strings.Join(r.Uses, ", ") + "]"
	}
	return strings.TrimSpace(text)
}
