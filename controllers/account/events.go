package account

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/number"
)

// announce emits an event when the reason of Ready changed.
func (r *Reconciler) announce(s *scope) {
	was := conditions.Reason(s.before.Status.Conditions, v1alpha1.ConditionReady)
	is := conditions.Reason(s.account.Status.Conditions, v1alpha1.ConditionReady)
	if is == was {
		return
	}
	if is == v1alpha1.ReasonIdentityConfirmed {
		r.Recorder.Eventf(s.account, nil, corev1.EventTypeNormal, is, "Confirm", "The account role and the roles of %s were assumed",
			number.Of(len(s.account.Spec.Grants), "grant"))
		return
	}
	r.Recorder.Eventf(s.account, nil, corev1.EventTypeWarning, is, "Confirm", "%d of %d roles do not work; the condition Ready names them",
		len(s.troubles), len(s.account.Spec.Grants)+1)
}
