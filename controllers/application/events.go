package application

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// announce emits an event when the reason of Ready or the mode changed: the last event says what is so.
func (r *Reconciler) announce(s *scope) {
	was := conditions.Reason(s.before.Status.Conditions, v1alpha1.ConditionReady)
	is := conditions.Reason(s.app.Status.Conditions, v1alpha1.ConditionReady)
	if is == was && (is != v1alpha1.ReasonWatched || s.before.Status.Mode == s.app.Status.Mode) {
		return
	}
	if is == v1alpha1.ReasonWatched {
		kind := corev1.EventTypeNormal
		if is == was && s.grant.Unclaimed != "" {
			kind = corev1.EventTypeWarning // the operator could act before, and only observes now
		}
		r.Recorder.Eventf(s.app, nil, kind, is, "Resolve", "%s", watched(s))
		return
	}
	r.Recorder.Eventf(s.app, nil, corev1.EventTypeWarning, is, "Resolve", "%s", s.trouble[0].Message)
}
