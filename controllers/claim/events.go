package claim

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// announce emits an event when the reason of Claimed changed. What it says is short: the condition has the whole.
func (r *Reconciler) announce(s *scope) {
	was := conditions.Reason(s.before.Status.Conditions, v1alpha1.ConditionClaimed)
	is := conditions.Reason(s.account.Status.Conditions, v1alpha1.ConditionClaimed)
	if is == was {
		return
	}
	kind, note := corev1.EventTypeWarning, "This cluster only observes; the condition Claimed says why and what to do"
	switch is {
	case v1alpha1.ReasonClaimed, v1alpha1.ReasonTakenOver:
		kind, note = corev1.EventTypeNormal, s.found.Held()
	case v1alpha1.ReasonNothingToActFor:
		kind, note = corev1.EventTypeNormal, "No application of the account has a mode above Observe"
	case v1alpha1.ReasonClaimedByAnotherCluster:
		note = s.found.Foreign(s.now) + ": this cluster only observes; the condition Claimed says what to do"
	}
	r.Recorder.Eventf(s.account, nil, kind, is, "Claim", "%s", note)
}
