package remediation

import (
	"context"
	"fmt"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/claim"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/grant"
)

// claimed reads the claim of the account as it is now, for a call of either direction: two clusters never write the same
// function. A cluster that cannot read its claim begins nothing. It notes until when a call upon it must be over.
func (r *Reconciler) claimed(ctx context.Context, s *scope) error {
	home, err := r.home(ctx, s)
	if err != nil {
		return err
	}
	session, err := r.AWS.Session(ctx, home, "runbook-operator-claim")
	if err != nil {
		return err
	}
	until := r.Wall.Now().Add(claim.CallWindow)
	if err := claim.Confirm(ctx, session, r.Cluster, r.Clock.Now()); err != nil {
		return err
	}
	s.claimedUntil = until
	return nil
}

// home returns where the claim of the plan's account is. The application may be gone when a change is undone: its
// AWSAccount says it then.
func (r *Reconciler) home(ctx context.Context, s *scope) (aws.Access, error) {
	account := s.rem.Status.Plan.AccountID
	if s.app != nil && s.grantErr == nil && s.grant.Home.AccountID == account {
		return s.grant.Home, nil
	}
	var accounts v1alpha1.AWSAccountList
	if err := r.APIReader.List(ctx, &accounts); err != nil {
		return aws.Access{}, fmt.Errorf("listing AWSAccounts: %w", err)
	}
	for i := range accounts.Items {
		if accounts.Items[i].Spec.AccountID == account {
			return grant.Home(&accounts.Items[i]), nil
		}
	}
	return aws.Access{}, fault.New(fault.Blocked, v1alpha1.ReasonAccountNotFound,
		"there is no AWSAccount of account %s any more, so nobody can tell which cluster acts there: create it again", account)
}

// ceded ends a Remediation whose change is to be undone, where another cluster acts in the account now: what it finds
// there may be what it works upon.
func (s *scope) ceded(err error) bool {
	if !fault.Is(err, v1alpha1.ReasonClaimedByAnotherCluster) {
		return false
	}
	s.keep(v1alpha1.ReasonClaimedByAnotherCluster, fault.From(err).Message)
	return true
}
