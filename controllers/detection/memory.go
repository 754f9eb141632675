package detection

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

const (
	// mostBack is how far back the history of alarms is read at most.
	mostBack = 24 * time.Hour
	// longGap between two readings is more than the readings themselves explain: alarms may have fired and recovered.
	longGap = 3 * interval
	// overlap of two readings of the history: it shows a change some time after it happened.
	overlap = time.Minute
	// writtenEvery is how old the time of the last reading in the status may become. It is what a new process knows.
	writtenEvery = 5 * time.Minute
	// mostHeld is how long a reading goes on where it stopped, before it begins anew.
	mostHeld = 5 * time.Minute
)

// memory is what this process knows of its readings. Nothing depends on it but how much is read again: a process that
// knows nothing looks back to the time in the status.
type memory struct {
	mu       sync.Mutex
	accounts map[string]*recollection
}

// recollection is what is known of one account.
type recollection struct {
	uid        string
	generation int64
	readAt     time.Time                     // the last reading of all Regions that there were
	until      map[v1alpha1.Region]time.Time // the last reading of each that missed nothing
	held       map[v1alpha1.Region]*reading  // those that are not finished
	blind      bool                          // something was not read the last time
}

// of returns what is known of an account. Only the Reconcile of that account, of which there is one at a time, touches
// it.
func (m *memory) of(account *v1alpha1.AWSAccount) *recollection {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.accounts[account.Name]
	if k == nil || k.uid != string(account.UID) {
		k = &recollection{uid: string(account.UID), until: map[v1alpha1.Region]time.Time{}, held: map[v1alpha1.Region]*reading{}}
		m.accounts[account.Name] = k
	}
	return k
}

// forget drops what is known of an account that is being deleted.
func (m *memory) forget(account string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.accounts, account)
}

// rest ends a Reconcile that comes before the next reading is due: every write of the status wakes this controller too.
func (r *Reconciler) rest(_ context.Context, s *scope) (bool, error) {
	s.again = r.memory.rest(s)
	return s.again == 0, nil
}

// rest is how long to wait until the next reading: zero where one is due, the last one failed, or an application was
// never looked at.
func (m *memory) rest(s *scope) time.Duration {
	k := m.of(s.account)
	if k.readAt.IsZero() || k.generation != s.account.Generation || len(k.held) > 0 || k.blind ||
		slices.ContainsFunc(s.applications, func(a *application) bool { return a.ready && a.object.Status.WatchedSince == nil }) {
		return 0
	}
	return max(0, k.readAt.Add(interval).Sub(s.now))
}

// resume returns the readings that were held up in place of those that are to begin, and says from when each of the
// others reads the history.
func (m *memory) resume(account *v1alpha1.AWSAccount, readings []*reading, now time.Time) []*reading {
	k := m.of(account)
	for i, reading := range readings {
		if held := k.held[reading.region()]; held != nil && held.access == reading.access && now.Sub(held.started) < mostHeld {
			readings[i] = held
			continue
		}
		reading.started, reading.since = now, k.gap(account, reading.region(), now)
	}
	return readings
}

// gap returns the time from which alarms may have fired and recovered unseen, or zero where there is no such time: the
// last reading was a moment ago, or there was none.
func (k *recollection) gap(account *v1alpha1.AWSAccount, region v1alpha1.Region, now time.Time) time.Time {
	last, known := k.until[region]
	if known && now.Sub(last) <= longGap {
		return time.Time{}
	}
	if !known {
		i := slices.IndexFunc(account.Status.Readings, func(r v1alpha1.AlarmReading) bool { return r.Region == region })
		if i < 0 {
			return time.Time{}
		}
		last = account.Status.Readings[i].Until.Time
	}
	since := last.Add(-overlap)
	if earliest := now.Add(-mostBack); since.Before(earliest) {
		since = earliest
	}
	return since
}

// suspend keeps the readings that were held up for a moment, and returns when to go on with them. That is no trouble,
// unless it lasts.
func (m *memory) suspend(account *v1alpha1.AWSAccount, readings []*reading, now time.Time) time.Duration {
	k := m.of(account)
	again := time.Duration(0)
	clear(k.held)
	for _, reading := range readings {
		if reading.fault == nil || !held(reading.fault) {
			continue
		}
		k.held[reading.region()] = reading
		if again == 0 || reading.fault.After < again {
			again = reading.fault.After
		}
		if now.Sub(reading.started) < interval {
			reading.fault = nil
		}
	}
	return again
}

// followed notes that everything that follows from the readings is written: the next look back begins here. It brings
// the status up to date where that is old.
func (m *memory) followed(s *scope) {
	k := m.of(s.account)
	k.readAt, k.generation = s.now, s.account.Generation
	k.blind = slices.ContainsFunc(s.readings, func(r *reading) bool { return r.fault != nil })
	for _, reading := range s.readings {
		if !reading.unbroken {
			continue
		}
		region := reading.region()
		k.until[region] = reading.started
		list := &s.account.Status.Readings
		until := second(reading.started)
		i := slices.IndexFunc(*list, func(r v1alpha1.AlarmReading) bool { return r.Region == region })
		switch {
		case i < 0:
			*list = append(*list, v1alpha1.AlarmReading{Region: region, Until: until})
		case until.Sub((*list)[i].Until.Time) >= writtenEvery:
			(*list)[i].Until = until
		}
	}
}
