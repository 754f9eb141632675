package diagnosis_test

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
)

func TestADigestChangesWithTheSpecAndWithNothingElse(t *testing.T) {
	g := NewWithT(t)
	base := diagnosis.Digest(spec("throttles.sum > 0.0 && true"))
	g.Expect(base).To(MatchRegexp("^sha256:[0-9a-f]{64}$"))
	g.Expect(diagnosis.Digest(spec("throttles.sum > 0.0 && true"))).To(Equal(base))
	// Worked out by hand: SHA-256 of the JSON with sorted keys, without spaces, without escaped "&".
	g.Expect(base).To(Equal("sha256:76840bde028d614dd3baced0d9496fde2993eee74c12987bbab50f32bdecb586"))

	digests := map[string]string{base: "the base"}
	for name, change := range map[string]func(*v1alpha1.RunbookSpec){
		"title":      func(s *v1alpha1.RunbookSpec) { s.Title = "Other" },
		"concern":    func(s *v1alpha1.RunbookSpec) { s.Concern = v1alpha1.ConcernCost },
		"trigger":    func(s *v1alpha1.RunbookSpec) { s.Triggers[0].Metric.Name = "Errors" },
		"initial":    func(s *v1alpha1.RunbookSpec) { s.Severity.Initial = "P2" },
		"raise":      func(s *v1alpha1.RunbookSpec) { s.Severity.Raise = []v1alpha1.SeverityRule{{To: "P1", When: "true"}} },
		"step":       func(s *v1alpha1.RunbookSpec) { s.Investigate[0].Metric.Window = "5m" },
		"order":      func(s *v1alpha1.RunbookSpec) { s.Investigate[0], s.Investigate[1] = s.Investigate[1], s.Investigate[0] },
		"when":       func(s *v1alpha1.RunbookSpec) { s.Diagnose[0].When = "throttles.sum > 0.0 &&  true" },
		"confidence": func(s *v1alpha1.RunbookSpec) { s.Diagnose[0].Confidence = v1alpha1.ConfidenceHigh },
		"because":    func(s *v1alpha1.RunbookSpec) { s.Diagnose[0].Because = "'x'" },
		"text":       func(s *v1alpha1.RunbookSpec) { s.Diagnose[0].Respond.Instruct.Text = "Do not look." },
		"a number":   func(s *v1alpha1.RunbookSpec) { *s = reserving(intstr.FromInt32(200)) },
		"a string":   func(s *v1alpha1.RunbookSpec) { *s = reserving(intstr.FromString("200")) },
	} {
		s := spec("throttles.sum > 0.0 && true")
		change(&s)
		d := diagnosis.Digest(s)
		g.Expect(digests).NotTo(HaveKey(d), name)
		digests[d] = name
	}
}
