package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/hack/world"
)

// sight is what was seen of the objects so far.
type sight struct {
	app *v1alpha1.ServerlessApplication
	inc *v1alpha1.Incident
	rem *v1alpha1.Remediation
	// at is when the newest of them arrived, wall time.
	at time.Time
}

// arrival is one version of an object.
type arrival struct {
	event watch.Event
	at    time.Time
}

// watcher follows the team's objects with the rights of a person on call. No version of an object is left out.
type watcher struct {
	sight
	arrivals chan arrival
	failed   <-chan error
	world    *world.World
}

// errStuck says that a step did not happen within its time.
type errStuck struct {
	step  string
	bound time.Duration
}

// Error names the step.
func (e *errStuck) Error() string {
	return fmt.Sprintf("%s did not happen within %s of the world", e.step, e.bound)
}

func watching(ctx context.Context, w *world.World, person client.WithWatch) (*watcher, error) {
	v := &watcher{arrivals: make(chan arrival), failed: w.Failed(), world: w}
	for _, list := range []client.ObjectList{
		&v1alpha1.ServerlessApplicationList{}, &v1alpha1.IncidentList{}, &v1alpha1.RemediationList{},
	} {
		stream, err := person.Watch(ctx, list, client.InNamespace(world.Team))
		if err != nil {
			return nil, fmt.Errorf("watching the objects of namespace %s: %w", world.Team, err)
		}
		go v.forward(ctx, stream)
	}
	return v, nil
}

func (v *watcher) forward(ctx context.Context, stream watch.Interface) {
	defer stream.Stop()
	for event := range stream.ResultChan() {
		select {
		case v.arrivals <- arrival{event: event, at: time.Now()}:
		case <-ctx.Done():
			return
		}
	}
}

// await waits until what was seen is as asked for, and asks again after every version of every object. The bound is
// world time; where the operator itself has to work, it is no less than patience on the wall.
func (v *watcher) await(ctx context.Context, step string, bound time.Duration, done func(*sight) bool) error {
	if done(&v.sight) {
		return nil
	}
	timer := v.world.Clock.NewTimer(bound)
	defer timer.Stop()
	for {
		select {
		case a := <-v.arrivals:
			if err := v.take(a); err != nil {
				return err
			}
			if done(&v.sight) {
				return nil
			}
		case <-timer.C():
			return &errStuck{step: step, bound: bound}
		case err := <-v.failed:
			return fmt.Errorf("the operator stopped while waiting for: %s: %w", step, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pause lets time pass, and takes in what arrives meanwhile.
func (v *watcher) pause(ctx context.Context, d time.Duration) error {
	err := v.await(ctx, "a pause", d, func(*sight) bool { return false })
	var over *errStuck
	if errors.As(err, &over) {
		return nil
	}
	return err
}

func (v *watcher) take(a arrival) error {
	v.at = a.at
	switch o := a.event.Object.(type) {
	case *v1alpha1.ServerlessApplication:
		v.app = o
	case *v1alpha1.Incident:
		v.inc = o
	case *v1alpha1.Remediation:
		v.rem = o
	case *metav1.Status:
		return errors.New("watching the objects: " + o.Message)
	}
	return nil
}

// patience is the least time on the wall for a step that is the operator's own work: the machine may be busy.
const patience = 20 * time.Second

// work is a bound for such a step, in world time.
func (v *watcher) work(bound time.Duration) time.Duration {
	return max(bound, time.Duration(float64(patience)*v.world.Clock.Factor))
}
