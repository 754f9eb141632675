package detection

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// mostSignals is how many signals the status of an Incident holds.
const mostSignals = 32

// open says whether signals may join an Incident. One that a person made and that makes no sense as it is written
// would swallow a signal: nobody investigates it.
func open(incident *v1alpha1.Incident) bool {
	if !incident.DeletionTimestamp.IsZero() || resolved(incident) {
		return false
	}
	if incident.Spec.Signal != nil {
		return true
	}
	for _, c := range incident.Status.Conditions {
		if c.Type == v1alpha1.ConditionAccepted && c.Status == metav1.ConditionFalse {
			return c.Reason == v1alpha1.ReasonNotGranted
		}
	}
	return true
}

func resolved(incident *v1alpha1.Incident) bool {
	return conditions.IsTrue(incident.Status.Conditions, v1alpha1.ConditionResolved)
}

// recorded lists the signals of an Incident with the one that opened it, which is missing from the status when the
// operator stopped right after it created the Incident.
func recorded(incident *v1alpha1.Incident) []v1alpha1.SignalStatus {
	signals := slices.Clone(incident.Status.Signals)
	first := incident.Spec.Signal
	if first == nil || slices.ContainsFunc(signals, func(s v1alpha1.SignalStatus) bool { return s.AlarmName == first.AlarmName }) {
		return signals
	}
	return append(signals, asStatus(*first))
}

// asStatus is a signal as it stands when it joins.
func asStatus(s v1alpha1.Signal) v1alpha1.SignalStatus {
	return v1alpha1.SignalStatus{
		AlarmName: s.AlarmName, AlarmARN: s.AlarmARN, FunctionName: s.FunctionName, Silenced: s.Silenced,
		Runbooks: slices.Clone(s.Runbooks), State: v1alpha1.AlarmFiring, TransitionedAt: s.TransitionedAt,
	}
}

// handled says whether an alarm's present time in ALARM is known to one of the Incidents of its concern. An open
// Incident that has the alarm as a signal follows it through every state. Of a resolved one, the recorded transition is
// compared with the alarm's: answers of AWS are eventually consistent, and one of the past must not open a second
// Incident. A time in ALARM that is over, and that began in the second of the recorded transition, is the Incident's own:
// the alarm recovered within that second. What is neither open nor resolved knows nothing.
func handled(incidents []*v1alpha1.Incident, alarm alarms.Alarm, past bool) bool {
	at := second(alarm.TransitionedAt)
	for _, incident := range incidents {
		if !open(incident) && !resolved(incident) {
			continue
		}
		for _, signal := range recorded(incident) {
			if signal.AlarmName != alarm.Name || signal.AlarmARN != alarm.ARN {
				continue
			}
			if open(incident) || at.Before(&signal.TransitionedAt) ||
				at.Equal(&signal.TransitionedAt) && (past || signal.State == v1alpha1.AlarmFiring) {
				return true
			}
		}
	}
	return false
}

// room says whether a signal can join an Incident: its status does not hold any number of them.
func room(incident *v1alpha1.Incident, joining int) bool {
	return len(recorded(incident))+joining < mostSignals
}

// joinable returns the open Incident that the signal of an alarm joins: the oldest that has no other alarm of that name.
// A status names each alarm once, and one of a Region that the application left can have the name.
func joinable(incidents []*v1alpha1.Incident, alarm string) *v1alpha1.Incident {
	var oldest *v1alpha1.Incident
	for _, incident := range incidents {
		taken := slices.ContainsFunc(recorded(incident), func(s v1alpha1.SignalStatus) bool { return s.AlarmName == alarm })
		if open(incident) && !taken && (oldest == nil || older(incident, oldest)) {
			oldest = incident
		}
	}
	return oldest
}

func older(a, b *v1alpha1.Incident) bool {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name)) < 0
}

// next is the number of the application's next episode. Incidents that are still there from an earlier application of
// the same name count as well, because their names are taken.
func next(app *v1alpha1.ServerlessApplication, incidents []v1alpha1.Incident) int64 {
	highest := app.Status.Episode
	for i := range incidents {
		suffix, found := strings.CutPrefix(incidents[i].Name, app.Name+"-")
		if n, err := strconv.ParseInt(suffix, 10, 32); found && err == nil {
			highest = max(highest, n)
		}
	}
	return highest + 1
}

// second is a time as the API server keeps it, so that what is compared does not depend on where it was.
func second(t time.Time) metav1.Time { return metav1.NewTime(t.UTC().Truncate(time.Second)) }
