package main

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/operator"
)

func TestWhatIsNoFlagIsNotIgnored(t *testing.T) {
	err := run(operator.Options{}, []string{"namespace=production", "--cluster-name=blue"})
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring(`"namespace=production" is no flag`)))
}
