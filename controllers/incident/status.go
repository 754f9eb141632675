package incident

import (
	"context"
	"fmt"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// This file is the only one that writes conditions.

func (s *scope) accepted(ok bool, reason, message string) {
	s.set(v1alpha1.ConditionAccepted, ok, reason, message)
}
func (s *scope) investigated(ok bool, reason, message string) {
	s.set(v1alpha1.ConditionInvestigated, ok, reason, message)
}
func (s *scope) diagnosed(ok bool, reason, message string) {
	s.set(v1alpha1.ConditionDiagnosed, ok, reason, message)
}
func (s *scope) resolved(ok bool, reason, message string) {
	s.set(v1alpha1.ConditionResolved, ok, reason, message)
}

func (s *scope) set(typ string, ok bool, reason, message string) {
	status := metav1.ConditionFalse
	if ok {
		status = metav1.ConditionTrue
	}
	conditions.Set(&s.inc.Status.Conditions, s.inc.Generation, s.now, typ, status, reason, clip(message, maxCondition))
}

// stuck are the reasons of Resolved=False after which only a person can help.
var stuck = map[string]bool{
	v1alpha1.ReasonHeldForPerson: true, v1alpha1.ReasonAlarmDeleted: true, v1alpha1.ReasonInstructed: true, v1alpha1.ReasonUndiagnosed: true,
	v1alpha1.ReasonCallerTimeoutUnknown: true,
}

// summarize sets what follows from the other conditions.
func (s *scope) summarize() {
	list := &s.inc.Status.Conditions
	s.inc.Status.ObservedGeneration = s.inc.Generation
	for _, c := range *list {
		if c.Type == v1alpha1.ConditionAccepted && c.Status == metav1.ConditionFalse {
			s.resolved(false, c.Reason, c.Message)
		}
	}
	if conditions.Reason(*list, v1alpha1.ConditionResolved) == "" {
		s.resolved(false, v1alpha1.ReasonInProgress, "the operator is at work")
	}
	reason := conditions.Reason(*list, v1alpha1.ConditionResolved)
	refused := meta.IsStatusConditionFalse(*list, v1alpha1.ConditionAccepted)
	conditions.Present(list, s.inc.Generation, s.now, v1alpha1.ConditionStalled, refused || stuck[reason], reason, "a person has to look: see the condition Resolved")
}

// close summarizes, writes the status if it changed, and turns the error into a Result.
func (r *Reconciler) close(ctx context.Context, s *scope, err error) (reconcile.Result, error) {
	s.summarize()
	if perr := r.persist(ctx, s); perr != nil {
		if apierrors.IsConflict(perr) || apierrors.IsNotFound(perr) {
			return reconcile.Result{RequeueAfter: retryConflict}, nil // somebody else wrote: look again
		}
		return reconcile.Result{}, perr
	}
	if err == nil {
		return reconcile.Result{RequeueAfter: s.after}, nil
	}
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return reconcile.Result{RequeueAfter: retryConflict}, nil
	}
	f := fault.From(err)
	switch f.Class {
	case fault.Waiting:
		s.after = 0
		s.wake(max(f.After, gapRetry))
		return reconcile.Result{RequeueAfter: s.after}, nil
	case fault.Blocked:
		return reconcile.Result{RequeueAfter: recheck}, nil
	}
	return reconcile.Result{}, err
}

// persist writes the status by optimistic lock, if it changed, and then tells what changed in events.
func (r *Reconciler) persist(ctx context.Context, s *scope) error {
	if apiequality.Semantic.DeepEqual(s.base.Status, s.inc.Status) {
		return nil
	}
	out := s.inc.DeepCopy()
	if err := r.Client.Status().Update(ctx, out); err != nil {
		return fmt.Errorf("writing status: %w", err)
	}
	r.tell(s.base, s.inc)
	s.inc.ResourceVersion = out.ResourceVersion
	s.base = s.inc.DeepCopy()
	return nil
}
