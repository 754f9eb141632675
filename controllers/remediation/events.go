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

// announceChanges emits an event for every condition that changed its status or reason. The root condition repeats
// the others until the end, and is told only then. An approval that does not count, or does not count any more, changes
// no reason, and is told by itself.
func (r *Reconciler) announceChanges(before, after *v1alpha1.Remediation) {
	for _, typ := range told {
		old, now := find(before.Status.Conditions, typ), find(after.Status.Conditions, typ)
		if now == nil || old != nil && old.Status == now.Status && old.Reason == now.Reason {
			continue
		}
		over := after.Status.EndedAt != nil || judged(after) && after.Status.Revert == nil
		if typ == v1alpha1.ConditionSucceeded && !over {
			continue
		}
		kind := corev1.EventTypeNormal
		if over && typ == v1alpha1.ConditionSucceeded && now.Status != metav1.ConditionTrue {
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
