package detection

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

const (
	// sessionName is what CloudTrail shows for the calls of this package.
	sessionName = "runbook-operator-detection"
	// mostAtOnce is how many Regions of an account are read at once: one that hangs must not use up the interval of all.
	mostAtOnce = 8
	// moment is the longest that a reading waits for the operator's own budget of calls and is not in trouble.
	moment = time.Second
	// mutingWaits is how long a reading waits for the budget of calls to learn which alarms are muted. A process that just
	// started asks about each mute rule once.
	mutingWaits = 10 * time.Second
)

// reading is what the account role sees in one Region. One that the budget of calls held up goes on where it stopped.
type reading struct {
	access  aws.Access
	names   []string  // alarms of open Incidents, and of the history, asked for by name
	since   time.Time // from when the history is read; zero: not at all
	started time.Time // world time

	firing  []alarms.Alarm          // in ALARM
	listed  bool                    // firing was read
	history []alarms.Transition     // to ALARM, since then
	named   map[string]alarms.Alarm // by name; nil where they were not read
	fault   *fault.Fault            // why something was not read

	muting  alarms.Muting // which alarms are muted; nil where that was not read
	unmuted *fault.Fault  // why it was not: no alarm counts as muted

	queries   queries
	truncated bool // the history is longer than what is read of it
	unbroken  bool // everything was read, so that nothing is missed if the next reading begins here
}

// queries are what a reading asks, each as far as it came.
type queries struct {
	firing, named *alarms.Query
	history       *alarms.History
}

// read reads the alarms of every Region that an application is in. What cannot be read in one does not keep the others
// from being read, and nothing is concluded from it.
func (r *Reconciler) read(ctx context.Context, s *scope) (bool, error) {
	s.readings = r.memory.resume(s.account, readingsOf(s.applications, s.account.Spec.AccountID), s.now)
	var group errgroup.Group
	group.SetLimit(mostAtOnce)
	for _, reading := range s.readings {
		group.Go(func() error {
			reading.fault = nil
			if err := r.readWith(ctx, reading, s.now); err != nil {
				reading.fault = fault.From(err)
			}
			return nil
		})
	}
	_ = group.Wait() // always nil: a reading keeps its own trouble
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.again = r.memory.suspend(s.account, s.readings, s.now)
	s.regions = combine(s.readings)
	return true, nil
}

// readWith reads what is left of a reading. A history that cannot be read keeps nothing else from being read.
func (r *Reconciler) readWith(ctx context.Context, reading *reading, now time.Time) error {
	session, err := r.AWS.Session(ctx, reading.access, sessionName)
	if err != nil {
		return err
	}
	if err := r.readMuting(ctx, session, reading, now); err != nil {
		return err
	}
	if !reading.listed {
		if reading.queries.firing == nil {
			reading.queries.firing = alarms.QueryFiring()
		}
		if err := reading.queries.firing.Read(ctx, session); err != nil {
			return err
		}
		reading.firing, reading.listed = reading.queries.firing.Alarms(), true
	}
	missed := lookBack(ctx, session, reading, now)
	if held(missed) {
		return missed
	}
	if reading.named == nil && len(reading.names) > 0 {
		if reading.queries.named == nil {
			reading.queries.named = alarms.QueryNames(reading.names)
		}
		if err := reading.queries.named.Read(ctx, session); err != nil {
			return err
		}
		reading.named = map[string]alarms.Alarm{}
		for _, alarm := range reading.queries.named.Alarms() {
			reading.named[alarm.Name] = alarm
		}
	}
	reading.unbroken = missed == nil
	return missed
}

// readMuting reads which alarms are muted, before any alarm that may open an Incident. Whatever is in its way keeps no
// alarm from being read: one that may be muted counts as not muted, as a page too many is better than one too few.
func (r *Reconciler) readMuting(ctx context.Context, session *aws.Session, reading *reading, now time.Time) error {
	if reading.muting != nil || reading.unmuted != nil {
		return nil // this reading was held up later on
	}
	muting, err := r.mutes.Read(ctx, session, now)
	switch {
	case err == nil:
		reading.muting = muting
	case held(err) && now.Sub(reading.started) < mutingWaits:
		return err
	default:
		reading.unmuted = fault.From(err)
	}
	return nil
}

// lookBack reads which alarms came to ALARM since the last reading, where that is long ago.
func lookBack(ctx context.Context, session *aws.Session, reading *reading, now time.Time) error {
	if reading.since.IsZero() || reading.history != nil {
		return nil
	}
	if reading.queries.history == nil {
		reading.queries.history = alarms.QueryHistory(reading.since, now)
	}
	if err := reading.queries.history.Read(ctx, session); err != nil {
		return err
	}
	reading.truncated = reading.queries.history.Truncated()
	reading.history = append([]alarms.Transition{}, reading.queries.history.Transitions()...)
	for _, t := range reading.history {
		reading.names = append(reading.names, t.Name)
	}
	return nil
}

// held says whether a call was held back for a moment only, by the operator's own budget or by AWS.
func held(err error) bool {
	if err == nil {
		return false
	}
	f := fault.From(err)
	return f.Class == fault.Waiting && f.After > 0 && f.After <= moment
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

// region is where a reading reads.
func (r *reading) region() v1alpha1.Region { return v1alpha1.Region(r.access.Region) }
