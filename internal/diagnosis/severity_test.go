package diagnosis_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

func TestSeverityIsRaisedAndNeverLowered(t *testing.T) {
	many := v1alpha1.SeverityRule{To: "P2", When: "throttles.sum > 1000.0"}
	all := v1alpha1.SeverityRule{To: "P1", When: "traffic.peakPerSecond > 800.0"}
	for name, c := range map[string]struct {
		initial  v1alpha1.Severity
		raise    []v1alpha1.SeverityRule
		seen     seen
		severity v1alpha1.Severity
		reason   string
	}{
		"no rules": {"P4", nil, throttled(), "P4", "P4 is where the runbook starts"},
		"unset":    {"", nil, throttled(), "P3", "P3 is where the runbook starts"},
		"raised":   {"P3", []v1alpha1.SeverityRule{many}, throttled(), "P2", "raised from P3 to P2: throttles.sum > 1000.0 (throttles.sum=1842)"},
		"the highest wins, in any order": {"P3", []v1alpha1.SeverityRule{all, many}, throttled(), "P1",
			"raised from P3 to P1: traffic.peakPerSecond > 800.0 (traffic.peakPerSecond=812.5)"},
		"not lowered": {"P1", []v1alpha1.SeverityRule{many}, throttled(), "P1", "P1 is where the runbook starts"},
		"a gap keeps it and is named": {"P3", []v1alpha1.SeverityRule{many, all}, throttled().without("traffic", "late"), "P2",
			`raised from P3 to P2: throttles.sum > 1000.0 (throttles.sum=1842); the rule for P1 was not asked: it needs "traffic", which is missing: late`},
		"a gap of a rule that would not raise further": {"P3", []v1alpha1.SeverityRule{all, many}, throttled().without("throttles", "late"), "P1",
			"raised from P3 to P1: traffic.peakPerSecond > 800.0 (traffic.peakPerSecond=812.5)"},
		"a failure is named": {"P3", []v1alpha1.SeverityRule{{To: "P1", When: "limits.unreserved / (fn.timeoutSeconds - 30) > 1"}}, throttled(), "P3",
			"P3 is where the runbook starts; the rule for P1 could not be evaluated: division by zero"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := spec("false")
			s.Severity = v1alpha1.SeverityRules{Initial: c.initial, Raise: c.raise}
			result := compile(t, s).Diagnose(c.seen.input())
			g.Expect(result.Severity).To(Equal(c.severity))
			g.Expect(result.SeverityReason).To(Equal(c.reason))
		})
	}
}
