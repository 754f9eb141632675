package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/number"
)

// mostTroubles is how many roles a condition spells out.
const mostTroubles = 8

// close writes the status once, and only when it changed. Detection writes a condition of its own into the same list,
// which a patch replaces as a whole: hence the optimistic lock. A conflict is no error, but a reason to look again.
func (r *Reconciler) close(ctx context.Context, s *scope, res ctrl.Result, err error) (ctrl.Result, error) {
	if s.confirmed {
		r.summarize(s)
	}
	if apiequality.Semantic.DeepEqual(s.before.Status, s.account.Status) {
		return res, err
	}
	patch := client.MergeFromWithOptions(s.before, client.MergeFromWithOptimisticLock{})
	switch patchErr := r.Client.Status().Patch(ctx, s.account, patch); {
	case apierrors.IsConflict(patchErr) && err == nil:
		return ctrl.Result{RequeueAfter: time.Second}, nil
	case patchErr != nil:
		return ctrl.Result{}, errors.Join(err, fmt.Errorf("patching the status of AWSAccount: %w", patchErr))
	}
	r.announce(s)
	return res, err
}

// summarize derives the status from what the phases found. Ready carries the reason of the first role that needs a
// person, else of the first that does not work.
func (r *Reconciler) summarize(s *scope) {
	status, generation, now := &s.account.Status, s.account.Generation, r.Clock.Now()
	status.ObservedGeneration = generation
	if len(s.troubles) == 0 {
		conditions.Set(&status.Conditions, generation, now, v1alpha1.ConditionReady, metav1.ConditionTrue,
			v1alpha1.ReasonIdentityConfirmed, fmt.Sprintf("the account role and the roles of %s are of account %s",
				number.Of(len(s.account.Spec.Grants), "grant"), s.account.Spec.AccountID))
		conditions.Present(&status.Conditions, generation, now, v1alpha1.ConditionStalled, false, "", "")
		return
	}
	worst, message := gravest(s.troubles), describe(s.troubles)
	conditions.Set(&status.Conditions, generation, now, v1alpha1.ConditionReady, metav1.ConditionFalse, worst.Reason, message)
	conditions.Present(&status.Conditions, generation, now, v1alpha1.ConditionStalled, worst.NeedsPerson(), worst.Reason, message)
}

func gravest(troubles []trouble) *fault.Fault {
	for _, t := range troubles {
		if t.fault.NeedsPerson() {
			return t.fault
		}
	}
	return troubles[0].fault
}

// describe names every role that does not work, and says how many it leaves out.
func describe(troubles []trouble) string {
	lines := make([]string, 0, mostTroubles+1)
	for i, t := range troubles {
		if i == mostTroubles {
			lines = append(lines, fmt.Sprintf("and %d more", len(troubles)-mostTroubles))
			break
		}
		lines = append(lines, t.of+": "+t.fault.Message)
	}
	return strings.Join(lines, "; ")
}
