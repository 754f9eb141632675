// Package sim plants a simulator that knows the operator.
package sim

import (
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1" // want: depguard
	"github.com/runbook-operator/runbook-operator/internal/clock"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
	"github.com/runbook-operator/runbook-operator/internal/transport" // want: depguard
)

// Name of the simulator.
const Name = wire.Name + v1alpha1.Group + transport.Name

// Started is the simulator's time, and not the wall's.
func Started() []time.Time { return []time.Time{clock.Now(), time.Now()} } // want: forbidigo
