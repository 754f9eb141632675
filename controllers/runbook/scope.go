package runbook

import (
	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
)

// scope is what one Reconcile knows: the phases fill it, close writes it down.
type scope struct {
	before  *v1alpha1.Runbook // as read
	runbook *v1alpha1.Runbook

	compiled bool // the compile phase ran
	digest   string
	size     int // of the spec as JSON, in bytes
	problems []diagnosis.Problem
}

func newScope(runbook *v1alpha1.Runbook) *scope {
	return &scope{before: runbook.DeepCopy(), runbook: runbook}
}
