package runbook

import (
	"context"

	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
)

// compile checks every expression of the Runbook against the types of its own steps and actions.
func (r *Reconciler) compile(_ context.Context, s *scope) (bool, error) {
	_, s.problems = diagnosis.Compile(s.runbook.Spec)
	s.digest = diagnosis.Digest(s.runbook.Spec)
	s.compiled = true
	return true, nil
}
