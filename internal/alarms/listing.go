package alarms

import (
	"context"
	"sync"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

const (
	// listingHolds is for how long one reading of all alarms is given to everybody who asks, world time.
	listingHolds = time.Minute
	// listingLasts is after how long a reading that did not end is begun anew, world time: its pages are of another day.
	listingLasts = 5 * time.Minute
	// readingAgain is when to ask again, world time.
	readingAgain = 500 * time.Millisecond
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

// Read returns every alarm of the session's account and Region, sorted by name. They were all read at most a minute ago;
// where that took minutes, the first of them so much earlier: ask by name for states that matter. After a fault of the
// class Waiting, the next Read goes on. While somebody else reads, it does not wait for that.
func (l *Listing) Read(ctx context.Context, s *aws.Session, now time.Time) ([]Alarm, error) {
	one := l.one(s.Access())
	if !one.mu.TryLock() {
		return nil, again("somebody else is at it")
	}
	defer one.mu.Unlock()
	if !one.ended.IsZero() && now.Sub(one.ended) < listingHolds {
		return one.alarms, nil
	}
	if one.query == nil || now.Sub(one.begun) >= listingLasts {
		one.query, one.begun = queryAll(), now
	}
	resumed := one.query.pages > 0
	if err := one.query.Read(ctx, s); err != nil {
		class := fault.From(err).Class
		if class != fault.Waiting {
			one.query = nil // not by this token
		}
		if class == fault.Terminal && resumed {
			return nil, again("CloudWatch does not go on where it stopped") // the token of its last page grew old
		}
		return nil, err
	}
	one.alarms, one.ended, one.query = one.query.Alarms(), now, nil
	return one.alarms, nil
}

// again is the fault of a reading that is tried again in a moment.
func again(why string) error {
	f := fault.New(fault.Waiting, v1alpha1.ReasonAWSUnavailable, "%s: %s", reading, why)
	f.After, f.Refused = readingAgain, true
	return f
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
