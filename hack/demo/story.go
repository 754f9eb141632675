package main

import (
	"context"
	"errors"
	"fmt"
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
	o     options
	world *world.World
	begin func(context.Context, reactstocks.Scenario) (time.Time, error)
	book  func(...ledger.Filter) []ledger.Entry // what AWS was called so far
	pause func(context.Context, time.Duration) error

	onCall    client.WithWatch
	developer client.WithWatch
	platform  client.WithWatch

	shown     ledger.Entry // the first call that showed the alarm
	opened    moment       // when the Incident could be seen
	explained moment       // when its cause could be seen
}

func newStory(w *world.World, o options, out io.Writer) (*story, error) {
	s := &story{narrator: &narrator{out: out, clock: w.Clock, began: w.Clock.Now()}, o: o, world: w, begin: w.Begin, book: w.AWS.Ledger().Entries}
	var errs [3]error
	s.onCall, errs[0] = w.Cluster.As(world.OnCall())
	s.developer, errs[1] = w.Cluster.As(world.Developer())
	s.platform, errs[2] = w.Cluster.As(world.Platform())
	s.watcher = &watcher{clock: w.Clock}
	s.pause = func(ctx context.Context, d time.Duration) error { return s.idle(ctx, d) }
	return s, errors.Join(errs[:]...)
}

// step is one thing that has to happen. It fails where a fact is missing that it is there to tell.
type step struct {
	name string
	tell func(context.Context) error
}

// tell narrates the steps. Where one does not happen, it says which, and what the objects say.
func (s *story) tell(ctx context.Context, steps []step) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var err error
	if s.watcher, err = watching(ctx, s.world, s.onCall, s.platform); err != nil {
		return err
	}
	return s.walk(ctx, steps)
}

func (s *story) walk(ctx context.Context, steps []step) error {
	for _, next := range steps {
		if err := next.tell(ctx); err != nil {
			err = fmt.Errorf("step %q: %w", next.name, err)
			if ctx.Err() == nil {
				s.confess(ctx, err)
			}
			return err
		}
	}
	return nil
}

func (s *story) course() course { return courses[s.o.scenario] }

// steps are those of a change that is approved, and undone where it did not help; or, where the scenario recovers by
// itself, of one that nobody approves.
func (s *story) steps() []step {
	steps := []step{
		{"watching", s.watched}, {"alarm", s.alarmed}, {"evidence", s.investigated}, {"diagnosis", s.diagnosed}, {"proposal", s.proposed},
	}
	if s.course().verdict != "" {
		steps = append(steps, step{"refusal", s.refused}, step{"approval", s.approved}, step{"change", s.changed}, step{"verification", s.verified})
		if s.course().reverts {
			steps = append(steps, step{"revert", s.reverted})
		}
		steps = append(steps, step{"measurement", s.measured})
	}
	return append(steps, step{"end", s.ended}, step{"total", s.totals})
}

// watched waits until the operator watches the application as it is asked to, and lets the scenario begin.
func (s *story) watched(ctx context.Context) error {
	err := s.await(ctx, "watching the application", s.work(2*time.Minute), func(seen *sight) bool {
		return seen.app != nil && seen.app.Status.WatchedSince != nil && seen.app.Status.Mode == seen.app.Spec.Mode &&
			len(seen.app.Status.Runbooks) == s.world.Runbooks && conditions.IsTrue(seen.app.Status.Conditions, v1alpha1.ConditionReady)
	})
	if err != nil {
		return err
	}
	// Whether its queues are received from says the account only after the first message, or the first poll without one.
	err = s.await(ctx, "reading the alarms of an account with a queue", s.work(2*time.Minute), func(seen *sight) bool {
		return seen.account != nil && len(seen.account.Spec.Queues) > 0 &&
			conditions.Reason(seen.account.Status.Conditions, v1alpha1.ConditionDetecting) == v1alpha1.ReasonAlarmsRead
	})
	if err != nil {
		return err
	}
	if s.began, err = s.begin(ctx, s.o.scenario); err != nil {
		return err
	}
	s.say("world", "scenario %s, seed %d; this clock runs %g times as fast as the wall's", s.o.scenario, s.o.seed, s.world.Clock.Factor)
	s.say("operator", "runs as %s; AWS is simulated at %s", cluster.Operator, s.world.Endpoint)
	s.say("watching", "ServerlessApplication %s, mode %s, %s, %s: %s", s.app.Name, s.app.Status.Mode,
		several(len(s.app.Spec.Functions), "function"), several(len(s.app.Status.Runbooks), "Runbook"),
		condition(s.app.Status.Conditions, v1alpha1.ConditionReady).Message)
	s.say("traffic", "%s; alarms follow the metrics; they tell the operator by %s, and besides %s", s.course().traffic,
		several(len(s.account.Spec.Queues), "queue"), condition(s.account.Status.Conditions, v1alpha1.ConditionDetecting).Message)
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

// required returns an error for the first fact that is missing.
func required(facts ...fact) error {
	for _, f := range facts {
		if !f.is {
			return errors.New(f.missing)
		}
	}
	return nil
}

// fact is whether something is there, and what is to be said where it is not.
type fact struct {
	is      bool
	missing string
}

// several is a number of things.
func several(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
