package account

import (
	"context"
	"fmt"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/grant"
)

// sessionName is what CloudTrail shows for the calls of this controller.
const sessionName = "runbook-operator-account"

// confirmIdentity assumes the account role and the role of every grant. What is wrong with one does not keep the others from being looked
// at.
func (r *Reconciler) confirmIdentity(ctx context.Context, s *scope) (bool, error) {
	if _, err := r.AWS.Session(ctx, grant.Home(s.account), sessionName); err != nil {
		s.troubles = append(s.troubles, trouble{"the account role", fault.From(err)})
	}
	for _, g := range s.account.Spec.Grants {
		access := aws.Access{
			AccountID:  s.account.Spec.AccountID,
			Region:     string(grant.HomeRegion(g.RoleARN)),
			RoleARN:    string(g.RoleARN),
			ExternalID: g.ExternalID,
		}
		if _, err := r.AWS.Session(ctx, access, sessionName); err != nil {
			s.troubles = append(s.troubles, trouble{named(g), fault.From(err)})
		}
	}
	s.confirmed = ctx.Err() == nil // an operator that is being stopped says nothing about AWS
	return true, nil
}

// named names a grant for people.
func named(g v1alpha1.Grant) string { return fmt.Sprintf("grant %q", g.Name) }
