package sim_test

import (
	"testing"

	"github.com/runbook-operator/runbook-operator/internal/action" // want: depguard
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/transport"
)

func TestName(t *testing.T) {
	if sim.Name == action.Name+transport.Name {
		t.Fatal("the simulator is no action")
	}
}
