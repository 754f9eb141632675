package remediation

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// moment is the longest that anything waits without a word to people.
const moment = time.Second

// close summarizes, writes the status if it changed, gives back what is not needed, and turns the error into a Result:
// waiting is no error, and what a person has to change is looked at again every few minutes.
func (r *Reconciler) close(ctx context.Context, s *scope, err error) (reconcile.Result, error) {
	// Of one that is deleted, also that nothing began is written: a call that was under way turned out not to have arrived.
	if s.rem.UID != "" && (s.rem.DeletionTimestamp.IsZero() || begun(s.base) || begun(s.rem)) {
		s.trouble(err)
		s.brief = briefly(err)
		s.summarize()
		if perr := r.persist(ctx, s); perr != nil {
			if apierrors.IsConflict(perr) || apierrors.IsNotFound(perr) {
				return reconcile.Result{RequeueAfter: retryConflict}, nil // somebody else wrote: look again
			}
			return reconcile.Result{}, perr
		}
		if uerr := r.unlock(ctx, s); err == nil {
			err = uerr
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
		if briefly(err) && !begun(s.rem) {
			s.wake(max(f.After, spread(keyOf(s.rem), time.Second, 3*time.Second)))
		} else {
			s.wake(max(f.After, observeRetry))
		}
		return reconcile.Result{RequeueAfter: s.after}, nil
	case fault.Blocked:
		return reconcile.Result{RequeueAfter: recheck}, nil
	}
	return reconcile.Result{}, err
}

// trouble says what keeps a plan from being checked or carried out; nothing is changed meanwhile. Of a call that was
// made, observe says it.
func (s *scope) trouble(err error) {
	if err == nil || apierrors.IsConflict(err) || begun(s.rem) || s.rem.Status.Plan == nil || s.rem.Status.EndedAt != nil {
		return
	}
	if briefly(err) {
		return
	}
	f := fault.From(err)
	s.applied(false, f.Reason, "nothing is changed meanwhile: "+f.Message)
}

// briefly says whether AWS or the operator's own budgets slowed it down: it goes on in a moment.
func briefly(err error) bool {
	if err == nil {
		return false
	}
	f := fault.From(err)
	return f.Class == fault.Waiting && f.Reason == v1alpha1.ReasonAWSUnavailable && f.After <= moment
}

// spread is between two durations, always the same for a Remediation: many that were held back at the same moment would
// come back at the same moment, and all but the first few be held back again.
func spread(key types.NamespacedName, least, most time.Duration) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key.String())) // never fails
	return least + time.Duration(int64(h.Sum32())%(most-least).Milliseconds())*time.Millisecond
}

// persist writes the status by optimistic lock, if it changed, and then tells what changed in events and in the log.
func (r *Reconciler) persist(ctx context.Context, s *scope) error {
	if apiequality.Semantic.DeepEqual(s.base.Status, s.rem.Status) {
		return nil
	}
	out := s.rem.DeepCopy()
	if err := r.Client.Status().Update(ctx, out); err != nil {
		return fmt.Errorf("writing status: %w", err)
	}
	r.announceChanges(s.base, s.rem)
	tellJournal(ctx, s.base, s.rem)
	s.rem.ResourceVersion = out.ResourceVersion
	s.base = s.rem.DeepCopy()
	return nil
}

func keyOf(o client.Object) types.NamespacedName { return client.ObjectKeyFromObject(o) }
