package detection

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
)

// mostNames is how many alarms a status names, beside their count.
const mostNames = 20

// owned is an alarm in ALARM and the function of an application that its dimensions name.
type owned struct {
	alarm    alarms.Alarm
	function v1alpha1.FunctionName
	past     bool // it was in ALARM, and is not any more
}

// place finds the application of every alarm that is in ALARM, or was, among those of every AWSAccount of the account.
func (r *Reconciler) place(_ context.Context, s *scope) (bool, error) {
	all := slices.Concat(s.applications, s.siblings)
	for region, f := range s.regions {
		applications := inRegion(all, region)
		s.unmatched = append(s.unmatched, belong(f.firing, false, applications)...)
		belong(f.past, true, applications)
	}
	slices.Sort(s.unmatched)
	return true, nil
}

func inRegion(applications []*application, region v1alpha1.Region) []*application {
	var list []*application
	for _, a := range applications {
		if a.object.Spec.AWS.Region == region {
			list = append(list, a)
		}
	}
	return list
}

// belong gives each alarm to the one application whose function it names. An alarm that names functions of more than
// one is ambiguous for each of them. An application that is not Ready owns nothing and makes nothing ambiguous: it may
// name functions that its namespace was never granted. Returned are the alarms that nobody owns, for the account's
// administrator, with the applications that name their functions but are not Ready.
func belong(firing []alarms.Alarm, past bool, applications []*application) []string {
	var nobody []string
	for _, alarm := range firing {
		var owners, waiting []*application
		functions := map[*application]v1alpha1.FunctionName{}
		for _, a := range applications {
			function, names := alarm.Function(a.object.Spec.Functions)
			switch {
			case !names:
			case a.ready:
				owners, functions[a] = append(owners, a), function
			default:
				waiting = append(waiting, a)
			}
		}
		switch len(owners) {
		case 0:
			nobody = append(nobody, describe(alarm.Name, waiting))
		case 1:
			owners[0].owned = append(owners[0].owned, owned{alarm, functions[owners[0]], past})
		default:
			for _, a := range owners {
				a.ambiguous = append(a.ambiguous, owned{alarm, functions[a], past})
			}
		}
	}
	return nobody
}

// describe names an alarm that nobody owns.
func describe(alarm string, waiting []*application) string {
	const most = 300 // of a name in the status
	if len(waiting) == 0 {
		return alarm
	}
	slices.SortFunc(waiting, func(a, b *application) int { return cmp.Compare(a.key().String(), b.key().String()) })
	text := fmt.Sprintf("%s (application %s is not Ready)", alarm, waiting[0].key())
	if len(waiting) > 1 {
		text = fmt.Sprintf("%s (application %s and %d more are not Ready)", alarm, waiting[0].key(), len(waiting)-1)
	}
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}

// triggered groups the names of the Runbooks that an alarm triggers by their concern, sorted. Empty means that no Runbook
// of the application is for such an alarm.
func triggered(alarm alarms.Alarm, runbooks []*v1alpha1.Runbook) map[v1alpha1.Concern][]string {
	names := map[v1alpha1.Concern][]string{}
	for _, runbook := range runbooks {
		if slices.ContainsFunc(runbook.Spec.Triggers, alarm.Matches) {
			concern := cmp.Or(runbook.Spec.Concern, v1alpha1.ConcernAvailability)
			names[concern] = append(names[concern], runbook.Name)
		}
	}
	for _, list := range names {
		slices.Sort(list)
	}
	return names
}

// counted makes a list for a status: the count, and the first names, sorted. Nil where there is none.
func counted(names []string) *v1alpha1.UnmatchedAlarms {
	if len(names) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(names))
	return &v1alpha1.UnmatchedAlarms{
		Count: int32(len(sorted)),
		Names: sorted[:min(mostNames, len(sorted))],
	}
}
