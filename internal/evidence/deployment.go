package evidence

import (
	"context"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
)

// Deployed reads what is deployed of a function: code, time of the last update, and what its alias points to. An empty
// alias is none. Whether two answers differ says whether somebody deployed in between.
func Deployed(ctx context.Context, s *aws.Session, function, alias string) (v1alpha1.Deployment, error) {
	fn, err := s.Lambda.Function(ctx, function)
	if err != nil {
		return v1alpha1.Deployment{}, err
	}
	d := v1alpha1.Deployment{CodeSHA256: fn.CodeSHA256, LastModified: fn.ModifiedAt, Alias: alias}
	if alias == "" {
		return d, nil
	}
	a, err := s.Lambda.Alias(ctx, function, alias)
	if err != nil {
		return v1alpha1.Deployment{}, err
	}
	d.AliasVersion, d.AliasRevisionID = a.Version, a.RevisionID
	return d, nil
}
