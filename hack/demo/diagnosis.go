package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// investigated narrates each piece of evidence with its number.
func (s *story) investigated(ctx context.Context) error {
	err := s.await(ctx, "the investigation", s.work(5*time.Minute), func(seen *sight) bool {
		return conditions.IsTrue(seen.inc.Status.Conditions, v1alpha1.ConditionInvestigated)
	})
	if err != nil {
		return err
	}
	for _, result := range s.inc.Status.Evidence {
		s.say("evidence", "%s: %s", result.Step, seenBy(result))
	}
	return nil
}

// seenBy renders what a step saw.
func seenBy(r v1alpha1.StepResult) string {
	switch e := r.Evidence; {
	case r.Gap != nil:
		return fmt.Sprintf("no evidence (%s): %s", r.Gap.Reason, r.Gap.Message)
	case e == nil:
		return "nothing"
	case e.Metric != nil:
		m := e.Metric
		window := m.End.Sub(m.Start.Time).Minutes()
		return fmt.Sprintf("%s %s over %.0f min, and %s over the %.0f min before", m.Statistic, amount(m.Value), window, amount(m.Previous), window)
	case e.FunctionState != nil:
		f := e.FunctionState
		text := fmt.Sprintf("reserved concurrency %s, timeout %d s, %d MB, last update %s",
			count(f.ReservedConcurrency), f.TimeoutSeconds, f.MemoryMB, f.LastUpdateStatus)
		if f.Alias != nil && f.AliasVersion != nil {
			text += fmt.Sprintf(", alias %s at version %s", *f.Alias, *f.AliasVersion)
		}
		if f.StackName != nil {
			text += ", of stack " + *f.StackName
		}
		return text
	case e.AccountLimits != nil:
		l := e.AccountLimits
		return fmt.Sprintf("account concurrency %d, of which %d unreserved (at most %s in use in the last hour; Lambda keeps %d, %s)",
			l.ConcurrentExecutions, l.Unreserved, count(l.PeakUnreserved), l.UnreservedFloor, strings.ToLower(string(l.UnreservedFloorSource)))
	case e.TrafficPattern != nil:
		t := e.TrafficPattern
		kind := "too few data to tell its shape"
		if t.Kind != nil {
			kind = string(*t.Kind)
		}
		return fmt.Sprintf("%s, peak %s requests a second, average %s, over %d minutes", kind, amount(t.PeakPerSecond), amount(t.AveragePerSecond), t.Datapoints)
	}
	return "nothing"
}

// amount is a number with one decimal at most.
func amount(n *v1alpha1.Number) string {
	if n == nil {
		return "no data"
	}
	f, err := strconv.ParseFloat(string(*n), 64)
	if err != nil {
		return string(*n)
	}
	return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
}

func count(n *int32) string {
	if n == nil {
		return "none"
	}
	return fmt.Sprint(*n)
}

// diagnosed narrates the cause, why, and the rules that did not fire.
func (s *story) diagnosed(ctx context.Context) error {
	err := s.await(ctx, "the diagnosis", s.work(5*time.Minute), func(seen *sight) bool {
		return conditions.IsTrue(seen.inc.Status.Conditions, v1alpha1.ConditionDiagnosed)
	})
	if err != nil {
		return err
	}
	s.namedAt = s.at
	inc := s.inc
	for i, c := range inc.Status.Causes {
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
	s.say("operator", "needed %d ms on the wall from AWS call %d to the diagnosis", s.namedAt.Sub(s.shown.Wall).Milliseconds(), s.shown.Sequence)
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
