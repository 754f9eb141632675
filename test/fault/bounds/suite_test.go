//go:build fault

package bounds

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/test/env"
)

var environment *env.Environment

func TestBounds(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Bounds")
}

var _ = BeforeSuite(func() { environment = env.Start(GinkgoTB()) })
