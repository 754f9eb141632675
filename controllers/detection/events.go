package detection

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// announceOpened says that an Incident was opened, and by what.
func (r *Reconciler) announceOpened(incident *v1alpha1.Incident, app *v1alpha1.ServerlessApplication) {
	r.Recorder.Eventf(incident, app, corev1.EventTypeWarning, v1alpha1.ReasonOpened, "Open", "Alarm %q of function %s is in ALARM",
		incident.Spec.Signal.AlarmName, incident.Spec.Signal.FunctionName)
}

// announceJoined says that further signals joined an Incident.
func (r *Reconciler) announceJoined(incident *v1alpha1.Incident, app *v1alpha1.ServerlessApplication, names []string) {
	for _, name := range names {
		r.Recorder.Eventf(incident, app, corev1.EventTypeNormal, v1alpha1.ReasonSignalJoined, "Join", "Alarm %q is in ALARM as well", name)
	}
}

// announceAgain says which signals of an Incident recovered and are in ALARM again: whoever was told that it is held or
// recovering has to know.
func (r *Reconciler) announceAgain(incident *v1alpha1.Incident, app *v1alpha1.ServerlessApplication, before []v1alpha1.SignalStatus) {
	for _, sig := range incident.Status.Signals {
		again := slices.ContainsFunc(before, func(old v1alpha1.SignalStatus) bool {
			return old.AlarmName == sig.AlarmName && sig.State == v1alpha1.AlarmFiring && old.TransitionedAt.Before(&sig.TransitionedAt)
		})
		if again {
			r.Recorder.Eventf(incident, app, corev1.EventTypeWarning, v1alpha1.ReasonFiringAgain, "Follow", "Alarm %q of function %s is in ALARM again since %s",
				sig.AlarmName, sig.FunctionName, sig.TransitionedAt.UTC().Format(time.RFC3339))
		}
	}
}

// announce emits an event when the reason of Detecting changed.
func (r *Reconciler) announce(s *scope) {
	was := conditions.Reason(s.before.Status.Conditions, v1alpha1.ConditionDetecting)
	is := conditions.Reason(s.account.Status.Conditions, v1alpha1.ConditionDetecting)
	switch {
	case is == was:
	case is == v1alpha1.ReasonMutingUnknown:
		r.Recorder.Eventf(s.account, nil, corev1.EventTypeWarning, is, "Detect", "Alarms are read, and not which of them are muted: none counts as muted; the condition Detecting says why")
	case conditions.IsTrue(s.account.Status.Conditions, v1alpha1.ConditionDetecting):
		c := meta.FindStatusCondition(s.account.Status.Conditions, v1alpha1.ConditionDetecting)
		r.Recorder.Eventf(s.account, nil, corev1.EventTypeNormal, is, "Detect", "%s", c.Message)
	default:
		r.Recorder.Eventf(s.account, nil, corev1.EventTypeWarning, is, "Detect", "Alarms are not read with every role; the condition Detecting names them")
	}
}

// announceTruncated says that more happened while nobody looked than is looked up.
func (r *Reconciler) announceTruncated(account *v1alpha1.AWSAccount, reading *reading) {
	r.Recorder.Eventf(account, nil, corev1.EventTypeWarning, v1alpha1.ReasonHistoryTruncated, "LookBack",
		"Alarms in %s changed their state so often since %s that the earliest changes were not looked at: look for them in the history of CloudWatch",
		reading.access.Region, reading.since.UTC().Format(time.RFC3339))
}
