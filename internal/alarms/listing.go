package alarms

import (
	"context"
	"sync"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

const (
	// listingHolds is for how long one reading of all alarms is given to everybody who asks, world time.
	listingHolds = time.Minute
	// listingLasts is after how long a reading that did not end is begun anew, world time: its pages are of another day.
	listingLasts = 5 * time.Minute
)

// Listing reads all alarms of an account and Region once for everybody who asks within a minute: thousands of alarms are
// dozens of pages, and detection needs the same calls. It is ready for use, and many goroutines may use it.
type Listing struct {
	mu sync.Mutex
	of map[aws.Access]*listed
}

type listed struct {
	mu     sync.Mutex
	query  *Query // under way; nil: none is
	begun  time.Time
	alarms []Alarm // the last that ended
	ended  time.Time
}

// Read returns every alarm of the session's account and Region, sorted by name, as it was at most a minute after it was
// read: ask for the states that matter by name. After a fault of the class Waiting, the next Read goes on.
func (l *Listing) Read(ctx context.Context, s *aws.Session, now time.Time) ([]Alarm, error) {
	one := l.one(s.Access())
	one.mu.Lock()
	defer one.mu.Unlock()
	if !one.ended.IsZero() && now.Sub(one.ended) < listingHolds {
		return one.alarms, nil
	}
	if one.query == nil || now.Sub(one.begun) >= listingLasts {
		one.query, one.begun = queryAll(), now
	}
	if err := one.query.Read(ctx, s); err != nil {
		if fault.From(err).Class != fault.Waiting {
			one.query = nil // not by this token
		}
		return nil, err
	}
	one.alarms, one.ended, one.query = one.query.Alarms(), now, nil
	return one.alarms, nil
}

func (l *Listing) one(a aws.Access) *listed {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[aws.Access]*listed{}
	}
	if l.of[a] == nil {
		l.of[a] = &listed{}
	}
	return l.of[a]
}
