package detection

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/fault"
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
		if len(deliveries) == 0 {
			meta.RemoveStatusCondition(&a.Status.Conditions, v1alpha1.ConditionReceiving)
			return
		}
		status, reason, message := receiving(deliveries)
		if status != metav1.ConditionTrue {
			message += meanwhile(a)
		}
		conditions.Set(&a.Status.Conditions, account.Generation, r.Clock.Now(), v1alpha1.ConditionReceiving, status, reason, message)
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

// receiving says how receiving went: with the reason of the first that needs a person, else of the first that failed.
func receiving(deliveries []*delivery) (metav1.ConditionStatus, string, string) {
	var first *fault.Fault
	var lines, regions []string
	for _, d := range deliveries {
		regions = append(regions, string(d.queue.Region))
		if d.fault == nil || held(d.fault) {
			continue
		}
		if first == nil || !first.NeedsPerson() && d.fault.NeedsPerson() {
			first = d.fault
		}
		lines = append(lines, fmt.Sprintf("%s: %s", d.queue.Region, d.fault.Message))
	}
	if first == nil {
		return metav1.ConditionTrue, v1alpha1.ReasonQueuesRead, "messages about alarms are received in " + strings.Join(regions, ", ")
	}
	if left := len(lines) - mostTroubles; left > 0 {
		lines = append(lines[:mostTroubles], fmt.Sprintf("and %d more", left))
	}
	reason := first.Reason
	if first.NotFound {
		reason = v1alpha1.ReasonQueueNotFound
	}
	return metav1.ConditionFalse, reason, strings.Join(lines, "; ")
}

// meanwhile says whether alarms are noticed while messages are not received.
func meanwhile(a *v1alpha1.AWSAccount) string {
	switch c := meta.FindStatusCondition(a.Status.Conditions, v1alpha1.ConditionDetecting); {
	case c == nil || c.Reason == v1alpha1.ReasonNothingToWatch:
		return ""
	case c.Status != metav1.ConditionTrue:
		return "; alarms are not read everywhere either: see the condition Detecting"
	}
	return fmt.Sprintf("; alarms are read every %s meanwhile", interval)
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
