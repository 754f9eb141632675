package env

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	testclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/controllers/controller"
)

const (
	// mostRounds is how many rounds may pass in one second of time before the driver calls it a hot loop.
	mostRounds = 50
	// firstBackoff and lastBackoff bound the delay after an error, as the operator's queue does.
	firstBackoff, lastBackoff = time.Second, time.Minute
)

// World is everything outside the cluster that happens by itself.
type World interface {
	// AdvanceTo lets time pass; the outcome does not depend on the number of steps.
	AdvanceTo(t time.Time)
	// Next is the next moment at which something happens by itself.
	Next() time.Time
}

// Driver takes the place of a manager in tests: it calls Reconcile by hand, one object at a time and in a fixed order,
// until nothing changes any more, and then moves time to the next moment at which anything is due. Nothing sleeps.
type Driver struct {
	// Client sees everything.
	Client client.Client
	// Clock is world time, and Wall transport time; both move together, only by the driver's hand.
	Clock, Wall *testclock.FakeClock
	// World moves with Clock.
	World World
	// Controllers are driven, in this order.
	Controllers []controller.Controller
	// Namespaces are watched, besides everything that is not in a namespace.
	Namespaces []string

	store *Environment                        // whose etcd is asked; nil: everything is listed
	known map[schema.GroupVersionKind]written // of the store, when seen was complete

	seen         map[objectKey]client.Object
	revisionSeen string // of the store, when seen was complete
	agenda       map[work]time.Time
	failures     map[work]int
	trace        []Step

	calmSince time.Time // when rounds began to be counted
	rounds    int
	changed   []change // in the last round, for the message about a hot loop
}

// work is one object to be reconciled by one controller.
type work struct {
	controller int
	request    reconcile.Request
}

// Step is one call of a Reconcile.
type Step struct {
	// At is the world's time.
	At time.Time
	// Controller is its name.
	Controller string
	// Request is what was reconciled.
	Request reconcile.Request
	// Result says when to come back.
	Result reconcile.Result
	// Err is the error that was returned.
	Err error
}

// String returns one line.
func (s Step) String() string {
	line := fmt.Sprintf("%s %s %s", s.At.UTC().Format("15:04:05.000"), s.Controller, strings.TrimPrefix(s.Request.String(), "/"))
	if s.Result.RequeueAfter > 0 {
		line += " again after " + s.Result.RequeueAfter.String()
	}
	if s.Err != nil {
		line += ": " + s.Err.Error()
	}
	return line
}

// Trace returns every call of a Reconcile so far, in order.
func (d *Driver) Trace() []Step { return slices.Clone(d.trace) }

// Restart takes other controllers and forgets what the driver knows, as a new process of the operator does: everything
// is seen for the first time.
func (d *Driver) Restart(controllers []controller.Controller) {
	d.Controllers = controllers
	d.seen, d.revisionSeen, d.agenda, d.failures = nil, "", nil, nil
}

// Settle reconciles everything that changed or is due, until nothing is, without letting time pass.
func (d *Driver) Settle(ctx context.Context) error {
	for {
		if err := d.observe(ctx); err != nil {
			return err
		}
		due := d.due()
		if len(due) == 0 {
			return nil
		}
		if err := d.count(due); err != nil {
			return err
		}
		for _, w := range due {
			if err := ctx.Err(); err != nil {
				return err
			}
			d.reconcile(ctx, w)
		}
	}
}

// RunFor lets time pass, and everything happen that happens meanwhile.
func (d *Driver) RunFor(ctx context.Context, duration time.Duration) error {
	end := d.Clock.Now().Add(duration)
	for {
		if err := d.Settle(ctx); err != nil {
			return err
		}
		if !d.Clock.Now().Before(end) {
			return nil
		}
		d.jump(end)
	}
}

// RunUntil lets time pass until something is done, and fails when it is not done within a limit of world time. done
// is asked whenever nothing is left to do for the moment.
func (d *Driver) RunUntil(ctx context.Context, limit time.Duration, done func() bool) error {
	end := d.Clock.Now().Add(limit)
	for {
		if err := d.Settle(ctx); err != nil {
			return err
		}
		if done() {
			return nil
		}
		if !d.Clock.Now().Before(end) {
			return fmt.Errorf("not done after %s of world time; the last calls were:\n%s", limit, d.last(12))
		}
		d.jump(end)
	}
}

// due returns the work that is due now, in a fixed order.
func (d *Driver) due() []work {
	var due []work
	for w, at := range d.agenda {
		if !at.After(d.Clock.Now()) {
			due = append(due, w)
		}
	}
	slices.SortFunc(due, func(a, b work) int {
		if a.controller != b.controller {
			return a.controller - b.controller
		}
		return strings.Compare(a.request.String(), b.request.String())
	})
	return due
}

// count counts rounds without time passing, and fails when they are too many.
func (d *Driver) count(due []work) error {
	if now := d.Clock.Now(); now.Sub(d.calmSince) >= time.Second {
		d.calmSince, d.rounds = now, 0
	}
	if d.rounds++; d.rounds <= mostRounds {
		return nil
	}
	names := make([]string, 0, len(due))
	for _, w := range due {
		names = append(names, d.Controllers[w.controller].Name+" "+w.request.String())
	}
	return fmt.Errorf("hot loop: %d rounds within a second of world time; due again: %s; what changed in the last round:\n%s",
		mostRounds, strings.Join(names, ", "), describe(d.changed))
}

func (d *Driver) reconcile(ctx context.Context, w work) {
	delete(d.agenda, w)
	c := d.Controllers[w.controller]
	now := d.Clock.Now()
	result, err := c.Reconciler.Reconcile(ctx, w.request)
	d.trace = append(d.trace, Step{At: now, Controller: c.Name, Request: w.request, Result: result, Err: err})
	switch {
	case err == nil:
		delete(d.failures, w)
		if result.RequeueAfter > 0 {
			d.schedule(w, now.Add(result.RequeueAfter))
		}
	case errors.Is(err, reconcile.TerminalError(nil)):
		delete(d.failures, w) // not tried again
	default:
		d.schedule(w, now.Add(min(firstBackoff<<min(d.failures[w], 16), lastBackoff)))
		d.failures[w]++
	}
}

// schedule puts work on the agenda, at the earlier of two times.
func (d *Driver) schedule(w work, at time.Time) {
	if was, ok := d.agenda[w]; !ok || at.Before(was) {
		d.agenda[w] = at
	}
}

// jump moves both clocks and the world to the next moment at which anything is due, at most to the end.
func (d *Driver) jump(end time.Time) {
	next := end
	for _, at := range d.agenda {
		if at.Before(next) {
			next = at
		}
	}
	if at := d.World.Next(); at.Before(next) {
		next = at
	}
	d.Wall.Step(next.Sub(d.Clock.Now()))
	d.Clock.SetTime(next)
	d.World.AdvanceTo(next)
}

// last returns the last calls, a line each.
func (d *Driver) last(n int) string {
	lines := make([]string, 0, n)
	for _, s := range d.trace[max(0, len(d.trace)-n):] {
		lines = append(lines, "  "+s.String())
	}
	return strings.Join(lines, "\n")
}
