package remediation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// retryConflict is how soon a Remediation that somebody else wrote is looked at again.
const retryConflict = time.Second

// told are the conditions whose changes are worth an event, in the order of a change.
var told = []string{
	v1alpha1.ConditionAccepted, v1alpha1.ConditionPlanned, v1alpha1.ConditionApproved, v1alpha1.ConditionApplied,
	v1alpha1.ConditionVerified, v1alpha1.ConditionReverted, v1alpha1.ConditionSucceeded,
}

// alarming are the reasons of conditions that are not True of which people have to hear at once: somebody has to mend
// something, or look, before the change can go on.
var alarming = []string{
	v1alpha1.ReasonPoliciesChanged, v1alpha1.ReasonAccountNotFound, v1alpha1.ReasonApplicationNotFound, v1alpha1.ReasonChangePolicyNotFound,
	v1alpha1.ReasonFunctionNotFound, v1alpha1.ReasonNotGranted, v1alpha1.ReasonGrantAmbiguous, v1alpha1.ReasonActionNotGranted,
	v1alpha1.ReasonAccessDenied, v1alpha1.ReasonWrongIdentity, v1alpha1.ReasonAccountNotClaimed, v1alpha1.ReasonClaimedByAnotherCluster,
	v1alpha1.ReasonClaimUnreadable, v1alpha1.ReasonCallerTimeoutUnknown, v1alpha1.ReasonTargetUnstable, v1alpha1.ReasonDiverged, v1alpha1.ReasonNotFixed,
	v1alpha1.ReasonInconclusive, v1alpha1.ReasonRevertConflict, v1alpha1.ReasonRevertUntilPassed, v1alpha1.ReasonRevertRefused,
}

// announceChanges emits an event for every condition that changed its status or reason. The root condition repeats
// the others until the end, and is told only then. An approval that does not count, or does not count any more, and a plan
// that replaces another change no reason, and are told by themselves.
func (r *Reconciler) announceChanges(before, after *v1alpha1.Remediation) {
	for _, typ := range told {
		old, now := find(before.Status.Conditions, typ), find(after.Status.Conditions, typ)
		replaces := typ == v1alpha1.ConditionPlanned && before.Status.Plan != nil && after.Status.PlanNumber != before.Status.PlanNumber
		if now == nil || old != nil && old.Status == now.Status && old.Reason == now.Reason && !replaces {
			continue
		}
		over := after.Status.EndedAt != nil || judged(after) && after.Status.Revert == nil
		if typ == v1alpha1.ConditionSucceeded && !over {
			continue
		}
		kind := corev1.EventTypeNormal
		if now.Status != metav1.ConditionTrue && (over && typ == v1alpha1.ConditionSucceeded || slices.Contains(alarming, now.Reason)) {
			kind = corev1.EventTypeWarning
		}
		r.Recorder.Eventf(after, nil, kind, now.Reason, typ, "%s", clip(now.Message, maxNote))
	}
	for _, a := range after.Status.Approvals {
		if !a.Counts && !slices.Contains(before.Status.Approvals, a) {
			r.Recorder.Eventf(after, nil, corev1.EventTypeWarning, v1alpha1.ReasonNotCounted, v1alpha1.ConditionApproved, "%s",
				clip(fmt.Sprintf("Approval %s does not count: %s", a.Name, a.Message), maxNote))
		}
	}
}

func find(list []metav1.Condition, typ string) *metav1.Condition {
	for i := range list {
		if list[i].Type == typ {
			return &list[i]
		}
	}
	return nil
}

const (
	// maxNote is how many bytes the note of an event may have (Kubernetes API reference, Event v1).
	maxNote = 1024
	// maxMessage is the bound of the messages in status that are no conditions.
	maxMessage = 512
	// maxCondition keeps conditions readable, and below the 32768 bytes that the API server takes.
	maxCondition = 8192
)

// clip cuts a text to so many bytes, and not in the middle of a character.
func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-4], "") + " ..."
}
