package detection

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

const (
	// sessionName is what CloudTrail shows for the calls of this controller.
	sessionName = "runbook-operator-detection"
	// mostAtOnce is how many Regions of an account are read at once: one that hangs must not use up the interval of all.
	mostAtOnce = 8
)

// reading is what the account role sees in one Region.
type reading struct {
	access aws.Access
	names  []string // alarms of open Incidents, asked for by name

	firing []alarms.Alarm          // in ALARM
	listed bool                    // firing was read
	named  map[string]alarms.Alarm // by name; nil where they were not read
	fault  *fault.Fault            // why something was not read
}

// facts are what is known of the alarms of one Region, whichever role saw them.
type facts struct {
	firing []alarms.Alarm          // in ALARM, each once, sorted by transition and name
	named  map[string]alarms.Alarm // every alarm that was seen, as it was seen latest
	gone   map[string]bool         // names that were asked for and do not exist
}

// read reads the alarms of every Region that an application is in. What cannot be read in one does not keep the others
// from being read, and nothing is concluded from it.
func (r *Reconciler) read(ctx context.Context, s *scope) (bool, error) {
	s.readings = readingsOf(s.applications, s.account.Spec.AccountID)
	var group errgroup.Group
	group.SetLimit(mostAtOnce)
	for _, reading := range s.readings {
		group.Go(func() error {
			if err := r.readWith(ctx, reading); err != nil {
				reading.fault = fault.From(err)
			}
			return nil
		})
	}
	_ = group.Wait() // always nil: a reading keeps its own trouble
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.regions = combine(s.readings)
	return true, nil
}

func (r *Reconciler) readWith(ctx context.Context, reading *reading) error {
	session, err := r.AWS.Session(ctx, reading.access, sessionName)
	if err != nil {
		return err
	}
	if reading.firing, err = alarms.Firing(ctx, session); err != nil {
		return err
	}
	reading.listed = true
	if len(reading.names) == 0 {
		return nil
	}
	named, err := alarms.ByName(ctx, session, reading.names)
	if err != nil {
		return err
	}
	reading.named = named
	return nil
}

// readingsOf lists the Regions to read in, each once, with the alarms to ask for by name.
func readingsOf(applications []*application, accountID string) []*reading {
	byAccess := map[aws.Access]*reading{}
	names := map[aws.Access]map[string]bool{}
	for _, a := range applications {
		if !a.ready {
			continue
		}
		if byAccess[a.access] == nil {
			byAccess[a.access] = &reading{access: a.access}
			names[a.access] = map[string]bool{}
		}
		for i := range a.incidents {
			if !open(&a.incidents[i]) {
				continue
			}
			for _, signal := range recorded(&a.incidents[i]) {
				if of(signal.AlarmARN, a.access.Region, accountID) {
					names[a.access][signal.AlarmName] = true
				}
			}
		}
	}
	readings := make([]*reading, 0, len(byAccess))
	for access, reading := range byAccess {
		reading.names = slices.Sorted(maps.Keys(names[access]))
		readings = append(readings, reading)
	}
	slices.SortFunc(readings, func(a, b *reading) int {
		return cmp.Or(cmp.Compare(a.access.Region, b.access.Region), cmp.Compare(a.access.RoleARN, b.access.RoleARN))
	})
	return readings
}

// combine puts together what was seen in each Region. Where two roles saw one alarm, the later transition counts.
func combine(readings []*reading) map[v1alpha1.Region]*facts {
	regions := map[v1alpha1.Region]*facts{}
	for _, reading := range readings {
		if !reading.listed {
			continue
		}
		region := v1alpha1.Region(reading.access.Region)
		f := regions[region]
		if f == nil {
			f = &facts{named: map[string]alarms.Alarm{}, gone: map[string]bool{}}
			regions[region] = f
		}
		for _, alarm := range reading.firing {
			f.saw(alarm)
		}
		for _, alarm := range reading.named {
			f.saw(alarm)
		}
	}
	for _, reading := range readings {
		if reading.named == nil {
			continue
		}
		f := regions[v1alpha1.Region(reading.access.Region)]
		for _, name := range reading.names {
			if _, exists := f.named[name]; !exists {
				f.gone[name] = true
			}
		}
	}
	for _, f := range regions {
		for _, alarm := range f.named {
			if alarm.State == v1alpha1.AlarmFiring {
				f.firing = append(f.firing, alarm)
			}
		}
		slices.SortFunc(f.firing, func(a, b alarms.Alarm) int {
			return cmp.Or(a.TransitionedAt.Compare(b.TransitionedAt), cmp.Compare(a.Name, b.Name))
		})
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
