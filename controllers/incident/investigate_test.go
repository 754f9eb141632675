package incident

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/evidence"
)

func TestWhatWasSeenStaysOnlyWhereNoMoreIsSeenInItsPlace(t *testing.T) {
	// One letter a step: s seen, u AWS did not answer, h held back, d denied.
	results := func(steps string) []v1alpha1.StepResult {
		var out []v1alpha1.StepResult
		for i, step := range steps {
			result := v1alpha1.StepResult{Runbook: "r", Step: string(rune('a' + i)), FunctionName: "f"}
			if reason := map[rune]string{'u': v1alpha1.ReasonAWSUnavailable, 'h': evidence.GapHeld, 'd': v1alpha1.ReasonAccessDenied}[step]; reason != "" {
				result.Gap = &v1alpha1.Gap{Reason: reason}
			}
			out = append(out, result)
		}
		return out
	}
	for name, c := range map[string]struct {
		before, now string
		stays       bool
	}{
		"everything is seen again":                          {"sss", "sss", false},
		"AWS does not answer":                               {"sss", "uuu", true},
		"one step is held back":                             {"sss", "ssh", true},
		"one that was missing is seen, and another is not":  {"ssu", "hss", true},
		"most were missing, and one is held back":           {"suu", "hss", false},
		"nothing was seen before":                           {"uuu", "uuu", false},
		"what was seen is denied now, and will not be soon": {"sss", "ssd", false},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(gapsInstead(results(c.before), results(c.now))).To(Equal(c.stays))
		})
	}
}
