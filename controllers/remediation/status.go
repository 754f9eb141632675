package remediation

import (
	"context"
	"fmt"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// This file is the only one that writes conditions.

func (s *scope) accepted(ok bool, reason, message string) {
	s.set(v1alpha1.ConditionAccepted, ok, reason, message)
}
func (s *scope) planned(ok bool, reason, message string) {
	s.set(v1alpha1.ConditionPlanned, ok, reason, message)
}
func (s *scope) approved(ok bool, reason, message string) {
	s.set(v1alpha1.ConditionApproved, ok, reason, message)
}
func (s *scope) applied(ok bool, reason, message string) {
	s.set(v1alpha1.ConditionApplied, ok, reason, message)
}
func (s *scope) verified(ok bool, reason, message string) {
	s.set(v1alpha1.ConditionVerified, ok, reason, message)
}

func (s *scope) set(typ string, ok bool, reason, message string) {
	status := metav1.ConditionFalse
	if ok {
		status = metav1.ConditionTrue
	}
	conditions.Set(&s.rem.Status.Conditions, s.rem.Generation, s.now, typ, status, reason, message)
}

// end ends the Remediation without success.
func (s *scope) end(reason, message string) {
	at := s.stamp()
	s.rem.Status.EndedAt = &at
	s.set(v1alpha1.ConditionSucceeded, false, reason, message)
}

// succeed ends the Remediation with proof that it helped.
func (s *scope) succeed(message string) {
	at := s.stamp()
	s.rem.Status.EndedAt = &at
	s.verified(true, v1alpha1.ReasonVerified, message)
	s.set(v1alpha1.ConditionSucceeded, true, v1alpha1.ReasonSucceeded, message)
}

// hold ends the Remediation, leaves the change as it is, and asks a person.
func (s *scope) hold(reason, message string) {
	s.verified(false, reason, message)
	s.end(v1alpha1.ReasonHeld, message+"; the change stays, status.plan.calls has its inverse: a person has to decide")
}

// summarize sets what follows from the other conditions: the root, and those that are present only when True.
func (s *scope) summarize() {
	st := &s.rem.Status
	st.ObservedGeneration = s.rem.Generation
	ended := st.EndedAt != nil
	if !ended {
		reason, message := s.waitsFor()
		s.set(v1alpha1.ConditionSucceeded, false, reason, message)
	}
	succeeded := conditions.IsTrue(st.Conditions, v1alpha1.ConditionSucceeded)
	last := conditions.Reason(st.Conditions, v1alpha1.ConditionSucceeded)
	stalled := ended && !succeeded && last != v1alpha1.ReasonWithdrawn && last != v1alpha1.ReasonNoLongerNeeded
	present := func(typ string, is bool, reason, message string) {
		conditions.Present(&st.Conditions, s.rem.Generation, s.now, typ, is, reason, message)
	}
	present(v1alpha1.ConditionStalled, stalled, last, "the Remediation ended without success: see the condition Succeeded")
	present(v1alpha1.ConditionReconciling, !ended && pending(s.rem) != nil, v1alpha1.ReasonOutcomeUnknown, "a call was announced and its outcome is not known yet")
	present(v1alpha1.ConditionDriftDebt, st.AppliedAt != nil && st.TemplatePatch != "", v1alpha1.ReasonTemplateDiffers,
		"the function differs from its stack's template, whose next deployment would undo the change. In the template: "+st.TemplatePatch)
}

// waitsFor returns the first condition that is not True.
func (s *scope) waitsFor() (reason, message string) {
	for _, typ := range []string{v1alpha1.ConditionAccepted, v1alpha1.ConditionPlanned, v1alpha1.ConditionApproved, v1alpha1.ConditionApplied, v1alpha1.ConditionVerified} {
		for _, c := range s.rem.Status.Conditions {
			if c.Type == typ && c.Status != metav1.ConditionTrue {
				return c.Reason, c.Message
			}
		}
	}
	return v1alpha1.ReasonInProgress, "the operator is at work"
}

// close summarizes, writes the status if it changed, and turns the error into a Result: waiting is no error, and what a person has to change is looked at again every few minutes.
func (r *Reconciler) close(ctx context.Context, s *scope, err error) (reconcile.Result, error) {
	if s.rem.UID != "" && (s.rem.DeletionTimestamp.IsZero() || begun(s.rem)) {
		s.summarize()
		if perr := r.persist(ctx, s); perr != nil {
			if apierrors.IsConflict(perr) || apierrors.IsNotFound(perr) {
				return reconcile.Result{RequeueAfter: retryConflict}, nil // somebody else wrote: look again
			}
			return reconcile.Result{}, perr
		}
	}
	if err == nil {
		return reconcile.Result{RequeueAfter: s.after}, nil
	}
	if apierrors.IsConflict(err) {
		return reconcile.Result{RequeueAfter: retryConflict}, nil
	}
	f := fault.From(err)
	switch f.Class {
	case fault.Waiting:
		s.after = 0
		s.wake(max(f.After, observeRetry))
		return reconcile.Result{RequeueAfter: s.after}, nil
	case fault.Blocked:
		return reconcile.Result{RequeueAfter: recheck}, nil
	}
	return reconcile.Result{}, err
}

// persist writes the status by optimistic lock, if it changed, and then tells what changed in events.
func (r *Reconciler) persist(ctx context.Context, s *scope) error {
	if apiequality.Semantic.DeepEqual(s.base.Status, s.rem.Status) {
		return nil
	}
	out := s.rem.DeepCopy()
	if err := r.Client.Status().Update(ctx, out); err != nil {
		return fmt.Errorf("writing status: %w", err)
	}
	r.announceChanges(s.base, s.rem)
	s.rem.ResourceVersion = out.ResourceVersion
	s.base = s.rem.DeepCopy()
	return nil
}

func keyOf(o client.Object) types.NamespacedName { return client.ObjectKeyFromObject(o) }
