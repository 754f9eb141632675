package incident

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/evidence"
)

// steps makes one result a letter, read at a minute: s seen, u AWS did not answer, h held back, d denied.
func steps(letters string, minute int) []v1alpha1.StepResult {
	var out []v1alpha1.StepResult
	for i, letter := range letters {
		result := v1alpha1.StepResult{Runbook: "r", Step: string(rune('a' + i)), FunctionName: "f", At: at(minute)}
		if reason := map[rune]string{'u': v1alpha1.ReasonAWSUnavailable, 'h': evidence.GapHeld, 'd': v1alpha1.ReasonAccessDenied}[letter]; reason != "" {
			result.Gap = &v1alpha1.Gap{Reason: reason}
		}
		out = append(out, result)
	}
	return out
}

func TestWhatWasSeenStaysInPlaceOfWhatIsNotSeenNow(t *testing.T) {
	for name, c := range map[string]struct {
		before, now string
		want        string // o is what was seen before
	}{
		"everything is seen again":                          {"sss", "sss", "sss"},
		"AWS does not answer":                               {"sss", "uuu", "ooo"},
		"one step is held back":                             {"sss", "ssh", "sso"},
		"one that was missing is seen, and another is not":  {"ssu", "hss", "oss"},
		"nothing was seen before":                           {"uuu", "uuu", "uuu"},
		"what was seen is denied now, and will not be soon": {"sss", "ssd", "ssd"},
		"a Runbook joined meanwhile":                        {"s", "uss", "oss"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			now, want, kept := steps(c.now, 10), steps(c.want, 10), false
			for i, letter := range c.want {
				if letter == 'o' {
					want[i], kept = steps(c.before, 5)[i], true
				}
			}
			g.Expect(keepSeen(now, steps(c.before, 5))).To(Equal(kept))
			g.Expect(now).To(Equal(want))
		})
	}
}

func TestEvidenceIsAsOldAsItsOldestPart(t *testing.T) {
	g := NewWithT(t)
	g.Expect(readAt(append(steps("s", 5), steps("s", 10)...))).To(Equal(at(5).Time))
	g.Expect(readAt(append(steps("u", 5), steps("s", 10)...))).To(Equal(at(10).Time), "a gap that did not change keeps its time")
	g.Expect(readAt(append(steps("u", 5), steps("u", 10)...))).To(Equal(at(10).Time))
	g.Expect(readAt(nil)).To(BeZero())
}
