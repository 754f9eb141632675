package application

import (
	"context"
	"errors"

	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/grant"
)

// resolveGrant finds what the application's namespace may do in the account.
func (r *Reconciler) resolveGrant(ctx context.Context, s *scope) (bool, error) {
	resolved, err := grant.Load(ctx, r.Client, s.app)
	var f *fault.Fault
	if errors.As(err, &f) {
		s.trouble = append(s.trouble, f)
		return true, nil
	}
	s.grant = resolved
	return err == nil, err
}
