package incident

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

const (
	// retryConflict is how soon an Incident that somebody else wrote is looked at again.
	retryConflict = time.Second
	// maxNote is how long the note of an event may be (Kubernetes API reference, Event v1).
	maxNote = 1024
)

// told are the conditions whose changes are worth an event.
var told = []string{
	v1alpha1.ConditionAccepted, v1alpha1.ConditionInvestigated, v1alpha1.ConditionDiagnosed, v1alpha1.ConditionResolved,
}

// tell emits an event for a new Incident, for every condition that changed its status or reason, and for another plan that
// waits for people.
func (r *Reconciler) tell(before, after *v1alpha1.Incident) {
	// Detection tells of the Incidents that it opens.
	if before.Status.OpenedAt == nil && after.Spec.Signal == nil && after.Spec.RequestedBy != nil {
		r.Recorder.Eventf(after, nil, corev1.EventTypeWarning, v1alpha1.ReasonOpened, "Open", "opened by %s", clip(after.Spec.RequestedBy.Username, maxMessage))
	}
	for _, typ := range told {
		old, now := find(before.Status.Conditions, typ), find(after.Status.Conditions, typ)
		again := now != nil && now.Reason == v1alpha1.ReasonAwaitingApproval && old != nil && old.Message != now.Message
		if now == nil || old != nil && old.Status == now.Status && old.Reason == now.Reason && !again {
			continue
		}
		kind := corev1.EventTypeNormal
		if now.Status != metav1.ConditionTrue && (typ == v1alpha1.ConditionAccepted || stuck[now.Reason] || now.Reason == v1alpha1.ReasonPoliciesChanged) {
			kind = corev1.EventTypeWarning
		}
		r.Recorder.Eventf(after, nil, kind, now.Reason, typ, "%s", clip(now.Message, maxNote))
	}
}

// proposed tells of a change that the Incident proposes.
func (r *Reconciler) proposed(s *scope, rem *v1alpha1.Remediation) {
	r.Recorder.Eventf(s.inc, rem, corev1.EventTypeNormal, v1alpha1.ReasonProposed, "Propose", "Remediation %s: %s", rem.Name, rem.Spec.Action.Name())
}

func find(list []metav1.Condition, typ string) *metav1.Condition {
	for i := range list {
		if list[i].Type == typ {
			return &list[i]
		}
	}
	return nil
}
