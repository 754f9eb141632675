package aws

import (
	"context"
	"sync"
	"time"

	"github.com/aws/smithy-go"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// tellAgain is how soon the same trouble with a call is told again that was over or another meanwhile, wall time.
const tellAgain = time.Minute

// teller tells the log of trouble with calls: when it begins, becomes another, and ends, and not each time that a call is
// tried. Status has what people need to act; the log has the same in one place, with the cause and when.
type teller struct {
	mu sync.Mutex
	of map[call]*troubled
}

type call struct {
	place
	action string // service:Operation
}

type troubled struct {
	now  string // the trouble that was told and is not over; empty: there is none
	told map[string]time.Time
}

func newTeller() *teller { return &teller{of: map[call]*troubled{}} }

// worthTelling says of which outcomes a person may want to know. The others are answers that the work expects.
func worthTelling(o outcome) bool {
	switch o {
	case outcomeUnavailable, outcomeDenied, outcomeExpired, outcomeThrottled, outcomeBusy, outcomeRefused:
		return true
	}
	return false
}

// tell is told how every call ended that was sent.
func (t *teller) tell(ctx context.Context, p place, service, operation string, o outcome, err error, now time.Time) {
	action := service + ":" + operation
	err = &smithy.OperationError{ServiceID: service, OperationName: operation, Err: err} // the SDK says so only later
	if o == outcomeCanceled || o == outcomeNotSent {
		return // it says nothing of AWS
	}
	kind, means := "", ""
	if worthTelling(o) {
		// The kinds are few: text from outside, such as a code that nobody knows, makes no new one.
		kind, means = string(o)+rowOf(answerOf(err)).says, fault.From(Fault(err, action)).Message
		if o == outcomeUnavailable {
			kind = lostOf(err).what
		}
	}
	t.say(ctx, call{place: p, action: action}, kind, means, cause(err), now)
}

// say writes a line about a call where its trouble is new. No kind: it has none.
func (t *teller) say(ctx context.Context, c call, kind, means string, cause error, now time.Time) {
	was, isNew := t.note(c, kind, now)
	if !isNew {
		return
	}
	l := log.FromContext(ctx).WithName("aws").WithValues("call", c.action, "account", c.account, "region", c.region)
	if kind == "" {
		l.Info("Trouble with a call of AWS is over", "was", was)
		return
	}
	l.Info("Trouble with a call of AWS", "cause", cause.Error(), "means", means)
}

// note keeps what a call is troubled by, and says whether that is worth a line.
func (t *teller) note(c call, kind string, now time.Time) (was string, isNew bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s, ok := t.of[c]
	if !ok {
		if kind == "" {
			return "", false
		}
		s = &troubled{told: map[string]time.Time{}}
		t.of[c] = s
	}
	last, before := s.told[kind]
	if was = s.now; kind == was || kind != "" && before && now.Sub(last) < tellAgain {
		return was, false
	}
	s.now, s.told[kind] = kind, now
	return was, true
}
