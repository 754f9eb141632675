package detection

import (
	"cmp"
	"context"
	"slices"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/phase"
	"github.com/runbook-operator/runbook-operator/internal/signal"
)

// mostTries is how often a write is tried in which another hand was faster.
const mostTries = 3

// follows opens and joins Incidents for the alarms that messages name, by the same rules as after a reading of all
// alarms, and notes what became of each message. What could not be written for one application keeps its messages, and no
// other's.
func (r *Receiver) follows(ctx context.Context, account *v1alpha1.AWSAccount, region v1alpha1.Region, letters []*letter) error {
	defer r.door.enter(account.Name)()
	seen := factsOf(letters)
	if len(seen.named) == 0 {
		return nil
	}
	var failed error
	for range mostTries {
		s := r.newScope(account.DeepCopy())
		s.regions[region] = seen
		if err := phase.Run(ctx, s, r.gather, r.place); err != nil {
			return err
		}
		_, failed = r.follow(ctx, s)
		dispose(letters, inRegion(s.applications, region))
		if failed == nil || !conflictsOnly(failed) {
			break
		}
	}
	return failed
}

// factsOf is what the messages that were confirmed say of their alarms.
func factsOf(letters []*letter) *facts {
	f := newFacts()
	f.partial = true
	for _, l := range letters {
		if l.confirmed {
			f.saw(l.present)
		}
	}
	for _, l := range letters {
		if l.confirmed && l.past {
			f.was(l.transition)
		}
	}
	f.sort()
	return f
}

// dispose says what became of the messages that were confirmed, after what follows from them was written. Where that
// failed, or waits for the first reading of an application, they stay undecided.
func dispose(letters []*letter, applications []*application) {
	for _, l := range letters {
		if !l.confirmed {
			continue
		}
		l.disposition = v1alpha1.ReasonUnmatched
		for _, a := range applications {
			if d, concerned := a.disposition(l.hint.Name); concerned {
				l.disposition = d
				break
			}
		}
	}
}

// disposition says what an application made of an alarm, if the alarm names a function of it.
func (a *application) disposition(alarm string) (d disposition, concerned bool) {
	is := func(o owned) bool { return o.alarm.Name == alarm }
	mine, shared := slices.ContainsFunc(a.owned, is), slices.ContainsFunc(a.ambiguous, is)
	switch {
	case !mine && !shared:
		return undecided, false
	case a.failed || a.object.Status.WatchedSince == nil:
		return undecided, true
	case shared:
		return v1alpha1.ReasonAmbiguous, true
	case slices.Contains(a.unplaced, alarm) && a.unsettled:
		return undecided, true // perhaps the edited Runbook is for it
	case slices.Contains(a.unplaced, alarm):
		return v1alpha1.ReasonUnmatched, true
	}
	return followed, true
}

// count notes in the status of the account what was ignored, before it is deleted. A message that no alarm fires any more
// is what a queue is full of, and is not counted.
func (r *Receiver) count(ctx context.Context, account *v1alpha1.AWSAccount, letters []*letter) error {
	ignored := map[disposition][]string{}
	for _, l := range letters {
		switch l.disposition {
		case undecided, followed, disposition(signal.NotFiring):
			continue
		}
		ignored[l.disposition] = append(ignored[l.disposition], l.known())
	}
	if len(ignored) == 0 {
		return nil
	}
	now := second(r.Clock.Now())
	return r.writeAccount(ctx, account.Name, func(live *v1alpha1.AWSAccount) {
		list := &live.Status.IgnoredMessages
		for reason, names := range ignored {
			i := slices.IndexFunc(*list, func(m v1alpha1.IgnoredMessages) bool { return m.Reason == string(reason) })
			if i < 0 {
				i, *list = len(*list), append(*list, v1alpha1.IgnoredMessages{Reason: string(reason)})
			}
			entry := &(*list)[i]
			entry.Count, entry.LastAt = entry.Count+int64(len(names)), now
			entry.Alarms = firstNames(entry.Alarms, names)
		}
		slices.SortFunc(*list, func(a, b v1alpha1.IgnoredMessages) int { return cmp.Compare(a.Reason, b.Reason) })
	})
}

// mostIgnoredNames is how many alarms the status names for one reason.
const mostIgnoredNames = 8

// firstNames adds names to the first ones, as long as there is room. They are sorted, each once.
func firstNames(first, more []string) []string {
	for _, name := range more {
		if name != "" && len(first) < mostIgnoredNames && !slices.Contains(first, name) {
			first = append(first, name)
		}
	}
	slices.Sort(first)
	return first
}
