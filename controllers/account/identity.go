package account

import (
	"context"
	"strings"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// sessionName is what CloudTrail shows for the calls of this controller.
const sessionName = "runbook-operator-account"

// confirmIdentity assumes the role of every grant. What is wrong with one does not keep the others from being looked
// at.
func (r *Reconciler) confirmIdentity(ctx context.Context, s *scope) (bool, error) {
	for _, g := range s.account.Spec.Grants {
		access := aws.Access{
			AccountID:  s.account.Spec.AccountID,
			Region:     home(g.RoleARN),
			RoleARN:    string(g.RoleARN),
			ExternalID: g.ExternalID,
		}
		if _, err := r.AWS.Session(ctx, access, sessionName); err != nil {
			s.troubles = append(s.troubles, trouble{g.Name, fault.From(err)})
		}
	}
	s.confirmed = ctx.Err() == nil // an operator that is being stopped says nothing about AWS
	return true, nil
}

// home returns a Region of the role's partition that every account has: identity is the same in all of them (AWS
// General Reference: AWS STS endpoints).
func home(role v1alpha1.RoleARN) string {
	switch {
	case strings.HasPrefix(string(role), "arn:aws-cn:"):
		return "cn-north-1"
	case strings.HasPrefix(string(role), "arn:aws-us-gov:"):
		return "us-gov-west-1"
	}
	return "us-east-1"
}
