//go:build fault

package contract

import (
	"testing"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/runbook-operator/runbook-operator/test/env"
)

var environment *env.Environment

func TestContract(t *testing.T) {
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	RegisterFailHandler(Fail)
	RunSpecs(t, "The contract of what is granted")
}

var _ = BeforeSuite(func() { environment = env.Start(GinkgoTB()) })
