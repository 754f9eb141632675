package application

import (
	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/grant"
)

// scope is what one Reconcile knows: the phases fill it, close writes it down.
type scope struct {
	before *v1alpha1.ServerlessApplication // as read
	app    *v1alpha1.ServerlessApplication

	grant    grant.Resolved
	trouble  []*fault.Fault // what keeps the application from being watched, the first to be shown
	runbooks []v1alpha1.ResolvedRunbook
	left     int  // Runbooks beyond what the status holds
	resolved bool // every phase ran
}

func newScope(app *v1alpha1.ServerlessApplication) *scope {
	return &scope{before: app.DeepCopy(), app: app}
}
