package runbook

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// announce emits an event when the reason of Ready changed.
func (r *Reconciler) announce(s *scope) {
	was := conditions.Reason(s.before.Status.Conditions, v1alpha1.ConditionReady)
	switch is := conditions.Reason(s.runbook.Status.Conditions, v1alpha1.ConditionReady); {
	case is == was:
	case is == v1alpha1.ReasonInvalidExpression:
		r.Recorder.Eventf(s.runbook, nil, corev1.EventTypeWarning, is, "Compile", "%d expressions do not compile; the condition Ready names them",
			len(s.problems))
	case is == v1alpha1.ReasonTooLarge:
		r.Recorder.Eventf(s.runbook, nil, corev1.EventTypeWarning, is, "Compile", "The spec is %d bytes as JSON and may be %d: the condition Ready says what to do",
			s.size, v1alpha1.MaxRunbookBytes)
	default:
		r.Recorder.Eventf(s.runbook, nil, corev1.EventTypeNormal, is, "Compile", "Every expression compiles")
	}
}
