package incident

import (
	"context"
	"fmt"
	"slices"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
)

const (
	// maxRules and maxCauses are the bounds of their status fields.
	maxRules  = 256
	maxCauses = 32
)

// diagnose asks every rule of every Runbook about every affected function. It reads nothing but the Incident, so
// that the same evidence always gives the same causes.
func (r *Reconciler) diagnose(_ context.Context, s *scope) (bool, error) {
	st := &s.inc.Status
	st.Rules, st.Causes = nil, nil
	for i, p := range st.Runbooks {
		program, problems := diagnosis.Compile(s.specs[i])
		if len(problems) > 0 {
			return false, fmt.Errorf("compiling the Incident's copy of Runbook %s: %s", p.Name, problems[0])
		}
		for _, f := range s.functions {
			result := program.Diagnose(diagnosis.Input{Runbook: p.Name, Function: f.Name, Evidence: s.seen(p.Name, f.Name)})
			st.Rules = append(st.Rules, result.Rules...)
			st.Causes = append(st.Causes, result.Causes...)
			s.raise(result.Severity, result.SeverityReason)
		}
	}
	st.Rules = fit(st.Rules[:min(len(st.Rules), maxRules)], maxRulesBytes)
	st.Causes = diagnosis.Rank(st.Causes)
	st.Causes = fit(st.Causes[:min(len(st.Causes), maxCauses)], maxCausesBytes)
	if len(st.Causes) == 0 {
		s.diagnosed(false, v1alpha1.ReasonUndiagnosed, fmt.Sprintf("no rule fired, of %d that were asked: kubectl get incident %s -n %s -o yaml shows each with what it used, under status.rules", len(st.Rules), s.inc.Name, s.inc.Namespace))
		if s.firing() {
			s.wake(recheck)
		}
		return true, nil
	}
	s.top = &st.Causes[0]
	if at := slices.IndexFunc(st.Causes, func(c v1alpha1.Cause) bool { return !s.quiet(c.FunctionName) }); at > 0 {
		s.top = &st.Causes[at] // the first-ranked of the functions that are in trouble now
	}
	message := s.top.Because
	if n := len(st.Causes) - 1; n > 0 {
		message += fmt.Sprintf(" (%d other possible: see status.causes)", n)
	}
	s.diagnosed(true, s.top.Name, message)
	return true, nil
}

func (s *scope) seen(runbook string, function v1alpha1.FunctionName) []v1alpha1.StepResult {
	var out []v1alpha1.StepResult
	for _, result := range s.inc.Status.Evidence {
		if result.Runbook == runbook && result.FunctionName == function {
			out = append(out, result)
		}
	}
	return out
}

// raise sets the severity, if it is more severe than before: a machine raises, a person lowers.
func (s *scope) raise(to v1alpha1.Severity, reason string) {
	st := &s.inc.Status
	if st.Severity == "" || to != "" && to < st.Severity { // "P1" < "P2"
		st.Severity, st.SeverityReason = to, clip(reason, 512)
	}
}
