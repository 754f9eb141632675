package remediation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/lease"
)

// busyRetry is the longest until a change looks again whether another one has what it needs, where that is a matter of
// seconds.
const busyRetry = 15 * time.Second

// queues says whether an approved change still waits for the concurrency pool and nobody said anything new: it then goes
// on waiting at the price of two reads.
func (r *Reconciler) queues(ctx context.Context, s *scope, known []v1alpha1.Approval) (bool, error) {
	st := s.rem.Status
	if conditions.Reason(st.Conditions, v1alpha1.ConditionApplied) != v1alpha1.ReasonTargetBusy ||
		!conditions.IsTrue(st.Conditions, v1alpha1.ConditionApproved) || !s.draws() || !s.now.Before(st.Plan.ExpiresAt.Time) ||
		len(known) != len(st.Approvals) {
		return false, nil
	}
	for _, a := range known {
		if !slices.ContainsFunc(st.Approvals, func(c v1alpha1.CountedApproval) bool { return c.Name == a.Name }) {
			return false, nil
		}
	}
	_, pool := targets(st.Plan)
	other, err := r.locks.Other(ctx, pool, s.rem.UID, r.holds)
	if err != nil || other == nil {
		return false, err
	}
	s.awaitTurn()
	return true, nil
}

// awaitTurn looks again soon, and not when everybody does.
func (s *scope) awaitTurn() { s.wake(spread(keyOf(s.rem), busyRetry/3, busyRetry)) }

// turn gives the account's concurrency pool to one approved change at a time, before anything is read of AWS: of many,
// those that wait would use up the calls that the one under way needs, and none would come to its end.
func (r *Reconciler) turn(ctx context.Context, s *scope) (bool, error) {
	if s.verdict.State != approval.Approved || !s.draws() {
		return true, nil
	}
	_, pool := targets(s.rem.Status.Plan)
	return r.lock(ctx, s, pool)
}

// draws says whether the present plan is one of the concurrency pool, and nothing but people and other changes is known
// to hold it back. The plan of another account, role or policy is about to be replaced, and needs no lock. Pure.
func (s *scope) draws() bool {
	plan := s.rem.Status.Plan
	return plan != nil && !begun(s.rem) && s.action.UsesConcurrencyPool() &&
		s.grant.Unclaimed == "" && s.grant.Mode == v1alpha1.ModeAct &&
		!retryAt(s.rem, step{index: next(s.rem)}).After(s.now) &&
		plan.AccountID == s.grant.Access.AccountID && string(plan.Region) == s.grant.Access.Region &&
		string(plan.RoleARN) == s.grant.Access.RoleARN && plan.PolicyDigest == s.policy.Digest
}

// lock takes the Leases of targets of the plan: of its functions, and of the account's concurrency pool where the plan
// draws on it. They are held until the change is settled; taking one again changes nothing.
func (r *Reconciler) lock(ctx context.Context, s *scope, wanted ...string) (bool, error) {
	if err := r.patchFinalizer(ctx, s, controllerutil.AddFinalizer); err != nil {
		return false, err
	}
	me := lease.Holder{Key: keyOf(s.rem), UID: s.rem.UID}
	for _, target := range wanted {
		other, err := r.locks.Take(ctx, target, me, s.now, r.holds)
		if err != nil {
			return false, err
		}
		if other != nil {
			s.busy(*other, target)
			return false, nil
		}
		s.locked = true
	}
	return true, nil
}

// busy says that another change has what this one needs. Who has the pool changes every few seconds, and is no news; nor is
// it that others come first, to a person who has to do something before this one can go on.
func (s *scope) busy(other lease.Holder, target string) {
	if _, pool := targets(s.rem.Status.Plan); target != pool {
		s.applied(false, v1alpha1.ReasonTargetBusy, fmt.Sprintf("Remediation %s is changing %s: this one goes on when that is settled", other.Key, target))
		s.wake(causeRetry) // it may last as long as a verification
		return
	}
	switch conditions.Reason(s.rem.Status.Conditions, v1alpha1.ConditionApplied) {
	case "", v1alpha1.ReasonTargetBusy, v1alpha1.ReasonNotBegun, v1alpha1.ReasonAWSUnavailable, v1alpha1.ReasonAccountNotClaimed,
		v1alpha1.ReasonModeObserve, v1alpha1.ReasonModePropose, v1alpha1.ReasonClaimSettling:
		plan := s.rem.Status.Plan
		s.applied(false, v1alpha1.ReasonTargetBusy, fmt.Sprintf("other changes draw on the concurrency of account %s in %s, one at a time: this one goes on when its turn comes", plan.AccountID, plan.Region))
	}
	s.awaitTurn()
}

// holds says whether the holder of a Lease is a Remediation that has not ended.
func (r *Reconciler) holds(ctx context.Context, h lease.Holder) (bool, error) {
	var rem v1alpha1.Remediation
	found, err := r.get(ctx, h.Key.Namespace, h.Key.Name, &rem)
	if err != nil || !found {
		return false, err
	}
	return rem.UID == h.UID && rem.Status.EndedAt == nil, nil
}
