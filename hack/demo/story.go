package main

import (
	"context"
	"errors"
	"io"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/hack/cluster"
	"github.com/runbook-operator/runbook-operator/hack/world"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// story narrates one scenario, step by step.
type story struct {
	*narrator
	*watcher
	o options

	onCall    client.WithWatch
	developer client.WithWatch
	platform  client.WithWatch

	shown   ledger.Entry // the first call that showed the alarm
	namedAt time.Time    // when the cause was seen, wall time
}

func newStory(w *world.World, o options, out io.Writer) (*story, error) {
	s := &story{narrator: &narrator{out: out, clock: w.Clock, began: w.Clock.Now()}, o: o}
	var errs [3]error
	s.onCall, errs[0] = w.Cluster.As(world.OnCall())
	s.developer, errs[1] = w.Cluster.As(world.Developer())
	s.platform, errs[2] = w.Cluster.As(world.Platform())
	s.watcher = &watcher{world: w}
	return s, errors.Join(errs[:]...)
}

// step is one thing that has to happen.
type step func(context.Context) error

// tell narrates the steps. Where one does not happen, it says which, and what the objects say.
func (s *story) tell(ctx context.Context, steps []step) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var err error
	if s.watcher, err = watching(ctx, s.world, s.onCall); err != nil {
		return err
	}
	for _, next := range steps {
		if err := next(ctx); err != nil {
			if ctx.Err() == nil {
				s.confess(ctx, err)
			}
			return err
		}
	}
	return nil
}

// steps are those of a change that is approved, and undone where it did not help; or, where the scenario recovers by
// itself, of one that nobody approves.
func (s *story) steps() []step {
	begin := []step{s.watched, s.opened, s.investigated, s.diagnosed, s.proposed}
	end := []step{s.ended, s.totals}
	if s.o.scenario == reactstocks.RecoversByItself {
		return append(begin, end...)
	}
	return append(append(begin, s.refused, s.approved, s.changed, s.verified, s.reverted, s.measured), end...)
}

// watched waits until the operator watches the application, and lets the scenario begin.
func (s *story) watched(ctx context.Context) error {
	err := s.await(ctx, "watching the application", s.work(2*time.Minute), func(seen *sight) bool {
		return seen.app != nil && seen.app.Status.WatchedSince != nil &&
			len(seen.app.Status.Runbooks) == s.world.Runbooks && conditions.IsTrue(seen.app.Status.Conditions, v1alpha1.ConditionReady)
	})
	if err != nil {
		return err
	}
	s.began = s.world.Clock.Now()
	s.world.Begin(s.o.scenario)
	ready := condition(s.app.Status.Conditions, v1alpha1.ConditionReady)
	s.say("world", "scenario %s, seed %d; this clock runs %g times as fast as the wall's", s.o.scenario, s.o.seed, s.world.Clock.Factor)
	s.say("operator", "runs as %s; AWS is simulated at %s", cluster.Operator, s.world.Endpoint)
	s.say("watching", "ServerlessApplication %s, mode %s, %d functions, %d Runbooks: %s", s.app.Name, s.app.Status.Mode,
		len(s.app.Spec.Functions), len(s.app.Status.Runbooks), ready.Message)
	return nil
}

// condition returns a condition, or an empty one.
func condition(list []metav1.Condition, typ string) metav1.Condition {
	for _, c := range list {
		if c.Type == typ {
			return c
		}
	}
	return metav1.Condition{}
}
