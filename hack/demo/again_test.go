package main

import (
	"context"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/clock"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// again tells a story again from what could be seen of it the first time, without waiting. What prepare changes in
// every version of the objects, in the ledger or in who acts is as if it had been so from the beginning.
func (s *story) again(t *testing.T, prepare func(*story)) (*story, error) {
	t.Helper()
	r := &story{
		narrator: &narrator{out: io.Discard, clock: s.world.Clock, began: s.began}, o: s.o, world: s.world,
		onCall: approves{name: counted(s.rem)}, developer: s.developer, platform: s.platform,
		begin: func(context.Context, reactstocks.Scenario) (time.Time, error) { return s.began, nil },
		pause: func(context.Context, time.Duration) error { return nil },
		watcher: &watcher{
			arrivals: make(chan arrival, len(s.past)), failed: make(chan error),
			clock: clock.Scaled{Epoch: time.Now(), Factor: 1e5},
		},
	}
	r.book = func(filters ...ledger.Filter) []ledger.Entry {
		now := r.past[len(r.past)-1].seen.wall // of the part of the story that is told
		return s.book(append(slices.Clone(filters), func(e ledger.Entry) bool { return !e.Wall.After(now) })...)
	}
	for _, a := range s.past {
		r.arrivals <- arrival{object: a.object.DeepCopyObject(), seen: a.seen}
	}
	prepare(r)
	return r, r.walk(t.Context(), r.steps())
}

// inEach changes every version of one kind of object before it is told of.
func inEach[T any](s *story, change func(*T)) {
	for range len(s.arrivals) {
		a := <-s.arrivals
		if o, ok := any(a.object).(*T); ok {
			change(o)
		}
		s.arrivals <- a
	}
}

// counted is the Approval of a Remediation that counted.
func counted(rem *v1alpha1.Remediation) string {
	for _, a := range rem.Status.Approvals {
		if a.Counts {
			return a.Name
		}
	}
	return ""
}

// approves is a person whose Approval got a name the first time.
type approves struct {
	client.WithWatch
	name string
}

// Create creates nothing again.
func (a approves) Create(_ context.Context, o client.Object, _ ...client.CreateOption) error {
	o.SetName(a.name)
	return nil
}

// answered is a person to whom the API server answers as it is told to.
type answered struct {
	client.WithWatch
	err error
}

// Create creates nothing.
func (a answered) Create(context.Context, client.Object, ...client.CreateOption) error { return a.err }
