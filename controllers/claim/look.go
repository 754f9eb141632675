package claim

import (
	"context"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/claim"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/grant"
)

const (
	// sessionName is what CloudTrail shows for the calls of this package.
	sessionName = "runbook-operator-claim"
	// retry is how soon a claim is looked at again that could not be read.
	retry = 30 * time.Second
	// patience is for how long nothing is concluded from a claim that AWS does not show: no change is made without it.
	patience = 5 * time.Minute
)

// look reads the claim, and creates, renews or takes it over where that is this cluster's to do.
func (r *Reconciler) look(ctx context.Context, s *scope) (bool, error) {
	known := r.memory.of(s.account.Spec.AccountID)
	known.Lock()
	defer known.Unlock()
	if s.quiet = later(known.quiet, written(s.account)); s.now.Before(s.quiet) {
		s.again = s.quiet.Sub(s.now)
		return true, nil
	}
	s.quiet = time.Time{}
	err := r.step(ctx, s, known)
	if ctx.Err() != nil {
		return false, ctx.Err() // an operator that is being stopped says nothing about AWS
	}
	if err != nil {
		s.trouble(fault.From(err), known)
	}
	return true, nil
}

// step reads the claim and makes the one write that follows, if any.
func (r *Reconciler) step(ctx context.Context, s *scope, known *recollection) error {
	session, err := r.AWS.Session(ctx, grant.Home(s.account), sessionName)
	if err != nil {
		return err
	}
	notAfter := r.Wall.Now().Add(claim.WriteWindow)
	found, err := claim.Read(ctx, session)
	if err != nil {
		return err
	}
	known.seen = s.now
	lost := known.expected != 0 && found != nil && found.Holder.UID == r.Cluster.UID && found.Version > known.expected
	known.expected = 0
	if lost {
		return claim.Contended() // a write whose answer was lost went over somebody else's
	}
	step := claim.Decide(found, r.Cluster, order(s.account), s.now)
	if step == claim.Keep || step == claim.Leave {
		s.seen(found)
		return nil
	}
	return r.write(ctx, s, known, session, step, found, notAfter)
}

// write makes a step that writes, within the time that a read is good for.
func (r *Reconciler) write(ctx context.Context, s *scope, known *recollection, session *aws.Session, step claim.Step, found *claim.Claim, notAfter time.Time) error {
	prompt, cancel := r.AWS.NotAfter(ctx, notAfter)
	defer cancel()
	next, err := claim.Write(prompt, session, step, found, r.Cluster, s.now)
	if err == nil {
		s.seen(next)
		return nil
	}
	if f := fault.From(err); !f.Refused && f.Reason != v1alpha1.ReasonClaimContended && found != nil {
		known.expected = found.Version + 1 // it may have arrived, and over what nobody here has seen
	}
	return err
}

// seen notes the claim as it is now, and when to look again: the holder when it is to be renewed.
func (s *scope) seen(found *claim.Claim) {
	s.found, s.again = found, claim.Interval
	if age := s.now.Sub(found.Heartbeat); age > 0 && age < claim.Interval {
		s.again = claim.Interval - age
	}
}

// trouble notes why the claim is not known, and when to look again.
func (s *scope) trouble(f *fault.Fault, known *recollection) {
	s.fault = f
	switch {
	case f.Reason == v1alpha1.ReasonClaimContended:
		s.quiet = s.now.Add(claim.Quiet)
		known.quiet, s.again = s.quiet, claim.Quiet
	case f.NeedsPerson():
		s.again = claim.Interval
	default:
		s.again = retry
		if f.Class == fault.Waiting {
			s.again = max(f.After, time.Second)
		}
		s.tolerate = !known.seen.IsZero() && s.now.Sub(known.seen) <= patience
	}
}

// order returns what a platform administrator wrote about the claim.
func order(account *v1alpha1.AWSAccount) claim.Order {
	if account.Spec.Claim == nil {
		return claim.Order{}
	}
	from, status := string(account.Spec.Claim.TakeOverFrom), account.Status.Claim
	return claim.Order{From: from, CarriedOut: status != nil && status.TookOverFrom == from}
}

// written returns until when this cluster is to keep quiet as the status says: another process may have found out.
func written(account *v1alpha1.AWSAccount) time.Time {
	if account.Status.Claim == nil || account.Status.Claim.HeldBackUntil == nil {
		return time.Time{}
	}
	return account.Status.Claim.HeldBackUntil.Time
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
