package runbook

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
)

// compile checks every expression of the Runbook against the types of its own steps and actions, and whether an Incident
// can keep a copy of it.
func (r *Reconciler) compile(_ context.Context, s *scope) (bool, error) {
	spec, err := json.Marshal(s.runbook.Spec)
	if err != nil {
		return false, fmt.Errorf("measuring the Runbook: %w", err)
	}
	s.size = len(spec)
	_, s.problems = diagnosis.Compile(s.runbook.Spec)
	s.digest = diagnosis.Digest(s.runbook.Spec)
	s.compiled = true
	return true, nil
}
