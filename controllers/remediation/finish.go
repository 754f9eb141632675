package remediation

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/approval"
)

// abandon lets a Remediation go that is deleted before anything began. One that began is seen through first: the
// finalizer keeps it until then.
func (r *Reconciler) abandon(ctx context.Context, s *scope) (bool, error) {
	if s.rem.DeletionTimestamp.IsZero() || begun(s.rem) {
		return true, nil
	}
	return false, r.finish(ctx, s)
}

// trust ends a Remediation whose status cannot be what the operator wrote: somebody edited it, and nobody knows what
// was done.
func (r *Reconciler) trust(_ context.Context, s *scope) (bool, error) {
	if why := unsound(s.rem); why != "" {
		s.end(v1alpha1.ReasonHeld, fmt.Sprintf("the status was edited by another hand (%s), so nobody knows what was done: look at function %s by hand", why, s.rem.Spec.Target.FunctionName))
		return false, nil
	}
	return true, nil
}

// unsound says what is missing in the status of a Remediation that began, or "" if nothing is.
func unsound(rem *v1alpha1.Remediation) string {
	st := &rem.Status
	if !begun(rem) {
		return ""
	}
	if st.Plan == nil || len(st.Plan.Calls) == 0 {
		return "a call was made, and there is no plan"
	}
	if st.Verification == nil {
		return "a call was made, and there is nothing to verify it by"
	}
	intent := pending(rem)
	switch {
	case intent != nil && (intent.Index < 0 || int(intent.Index) >= len(st.Plan.Calls)):
		return "an intent is of no call of the plan"
	case intent == nil && next(rem) < len(st.Plan.Calls):
		return "the outcome of a call does not go with the rest"
	case intent == nil && st.AppliedAt == nil:
		return "every call was applied, and nobody knows when"
	case st.Revert == nil && slices.ContainsFunc(st.Intents, func(i v1alpha1.Intent) bool { return i.Inverse }):
		return "an inverse call was announced, and no revert was decided"
	case st.Revert != nil && st.AppliedAt == nil:
		return "a revert was decided of what was not applied"
	case st.Revert != nil && st.Revert.AppliedAt != nil && st.Revert.Verification == nil:
		return "the change was reverted, and there is nothing to verify that by"
	}
	return ""
}

// unlock gives back the Leases of a Remediation that waits: they are held from the last looks before an intent
// to the end, and not while people decide. The finalizer stays. An approved one that waits a moment for the operator's own
// budget keeps them: the next one would wait for it too, and nobody would come to an end.
func (r *Reconciler) unlock(ctx context.Context, s *scope) error {
	keeps := s.brief && s.locked && s.verdict.State == approval.Approved
	if keeps || s.uncertain || begun(s.rem) || s.rem.Status.EndedAt != nil || !controllerutil.ContainsFinalizer(s.rem, v1alpha1.FinalizerChange) {
		return nil // nothing is held, or it is held for good reason
	}
	return r.release(ctx, s)
}

// moved gives back the Leases of the present plan where another one needs others: who forgets a Lease never gives it back.
func (r *Reconciler) moved(ctx context.Context, s *scope, fresh *v1alpha1.Plan) error {
	functions, pool := targets(s.rem.Status.Plan)
	others, another := targets(fresh)
	if s.rem.Status.Plan == nil || slices.Equal(functions, others) && pool == another {
		return nil
	}
	return r.release(ctx, s)
}

func (r *Reconciler) release(ctx context.Context, s *scope) error {
	functions, pool := targets(s.rem.Status.Plan)
	for _, target := range append(functions, pool) {
		if err := r.locks.Release(ctx, target, s.rem.UID); err != nil {
			return err
		}
	}
	return nil
}

// finish gives back the Leases and the finalizer of a Remediation that ended. It runs after the end was written, so
// that nobody else takes a Lease while this one could still go on.
func (r *Reconciler) finish(ctx context.Context, s *scope) error {
	if !controllerutil.ContainsFinalizer(s.rem, v1alpha1.FinalizerChange) {
		return nil // it never held anything: the finalizer comes before the first Lease
	}
	if !s.rem.DeletionTimestamp.IsZero() && left(s.rem) {
		if err := r.keepRecord(ctx, s); err != nil {
			return err // with the finalizer, nobody knows any more what was done
		}
	}
	if err := r.release(ctx, s); err != nil {
		return err
	}
	return r.patchFinalizer(ctx, s, controllerutil.RemoveFinalizer)
}

// patchFinalizer adds or removes the finalizer by optimistic lock, and touches nothing else.
func (r *Reconciler) patchFinalizer(ctx context.Context, s *scope, edit func(client.Object, string) bool) error {
	out := s.base.DeepCopy()
	patch := client.MergeFromWithOptions(s.base.DeepCopy(), client.MergeFromWithOptimisticLock{})
	if !edit(out, v1alpha1.FinalizerChange) {
		return nil
	}
	err := r.Client.Patch(ctx, out, patch)
	if apierrors.IsNotFound(err) && !controllerutil.ContainsFinalizer(out, v1alpha1.FinalizerChange) {
		return nil // gone, as it was to be; without the object, nothing else may be taken
	}
	if err != nil {
		return fmt.Errorf("writing finalizer: %w", err)
	}
	s.rem.Finalizers, s.rem.ResourceVersion = out.Finalizers, out.ResourceVersion
	s.base.Finalizers, s.base.ResourceVersion = out.Finalizers, out.ResourceVersion
	return nil
}
