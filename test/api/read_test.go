package api

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/approval"
)

var _ = corev1.Namespace{}

// read reads an object with the code that the operator reads it with, and fails where that takes something else from
// it than what was written.
func read(o client.Object) error {
	switch o := o.(type) {
	case *v1alpha1.ChangePolicy:
		return readChangePolicy(o)
	}
	return nil
}

func readChangePolicy(p *v1alpha1.ChangePolicy) error {
	pinned := approval.Pin(p, v1alpha1.ActionSetTimeout)
	for _, d := range []struct {
		name, written string
		seconds       int32
	}{
		{"planExpiresAfter", p.Spec.PlanExpiresAfter, pinned.PlanExpiresAfterSeconds},
		{"verification.window", p.Spec.Verification.Window, pinned.WindowSeconds},
		{"recovery.stableFor", p.Spec.Recovery.StableFor, pinned.StableForSeconds},
	} {
		if err := within(d.name, d.written, time.Minute, 24*time.Hour); err != nil {
			return err
		}
		if meant, _ := time.ParseDuration(d.written); meant != time.Duration(d.seconds)*time.Second {
			return fmt.Errorf("%s %q is read as %d seconds", d.name, d.written, d.seconds)
		}
	}
	return nil
}

// within fails where a duration is not one, or out of the bounds that its documentation names.
func within(name, written string, shortest, longest time.Duration) error {
	d, err := time.ParseDuration(written)
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	if d < shortest || d > longest {
		return fmt.Errorf("%s %q is not from %s to %s", name, written, shortest, longest)
	}
	return nil
}
