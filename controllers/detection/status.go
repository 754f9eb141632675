package detection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// mostTroubles is how many roles a condition spells out.
const mostTroubles = 8

// close writes the account's status once, and only when it changed: a reading that saw nothing new leaves no trace.
// The account controller writes a condition of its own into the same list, hence the optimistic lock. A conflict, here
// or with an application or Incident, is no error, but a reason to read again soon.
func (r *Reconciler) close(ctx context.Context, s *scope, err error) (ctrl.Result, error) {
	if s.finished {
		r.summarize(s)
		if err == nil {
			r.memory.followed(s)
		}
	}
	if !apiequality.Semantic.DeepEqual(s.before.Status, s.account.Status) {
		if patchErr := r.Client.Status().Patch(ctx, s.account, locked(s.before)); patchErr != nil {
			err = errors.Join(err, fmt.Errorf("patching the status of AWSAccount: %w", patchErr))
		} else {
			r.announce(s)
		}
	}
	switch {
	case err == nil:
		return ctrl.Result{RequeueAfter: cmp.Or(s.again, interval)}, nil
	case conflictsOnly(err):
		log.FromContext(ctx).V(1).Info("Reading again, as an object was written meanwhile", "conflict", err.Error())
		return ctrl.Result{RequeueAfter: time.Second}, nil
	}
	return ctrl.Result{}, err
}

// summarize derives the status from what the phases found.
func (r *Reconciler) summarize(s *scope) {
	status, generation := &s.account.Status, s.account.Generation
	status.UnmatchedAlarms = counted(s.unmatched)
	value, reason, message := detecting(s.readings)
	conditions.Set(&status.Conditions, generation, s.now, v1alpha1.ConditionDetecting, value, reason, message)
	for _, reading := range s.readings {
		if reading.truncated && reading.unbroken {
			r.announceTruncated(s.account, reading)
		}
	}
}

// detecting says how the readings went: with the reason of the first that needs a person, else of the first that
// failed.
func detecting(readings []*reading) (metav1.ConditionStatus, string, string) {
	if len(readings) == 0 {
		return metav1.ConditionTrue, v1alpha1.ReasonNothingToWatch, "no application of the account is Ready, so no alarm is read: kubectl get serverlessapplications -A says why"
	}
	var first *fault.Fault
	var lines, regions, unmuted []string
	for _, reading := range readings {
		f := reading.fault
		regions = append(regions, reading.access.Region)
		if reading.unmuted != nil {
			unmuted = append(unmuted, fmt.Sprintf("%s: %s", reading.access.Region, reading.unmuted.Message))
		}
		if f == nil {
			continue
		}
		if first == nil || !first.NeedsPerson() && f.NeedsPerson() {
			first = f
		}
		lines = append(lines, fmt.Sprintf("%s: %s", reading.access.Region, f.Message))
	}
	if first == nil {
		message := fmt.Sprintf("alarms are read every %s in %s", interval, strings.Join(regions, ", "))
		if len(unmuted) == 0 {
			return metav1.ConditionTrue, v1alpha1.ReasonAlarmsRead, message
		}
		return metav1.ConditionTrue, v1alpha1.ReasonMutingUnknown,
			message + "; not known is which of them are muted, so none counts as muted: " + spelled(unmuted)
	}
	return metav1.ConditionFalse, first.Reason, spelled(lines)
}

// spelled joins the first troubles.
func spelled(lines []string) string {
	if left := len(lines) - mostTroubles; left > 0 {
		lines = append(lines[:mostTroubles], fmt.Sprintf("and %d more", left))
	}
	return strings.Join(lines, "; ")
}

// conflictsOnly says whether nothing but conflicts went wrong.
func conflictsOnly(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			if !conflictsOnly(e) {
				return false
			}
		}
		return true
	}
	return apierrors.IsConflict(err)
}

// setReceiving writes the condition Receiving, which is not there where no queue is.
func setReceiving(list *[]metav1.Condition, deliveries []*delivery, generation int64, now time.Time) {
	if len(deliveries) == 0 {
		meta.RemoveStatusCondition(list, v1alpha1.ConditionReceiving)
		return
	}
	status, reason, message := receiving(deliveries)
	if status != metav1.ConditionTrue {
		message += "; the condition Detecting says whether alarms are read meanwhile" // which changes by itself
	}
	conditions.Set(list, generation, now, v1alpha1.ConditionReceiving, status, reason, message)
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
