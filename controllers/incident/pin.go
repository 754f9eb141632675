package incident

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
)

const (
	// maxRunbooks and maxPinnedBytes keep an Incident small: an object stays under 256 KiB.
	maxRunbooks    = 8
	maxPinnedBytes = 96 << 10
)

// pin copies the Runbooks that the Incident follows into its status when they join: later edits are for later
// Incidents, and the diagnosis can be worked out again from the Incident alone.
func (r *Reconciler) pin(ctx context.Context, s *scope) (bool, error) {
	var waiting []string
	for _, name := range s.wanted() {
		if slices.ContainsFunc(s.inc.Status.Runbooks, func(p v1alpha1.PinnedRunbook) bool { return p.Name == name }) {
			continue
		}
		how, err := r.join(ctx, s, name)
		if err != nil || how == refused {
			return false, err
		}
		if how == notReady {
			waiting = append(waiting, name)
		}
	}
	if len(waiting) > 0 && len(s.inc.Status.Runbooks) == 0 {
		s.accepted(false, v1alpha1.ReasonRunbookNotReady, fmt.Sprintf("Runbook %s is not Ready: see its conditions", waiting[0]))
		return false, nil
	}
	for _, name := range waiting {
		s.missing = append(s.missing, name+" (not Ready)")
	}
	s.specs = nil
	for _, p := range s.inc.Status.Runbooks {
		var spec v1alpha1.RunbookSpec
		if err := json.Unmarshal([]byte(p.Spec), &spec); err != nil {
			return false, fmt.Errorf("reading the Incident's copy of Runbook %s: %w", p.Name, err)
		}
		s.specs = append(s.specs, spec)
	}
	message := "the application, its grant and the Runbooks were found"
	if len(s.missing) > 0 {
		message += "; not followed: " + strings.Join(s.missing, ", ")
	}
	s.accepted(true, v1alpha1.ReasonAccepted, message)
	return true, nil
}

// wanted returns the Runbooks that a person named and those of the signals, in this order.
func (s *scope) wanted() []string {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, ref := range s.inc.Spec.RunbookRefs {
		add(ref.Name)
	}
	for _, sig := range s.inc.Status.Signals {
		for _, name := range sig.Runbooks {
			add(name)
		}
	}
	return names
}

// joining is what became of a Runbook that has to join.
type joining int

const (
	settled  joining = iota // it joined, or is left out for good
	notReady                // it joins once it is Ready; the others are followed meanwhile
	refused                 // the Incident waits for it
)

// join pins one Runbook: of the Incident's namespace, else of the operator's. The Incident waits for one that a person
// named; of those that its alarms trigger, it follows the others meanwhile.
func (r *Reconciler) join(ctx context.Context, s *scope, name string) (joining, error) {
	rbk := &v1alpha1.Runbook{}
	found, err := r.get(ctx, s.inc.Namespace, name, rbk)
	if err == nil && !found {
		found, err = r.get(ctx, r.Namespace, name, rbk)
	}
	if err != nil {
		return refused, err
	}
	named := slices.ContainsFunc(s.inc.Spec.RunbookRefs, func(ref v1alpha1.LocalReference) bool { return ref.Name == name })
	switch {
	case !found && named:
		s.accepted(false, v1alpha1.ReasonRunbookNotFound, fmt.Sprintf("there is no Runbook %s in this namespace or in %s: create it", name, r.Namespace))
		return refused, nil
	case !found:
		s.missing = append(s.missing, name+" (deleted)")
		return settled, nil
	case !conditions.IsTrue(rbk.Status.Conditions, v1alpha1.ConditionReady) || rbk.Status.ObservedGeneration != rbk.Generation:
		if !named {
			return notReady, nil
		}
		s.accepted(false, v1alpha1.ReasonRunbookNotReady, fmt.Sprintf("Runbook %s is not Ready: see its conditions", name))
		return refused, nil
	}
	spec, err := json.Marshal(rbk.Spec)
	if err != nil {
		return refused, fmt.Errorf("copying Runbook %s: %w", name, err)
	}
	size := len(spec)
	for _, p := range s.inc.Status.Runbooks {
		size += len(p.Spec)
	}
	if len(s.inc.Status.Runbooks) == maxRunbooks || len(spec) > v1alpha1.MaxRunbookBytes || size > maxPinnedBytes {
		s.missing = append(s.missing, name+" (too many or too large)")
		return settled, nil
	}
	s.inc.Status.Runbooks = append(s.inc.Status.Runbooks, v1alpha1.PinnedRunbook{
		Namespace: rbk.Namespace, Name: name, Generation: rbk.Generation, Digest: diagnosis.Digest(rbk.Spec), Spec: string(spec),
	})
	return settled, nil
}
