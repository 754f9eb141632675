package claim

import (
	"context"
	"errors"
	"fmt"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/claim"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// freshness is how old the heartbeat in the status may be while the holder's goes on: one write an hour.
const freshness = time.Hour

// close writes the status once, and only when it changed. Other controllers write conditions into the same list, which a
// patch replaces as a whole: hence the optimistic lock. A conflict is no error, but a reason to look again.
func (r *Reconciler) close(ctx context.Context, s *scope, err error) (ctrl.Result, error) {
	if err != nil {
		return ctrl.Result{}, err
	}
	r.summarize(s)
	res := ctrl.Result{RequeueAfter: s.again}
	if apiequality.Semantic.DeepEqual(s.before.Status, s.account.Status) {
		return res, nil
	}
	patch := client.MergeFromWithOptions(s.before, client.MergeFromWithOptimisticLock{})
	switch patchErr := r.Client.Status().Patch(ctx, s.account, patch); {
	case apierrors.IsConflict(patchErr):
		return ctrl.Result{RequeueAfter: time.Second}, nil
	case apierrors.IsNotFound(patchErr):
		return ctrl.Result{}, nil
	case patchErr != nil:
		return ctrl.Result{}, errors.Join(err, fmt.Errorf("patching the status of AWSAccount: %w", patchErr))
	}
	r.announce(s)
	return res, nil
}

// summarize derives the condition Claimed and the facts of the claim from what the phases found.
func (r *Reconciler) summarize(s *scope) {
	if !s.account.DeletionTimestamp.IsZero() || s.tolerate {
		return
	}
	order, facts := order(s.before), v1alpha1.ClaimStatus{}
	if order.CarriedOut {
		facts.TookOverFrom = order.From
	}
	value, reason, message := metav1.ConditionFalse, "", ""
	switch {
	case s.idle:
		reason, message = v1alpha1.ReasonNothingToActFor, "no application of the account has a mode above Observe, so this cluster does not claim the account"
	case !s.quiet.IsZero():
		until := metav1.NewTime(s.quiet)
		facts.HeldBackUntil = &until
		reason, message = v1alpha1.ReasonClaimContended, fmt.Sprintf("somebody else wrote the claim at the same moment as this cluster, %s, which neither acts nor writes it until %s, and then looks again",
			r.Cluster, s.quiet.UTC().Format(time.RFC3339))
	case s.fault != nil:
		reason, message = s.fault.Reason, s.fault.Message+"; without the claim this cluster only observes"
	default:
		r.describe(s, order, &facts)
		value, reason, message = r.standing(s, order)
	}
	s.account.Status.Claim = nil
	if facts != (v1alpha1.ClaimStatus{}) {
		s.account.Status.Claim = &facts
	}
	conditions.Set(&s.account.Status.Conditions, s.account.Generation, s.now, v1alpha1.ConditionClaimed, value, reason, message)
}

// standing says who holds the claim, and what a person does about it.
func (r *Reconciler) standing(s *scope, order claim.Order) (metav1.ConditionStatus, string, string) {
	switch {
	case s.found.Holder.UID != r.Cluster.UID:
		message := s.found.Foreign(s.now) + ". " + s.found.HowToTakeOver(s.account.Name, r.Cluster)
		switch {
		case order.From != "" && order.From == s.found.Holder.UID:
			message += "\nspec.claim.takeOverFrom says so, and that was done before somebody gave that cluster the claim back: remove it, and write it anew"
		case order.From != "":
			message += fmt.Sprintf("\nspec.claim.takeOverFrom is %s: that cluster does not hold the claim, so nothing follows from it", order.From)
		}
		return metav1.ConditionFalse, v1alpha1.ReasonClaimedByAnotherCluster, message
	case s.found.TakenOverFrom != "":
		return metav1.ConditionTrue, v1alpha1.ReasonTakenOver, s.found.Held()
	}
	return metav1.ConditionTrue, v1alpha1.ReasonClaimed, s.found.Held()
}

// describe fills in what is known of the claim. A heartbeat that goes on is written once in a while, and the last one of
// a holder that fell silent.
func (r *Reconciler) describe(s *scope, order claim.Order, facts *v1alpha1.ClaimStatus) {
	since, heartbeat := metav1.NewTime(s.found.Since), metav1.NewTime(s.found.Heartbeat)
	facts.Holder, facts.Name, facts.Since, facts.Heartbeat = s.found.Holder.UID, s.found.Holder.Name, &since, &heartbeat
	if s.found.Holder.UID == r.Cluster.UID && order.From != "" && s.found.TakenOverFrom == order.From {
		facts.TookOverFrom = order.From
	}
	before := s.before.Status.Claim
	if before == nil || before.Heartbeat == nil || before.Holder != facts.Holder || !before.Since.Equal(&since) {
		return
	}
	if s.found.Heartbeat.Sub(before.Heartbeat.Time) < freshness && s.now.Sub(s.found.Heartbeat) < claim.Silent {
		facts.Heartbeat = before.Heartbeat
	}
}
