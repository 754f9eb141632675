// Package using plants imports of the other extension packages.
package using

import (
	"github.com/runbook-operator/runbook-operator/internal/action"   // want: depguard
	"github.com/runbook-operator/runbook-operator/internal/evidence" // want: depguard
	"github.com/runbook-operator/runbook-operator/internal/keys"     // want: depguard
	"github.com/runbook-operator/runbook-operator/internal/notify"
)

// Names of the extensions.
var Names = []string{action.Name, evidence.Name, keys.Name, notify.Name}
