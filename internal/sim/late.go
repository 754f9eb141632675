package sim

import (
	"context"
	"slices"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

// postponed is a call that was served and takes effect later.
type postponed struct {
	at       time.Time
	ctx      context.Context //nolint:containedctx // of a call whose caller has gone
	call     *wire.Call
	sequence int // of its entry in the ledger
}

func (w *World) postpone(p postponed) {
	w.late = append(w.late, p)
	slices.SortStableFunc(w.late, func(a, b postponed) int { return a.at.Compare(b.at) })
}

// applyLate runs the calls that take effect up to t, each at its own moment in a world in which everything before has
// happened. Nobody hears of their outcome.
func (w *World) applyLate(t time.Time) {
	for len(w.late) > 0 && !w.late[0].at.After(t) {
		p := w.late[0]
		w.late = w.late[1:]
		if p.at.After(w.now) {
			w.now = p.at
		}
		w.cloudwatch.AdvanceTo(p.at)
		before := w.stateHash()
		_, _ = p.call.Invoke(p.ctx)
		w.ledger.Applied(p.sequence, p.at, w.stateHash() != before)
	}
}

// Outage lets a service be away from now on for d of the world's time, by its IAM prefix, or all of AWS for "*". What a
// caller gets is the effect, for example faults.Unavailable() or a reset; every try is in the ledger. It returns the ID
// of the rule, with which Faults().Remove ends it before.
func (w *World) Outage(service string, d time.Duration, e faults.Effect) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.catchUp()
	action := service
	if service != "*" {
		action += ":*"
	}
	return w.faults.Add(faults.Rule{Action: action, Until: w.now.Add(d), Effect: e})
}
