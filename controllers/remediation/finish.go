package remediation

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// abandon lets a Remediation go that is deleted before anything began. One that began is seen through first: the
// finalizer keeps it until then.
func (r *Reconciler) abandon(ctx context.Context, s *scope) (bool, error) {
	if s.rem.DeletionTimestamp.IsZero() || begun(s.rem) {
		return true, nil
	}
	return false, r.finish(ctx, s)
}

// finish gives back the Leases and the finalizer of a Remediation that ended. It runs after the end was written, so
// that nobody else takes a Lease while this one could still go on.
func (r *Reconciler) finish(ctx context.Context, s *scope) error {
	if !controllerutil.ContainsFinalizer(s.rem, v1alpha1.FinalizerChange) {
		return nil // it never held anything: the finalizer comes before the first Lease
	}
	functions, pool := targets(s.rem.Status.Plan)
	for _, target := range append(functions, pool) {
		if err := r.locks.Release(ctx, target, s.rem.UID); err != nil {
			return err
		}
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
	if err := r.Client.Patch(ctx, out, patch); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("writing finalizer: %w", err)
	}
	s.rem.Finalizers, s.rem.ResourceVersion = out.Finalizers, out.ResourceVersion
	s.base.Finalizers, s.base.ResourceVersion = out.Finalizers, out.ResourceVersion
	return nil
}
