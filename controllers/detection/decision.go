package detection

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
)

// mostPreexisting is how many alarms the status of an application lists as preexisting.
const mostPreexisting = 64

// mostFollowed is how many Runbooks an Incident follows.
const mostFollowed = 8

// decision is what has to be written for one application.
type decision struct {
	status   v1alpha1.ServerlessApplicationStatus // with the lists as they have to be
	openings []opening
	changes  []change
	unplaced []string // alarms that no Runbook is for, or that no Incident has room for
}

// opening is an Incident to open.
type opening struct {
	concern v1alpha1.Concern
	signals []v1alpha1.Signal // the first opens it
}

// change is an open Incident whose signals have to be written.
type change struct {
	incident *v1alpha1.Incident
	signals  []v1alpha1.SignalStatus // all of them
	joined   []string                // names of those that are new
}

// news says whether signals are waiting for a place, which is looked up live before it is taken.
func (d decision) news() bool {
	return len(d.openings) > 0 || slices.ContainsFunc(d.changes, func(c change) bool { return len(c.joined) > 0 })
}

// decide compares what is known of an application with what was seen. It changes nothing that it is given. What was
// seen of some alarms only says nothing of the others: the lists are those of the last reading of all.
func decide(a *application, f *facts, accountID string, now time.Time) decision {
	d := decision{status: *a.object.Status.DeepCopy()}
	switch {
	case d.status.WatchedSince == nil && f.partial:
		return d // the first reading of all says which alarms are preexisting
	case d.status.WatchedSince == nil:
		since := second(now)
		d.status.WatchedSince = &since
		d.status.PreexistingAlarms = transitions(present(slices.Concat(a.owned, a.ambiguous)))
	default:
		d.status.PreexistingAlarms = still(d.status.PreexistingAlarms, f)
	}
	joins := d.assign(a)
	if !f.partial {
		d.status.UnmatchedAlarms = counted(d.unplaced)
		d.status.AmbiguousAlarms = counted(namesOf(present(a.ambiguous)))
	}
	d.follow(a, f, joins, accountID, now)
	return d
}

// present are the alarms that are in ALARM now.
func present(list []owned) []owned {
	return slices.DeleteFunc(slices.Clone(list), func(o owned) bool { return o.past })
}

func namesOf(list []owned) []string {
	var names []string
	for _, o := range list {
		names = append(names, o.alarm.Name)
	}
	return names
}

// assign gives each new signal a place: an open Incident of its concern, else an Incident to open. Returned are the
// signals that join open Incidents. An alarm that was in ALARM before the application was watched is none of its own.
func (d *decision) assign(a *application) map[*v1alpha1.Incident][]v1alpha1.Signal {
	joins := map[*v1alpha1.Incident][]v1alpha1.Signal{}
	for _, o := range a.owned {
		if o.past && o.alarm.TransitionedAt.Before(d.status.WatchedSince.Time) {
			continue
		}
		runbooks := triggered(o.alarm, a.runbooks)
		placed := len(runbooks) > 0
		for _, concern := range slices.Sorted(maps.Keys(runbooks)) {
			incidents := withConcern(a.incidents, concern)
			if listed(d.status.PreexistingAlarms, o.alarm) || handled(incidents, o.alarm, o.past) {
				continue
			}
			signal := signalOf(o, runbooks[concern])
			if incident := joinable(incidents, signal.AlarmName); incident == nil {
				placed = d.open(concern, signal) && placed
			} else if room(incident, len(joins[incident])) {
				joins[incident] = append(joins[incident], signal)
			} else {
				placed = false
			}
		}
		if !placed {
			d.unplaced = append(d.unplaced, o.alarm.Name)
		}
	}
	return joins
}

// open adds a signal to the Incident that is to be opened for a concern, if there is room.
func (d *decision) open(concern v1alpha1.Concern, signal v1alpha1.Signal) bool {
	i := slices.IndexFunc(d.openings, func(o opening) bool { return o.concern == concern })
	if i < 0 {
		d.openings = append(d.openings, opening{concern: concern, signals: []v1alpha1.Signal{signal}})
		return true
	}
	if len(d.openings[i].signals) >= mostSignals {
		return false
	}
	d.openings[i].signals = append(d.openings[i].signals, signal)
	return true
}

// follow brings the signals of open Incidents up to date.
func (d *decision) follow(a *application, f *facts, joins map[*v1alpha1.Incident][]v1alpha1.Signal, accountID string, now time.Time) {
	for i := range a.incidents {
		incident := &a.incidents[i]
		if !open(incident) {
			continue
		}
		c := change{incident: incident}
		for _, signal := range recorded(incident) {
			c.signals = append(c.signals, current(signal, f, a.object, accountID, now))
		}
		for _, signal := range joins[incident] {
			c.signals = append(c.signals, current(asStatus(signal), f, a.object, accountID, now))
			c.joined = append(c.joined, signal.AlarmName)
		}
		if !slices.EqualFunc(c.signals, incident.Status.Signals, sameSignal) {
			d.changes = append(d.changes, c)
		}
	}
}

// withConcern returns the Incidents of a concern, as they are in the list.
func withConcern(incidents []v1alpha1.Incident, concern v1alpha1.Concern) []*v1alpha1.Incident {
	var list []*v1alpha1.Incident
	for i := range incidents {
		if cmp.Or(incidents[i].Spec.Concern, v1alpha1.ConcernAvailability) == concern {
			list = append(list, &incidents[i])
		}
	}
	return list
}

// signalOf makes the signal of an alarm. It names the Runbooks that the alarm triggers, as many as an Incident follows.
func signalOf(o owned, runbooks []string) v1alpha1.Signal {
	return v1alpha1.Signal{
		AlarmName: o.alarm.Name, AlarmARN: o.alarm.ARN, FunctionName: o.function,
		TransitionedAt: second(o.alarm.TransitionedAt), Silenced: o.alarm.Silenced(),
		Runbooks: runbooks[:min(mostFollowed, len(runbooks))],
	}
}

// transitions lists the alarms that are in ALARM when an application is first looked at. Those beyond what the status
// holds open an Incident like any other: one too many is better than one too few.
func transitions(all []owned) []v1alpha1.AlarmTransition {
	var list []v1alpha1.AlarmTransition
	for _, o := range all[:min(mostPreexisting, len(all))] {
		list = append(list, v1alpha1.AlarmTransition{Name: o.alarm.Name, TransitionedAt: second(o.alarm.TransitionedAt)})
	}
	return list
}

// still keeps the preexisting alarms that have been in ALARM ever since, as far as they were looked at.
func still(list []v1alpha1.AlarmTransition, f *facts) []v1alpha1.AlarmTransition {
	return slices.DeleteFunc(list, func(t v1alpha1.AlarmTransition) bool {
		alarm, exists := f.named[t.Name]
		if !exists && f.partial {
			return false
		}
		if !exists || alarm.State != v1alpha1.AlarmFiring {
			return true
		}
		at := second(alarm.TransitionedAt)
		return t.TransitionedAt.Before(&at)
	})
}

// listed says whether an alarm is preexisting. It is called after still.
func listed(list []v1alpha1.AlarmTransition, alarm alarms.Alarm) bool {
	return slices.ContainsFunc(list, func(t v1alpha1.AlarmTransition) bool { return t.Name == alarm.Name })
}
