package detection

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// received writes the condition Receiving, and says when to receive again.
func (r *Receiver) received(ctx context.Context, account *v1alpha1.AWSAccount, deliveries []*delivery) (ctrl.Result, error) {
	next := ctrl.Result{}
	var failed []error
	for _, d := range deliveries {
		if next.RequeueAfter == 0 || d.after < next.RequeueAfter {
			next.RequeueAfter = d.after
		}
		if d.err != nil && !conflictsOnly(d.err) {
			failed = append(failed, fmt.Errorf("following messages of %s: %w", d.queue.Region, d.err))
		}
	}
	set := func(a *v1alpha1.AWSAccount) {
		setReceiving(&a.Status.Conditions, deliveries, account.Generation, r.Clock.Now())
	}
	cached := account.DeepCopy()
	if set(cached); !apiequality.Semantic.DeepEqual(cached.Status, account.Status) {
		failed = append(failed, r.writeAccount(ctx, account.Name, set))
		r.announceReceiving(account, cached)
	}
	if err := errors.Join(failed...); err != nil {
		return ctrl.Result{}, err
	}
	return next, nil
}

// announceReceiving emits an event when the reason of Receiving changed.
func (r *Receiver) announceReceiving(before, after *v1alpha1.AWSAccount) {
	was := conditions.Reason(before.Status.Conditions, v1alpha1.ConditionReceiving)
	is := conditions.Reason(after.Status.Conditions, v1alpha1.ConditionReceiving)
	switch {
	case is == was || is == "":
	case conditions.IsTrue(after.Status.Conditions, v1alpha1.ConditionReceiving):
		r.Recorder.Eventf(after, nil, corev1.EventTypeNormal, is, "Receive", "Messages about alarms are received")
	default:
		r.Recorder.Eventf(after, nil, corev1.EventTypeWarning, is, "Receive", "Messages about alarms are not received from every queue; the condition Receiving says why")
	}
}

// writeAccount changes the status of an account as it is now, which others write as well.
func (r *Receiver) writeAccount(ctx context.Context, name string, change func(*v1alpha1.AWSAccount)) error {
	var err error
	for range mostTries {
		live := &v1alpha1.AWSAccount{}
		if err := r.APIReader.Get(ctx, types.NamespacedName{Name: name}, live); err != nil {
			return client.IgnoreNotFound(fmt.Errorf("getting AWSAccount live: %w", err))
		}
		before := live.DeepCopy()
		if change(live); apiequality.Semantic.DeepEqual(before.Status, live.Status) {
			return nil
		}
		if err = r.Client.Status().Patch(ctx, live, locked(before)); !apierrors.IsConflict(err) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("patching the status of AWSAccount: %w", err)
	}
	return nil
}
