package remediation

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

func TestAnExpiryThatCannotBeReadIsNeverTakenForNever(t *testing.T) {
	g := NewWithT(t)
	for text, want := range map[string]int32{"": 0, "1m": 60, "90m": 5400, "24h": 86400} {
		g.Expect(expiresAfter(v1alpha1.RemediationSpec{ExpiresAfter: text})).To(Equal(want), text)
	}
	for _, text := range []string{"1d", "soon", "0m", "-5m", "1s", "25h", " 30m"} {
		_, err := expiresAfter(v1alpha1.RemediationSpec{ExpiresAfter: text})
		g.Expect(fault.From(err).Reason).To(Equal(v1alpha1.ReasonInvalidExpiry), text)
		g.Expect(fault.From(err).Class).To(Equal(fault.Terminal), "the spec never changes")
	}
}
