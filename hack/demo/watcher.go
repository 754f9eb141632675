package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/hack/world"
	"github.com/runbook-operator/runbook-operator/internal/clock"
)

// sight is what was seen of the objects so far.
type sight struct {
	account *v1alpha1.AWSAccount
	app     *v1alpha1.ServerlessApplication
	inc     *v1alpha1.Incident
	rem     *v1alpha1.Remediation
}

// arrival is one version of an object, and when it could be seen: what an object says of itself is stamped before the
// work is done that it tells of.
type arrival struct {
	object runtime.Object
	seen   moment
}

// moment is one moment on both clocks.
type moment struct{ wall, world time.Time }

// watcher follows the team's objects with the rights of a person on call, and the account with those of the platform
// team. No version of an object is left out.
type watcher struct {
	sight
	past     []arrival // taken in already, the oldest first
	arrivals chan arrival
	failed   <-chan error
	clock    clock.Scaled
	// patience is the least time on the wall for a step that is the operator's own work: the machine may be busy.
	patience time.Duration
}

// patience of a demo.
const patience = 20 * time.Second

// errStuck says that a step did not happen within its time.
type errStuck struct {
	step  string
	bound time.Duration
}

// Error names the step.
func (e *errStuck) Error() string {
	return fmt.Sprintf("%s did not happen within %s of the world", e.step, e.bound)
}

func watching(ctx context.Context, w *world.World, person, platform client.WithWatch) (*watcher, error) {
	v := &watcher{arrivals: make(chan arrival, 1024), failed: w.Failed(), clock: w.Clock, patience: patience}
	for _, of := range []struct {
		list client.ObjectList
		by   client.WithWatch
		in   []client.ListOption
	}{
		{&v1alpha1.AWSAccountList{}, platform, nil},
		{&v1alpha1.ServerlessApplicationList{}, person, []client.ListOption{client.InNamespace(world.Team)}},
		{&v1alpha1.IncidentList{}, person, []client.ListOption{client.InNamespace(world.Team)}},
		{&v1alpha1.RemediationList{}, person, []client.ListOption{client.InNamespace(world.Team)}},
	} {
		stream, err := of.by.Watch(ctx, of.list, of.in...)
		if err != nil {
			return nil, fmt.Errorf("watching the objects of namespace %s and their account: %w", world.Team, err)
		}
		go v.forward(ctx, stream)
	}
	return v, nil
}

func (v *watcher) forward(ctx context.Context, stream watch.Interface) {
	defer stream.Stop()
	for event := range stream.ResultChan() {
		select {
		case v.arrivals <- arrival{object: event.Object, seen: moment{wall: time.Now(), world: v.clock.Now()}}:
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
	timer := v.clock.NewTimer(bound)
	defer timer.Stop()
	over := timer.C()
	for {
		if over == nil && len(v.arrivals) == 0 { // what has arrived in time counts, however late it is looked at
			return &errStuck{step: step, bound: bound}
		}
		select {
		case a := <-v.arrivals:
			if err := v.take(a); err != nil {
				return err
			}
			if done(&v.sight) {
				return nil
			}
		case <-over:
			over = nil
		case err := <-v.failed:
			return fmt.Errorf("the operator stopped while waiting for: %s: %w", step, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// idle lets time pass, and takes in what arrives meanwhile.
func (v *watcher) idle(ctx context.Context, d time.Duration) error {
	err := v.await(ctx, "a pause", d, func(*sight) bool { return false })
	var over *errStuck
	if errors.As(err, &over) {
		return nil
	}
	return err
}

func (v *watcher) take(a arrival) error {
	v.past = append(v.past, a)
	switch o := a.object.(type) {
	case *v1alpha1.AWSAccount:
		v.account = o
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

// first is when an Incident as asked for could be seen first.
func (v *watcher) first(is func(*v1alpha1.Incident) bool) moment {
	for _, a := range v.past {
		if inc, ok := a.object.(*v1alpha1.Incident); ok && is(inc) {
			return a.seen
		}
	}
	return moment{}
}

// work is a bound for a step that is the operator's own work, in world time.
func (v *watcher) work(bound time.Duration) time.Duration {
	return max(bound, time.Duration(float64(v.patience)*v.clock.Factor))
}
