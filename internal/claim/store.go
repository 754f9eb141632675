package claim

import (
	"context"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// Permissions are the IAM actions that the account role needs to claim its account.
func Permissions() []string { return aws.ParameterPermissions() }

// Read reads the claim of an account with a session of its account role, and returns nil where there is none. What is no
// claim is the fault ClaimUnreadable: nobody knows who wrote it, and it is left alone.
func Read(ctx context.Context, s *aws.Session) (*Claim, error) {
	p, err := s.SSM.Parameter(ctx, ParameterName)
	if fault.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, ok := parse(p.Value)
	if !ok {
		return nil, fault.New(fault.Blocked, v1alpha1.ReasonClaimUnreadable,
			"parameter %s in %s holds something that is no claim, and is not overwritten: find out who wrote it, and delete the parameter if no other cluster acts in the account",
			ParameterName, s.Access().Region)
	}
	c.Version = p.Version
	return &c, nil
}

// Write makes the step that Decide chose, and returns the claim that is there now. Where somebody else wrote at the same
// moment, the fault is ClaimContended: nobody knows any more who holds it.
func Write(ctx context.Context, s *aws.Session, step Step, found *Claim, me Cluster, now time.Time) (*Claim, error) {
	next := Next(step, found, me, now)
	text, err := next.value()
	if err != nil {
		return nil, err
	}
	if step == Create {
		next.Version = 1
		return &next, s.SSM.CreateParameter(ctx, ParameterName, text)
	}
	next.Version, err = s.SSM.OverwriteParameter(ctx, ParameterName, text)
	if err == nil && next.Version != found.Version+1 {
		err = Contended()
	}
	return &next, err
}

// Contended is the fault of a claim that somebody else wrote at the same moment.
func Contended() error {
	f := fault.New(fault.Waiting, v1alpha1.ReasonClaimContended,
		"somebody else wrote the claim of the account at the same moment, so this cluster neither acts nor writes it for %s, and then looks again", Quiet)
	f.After = Quiet
	return f
}

// Confirm reads the claim immediately before a change, and returns nil if the cluster holds it and nothing of another
// holder can be under way any more. The fault ClaimedByAnotherCluster says that the claim is another's.
func Confirm(ctx context.Context, s *aws.Session, me Cluster, now time.Time) error {
	found, err := Read(ctx, s)
	if err != nil {
		return err
	}
	account := s.Access().AccountID
	if found == nil {
		f := fault.New(fault.Waiting, v1alpha1.ReasonAccountNotClaimed, "no cluster holds the claim of account %s: it is claimed by itself soon", account)
		f.After = Interval
		return f
	}
	if found.Holder.UID != me.UID {
		return fault.New(fault.Blocked, v1alpha1.ReasonClaimedByAnotherCluster,
			"cluster %s holds the claim of account %s since %s, so this cluster changes nothing there: the condition Claimed of the AWSAccount says what to do",
			found.Holder, account, found.Since.UTC().Format(time.RFC3339))
	}
	if wait := found.Since.Add(Settle).Sub(now); wait > 0 {
		f := fault.New(fault.Waiting, v1alpha1.ReasonClaimSettling,
			"this cluster took the claim of account %s at %s: it goes on by itself %s after that, when no call of another cluster can be under way any more",
			account, found.Since.UTC().Format(time.RFC3339), Settle)
		f.After = wait
		return f
	}
	return nil
}
