// Package controllers owns THE list of the operator's controllers. It must not configure or start them;
// internal/operator does.
package controllers

import (
	"github.com/runbook-operator/runbook-operator/controllers/account"
	"github.com/runbook-operator/runbook-operator/controllers/application"
	"github.com/runbook-operator/runbook-operator/controllers/claim"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/controllers/detection"
	"github.com/runbook-operator/runbook-operator/controllers/incident"
	"github.com/runbook-operator/runbook-operator/controllers/remediation"
	"github.com/runbook-operator/runbook-operator/controllers/runbook"
)

// All returns every controller of the operator, in the order of the flow: what stands, what happens, what is done.
func All(d controller.Deps) []controller.Controller {
	list := []controller.Controller{account.New(d), claim.New(d), runbook.New(d), application.New(d)}
	list = append(list, detection.New(d)...)
	list = append(list, incident.New(d), remediation.New(d))
	for i := range list {
		list[i] = controller.Awake(list[i])
	}
	return list
}
