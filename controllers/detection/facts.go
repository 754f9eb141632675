package detection

import (
	"cmp"
	"slices"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
)

// facts are what is known of the alarms of one Region, whoever saw them.
type facts struct {
	firing  []alarms.Alarm          // in ALARM, each once, sorted by transition and name
	past    []alarms.Alarm          // as they were at their last transition to ALARM, which is over; sorted alike
	named   map[string]alarms.Alarm // every alarm that was seen, as it was seen latest
	gone    map[string]bool         // names that were asked for and do not exist
	partial bool                    // only some alarms were looked at
}

func newFacts() *facts {
	return &facts{named: map[string]alarms.Alarm{}, gone: map[string]bool{}}
}

// combine puts together what was seen in each Region. Where an alarm was seen twice, the later transition counts.
func combine(readings []*reading) map[v1alpha1.Region]*facts {
	regions := map[v1alpha1.Region]*facts{}
	for _, reading := range readings {
		if !reading.listed {
			continue
		}
		f := regions[reading.region()]
		if f == nil {
			f = newFacts()
			regions[reading.region()] = f
		}
		for _, alarm := range reading.firing {
			f.saw(reading.muting.Mark(alarm))
		}
		for _, alarm := range reading.named {
			f.saw(reading.muting.Mark(alarm))
		}
	}
	for _, reading := range readings {
		if reading.named == nil || !reading.listed {
			continue
		}
		f := regions[reading.region()]
		for _, name := range reading.names {
			if _, exists := f.named[name]; !exists {
				f.gone[name] = true
			}
		}
		for _, t := range reading.history {
			f.was(t)
		}
	}
	for _, f := range regions {
		f.sort()
	}
	return regions
}

// saw notes an alarm, unless it was seen with a later transition. Names are unique in an account and Region
// (CloudWatch API reference, PutMetricAlarm).
func (f *facts) saw(alarm alarms.Alarm) {
	if before, exists := f.named[alarm.Name]; exists && before.TransitionedAt.After(alarm.TransitionedAt) {
		return
	}
	f.named[alarm.Name] = alarm
}

// was notes that an alarm came to ALARM, if it is not in ALARM any more: whoever still is, is seen as it is. Of several
// times the last counts, and an Incident that it opens follows the alarm from there.
func (f *facts) was(t alarms.Transition) {
	alarm, exists := f.named[t.Name]
	if !exists || alarm.State == v1alpha1.AlarmFiring || t.At.After(alarm.TransitionedAt) {
		return
	}
	alarm.State, alarm.TransitionedAt = v1alpha1.AlarmFiring, t.At
	i := slices.IndexFunc(f.past, func(a alarms.Alarm) bool { return a.Name == t.Name })
	switch {
	case i < 0:
		f.past = append(f.past, alarm)
	case f.past[i].TransitionedAt.Before(t.At):
		f.past[i] = alarm
	}
}

// sort fills what is in ALARM, and puts everything in order.
func (f *facts) sort() {
	for _, alarm := range f.named {
		if alarm.State == v1alpha1.AlarmFiring {
			f.firing = append(f.firing, alarm)
		}
	}
	for _, list := range [][]alarms.Alarm{f.firing, f.past} {
		slices.SortFunc(list, func(a, b alarms.Alarm) int {
			return cmp.Or(a.TransitionedAt.Compare(b.TransitionedAt), cmp.Compare(a.Name, b.Name))
		})
	}
}
