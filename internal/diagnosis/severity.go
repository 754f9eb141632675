package diagnosis

import (
	"fmt"
	"strings"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// severityRules is the compiled spec.severity.
type severityRules struct {
	initial v1alpha1.Severity
	raise   []raiseRule
}

type raiseRule struct {
	to   v1alpha1.Severity
	when *expression
}

// decide returns the initial severity, or the highest that a rule raises it to, and why. A machine raises only: a
// rule that could not be asked keeps the severity and is named.
func (s severityRules) decide(f facts) (v1alpha1.Severity, string) {
	severity := s.initial
	reason := fmt.Sprintf("%s is where the runbook starts", s.initial)
	for _, r := range s.raise {
		a := r.when.evaluate(f)
		if a.state == stateKnown && a.value == true && r.to < severity { // P1 is the most severe
			severity = r.to
			reason = fmt.Sprintf("raised from %s to %s: %s (%s)", s.initial, r.to, r.when.source, strings.Join(r.when.uses(f), ", "))
		}
	}
	reasons := []string{reason}
	for _, r := range s.raise {
		if r.to >= severity {
			continue
		}
		switch a := r.when.evaluate(f); a.state {
		case stateGap:
			reasons = append(reasons, fmt.Sprintf("the rule for %s was not asked: it %s", r.to, a.message))
		case stateFailed:
			reasons = append(reasons, fmt.Sprintf("the rule for %s %s", r.to, a.message))
		}
	}
	return severity, bounded(printable(joined(reasons)), maxSeverityReason)
}
