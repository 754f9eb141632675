package runbook

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
)

// mostProblems is how many problems a condition spells out.
const mostProblems = 8

// close writes the status once, and only when it changed.
func (r *Reconciler) close(ctx context.Context, s *scope, err error) error {
	if s.compiled {
		r.summarize(s)
	}
	if apiequality.Semantic.DeepEqual(s.before.Status, s.runbook.Status) {
		return err
	}
	if patchErr := r.Client.Status().Patch(ctx, s.runbook, client.MergeFrom(s.before)); patchErr != nil {
		return errors.Join(err, fmt.Errorf("patching the status of Runbook: %w", patchErr))
	}
	r.announce(s)
	return err
}

// summarize derives the status from what the phases found.
func (r *Reconciler) summarize(s *scope) {
	status, generation, now := &s.runbook.Status, s.runbook.Generation, r.Clock.Now()
	status.ObservedGeneration = generation
	status.Digest = s.digest
	if reason, message := s.refusal(); reason != "" {
		conditions.Set(&status.Conditions, generation, now, v1alpha1.ConditionReady, metav1.ConditionFalse, reason, message)
		conditions.Present(&status.Conditions, generation, now, v1alpha1.ConditionStalled, true, reason, message)
		return
	}
	conditions.Set(&status.Conditions, generation, now, v1alpha1.ConditionReady, metav1.ConditionTrue,
		v1alpha1.ReasonCompiled, fmt.Sprintf("every expression of %d steps and %d rules compiles",
			len(s.runbook.Spec.Investigate), len(s.runbook.Spec.Diagnose)))
	conditions.Present(&status.Conditions, generation, now, v1alpha1.ConditionStalled, false, "", "")
}

// refusal says why the Runbook cannot be followed; empty where it can.
func (s *scope) refusal() (reason, message string) {
	switch {
	case len(s.problems) > 0:
		return v1alpha1.ReasonInvalidExpression, problems(s.problems)
	case s.size > v1alpha1.MaxRunbookBytes:
		return v1alpha1.ReasonTooLarge, fmt.Sprintf("the spec is %d bytes as JSON, and an Incident keeps a copy of at most %d: "+
			"shorten its texts, or move rules into a Runbook of their own with the same triggers", s.size, v1alpha1.MaxRunbookBytes)
	}
	return "", ""
}

// problems joins problems for a condition, in the order of the spec, and says how many it leaves out.
func problems(all []diagnosis.Problem) string {
	lines := make([]string, 0, mostProblems+1)
	for i, p := range all {
		if i == mostProblems {
			lines = append(lines, fmt.Sprintf("and %d more", len(all)-mostProblems))
			break
		}
		lines = append(lines, clip(p.String()))
	}
	return strings.Join(lines, "; ")
}

// clip bounds one problem: an expression may be long, and its text is repeated in some of the compiler's messages.
func clip(text string) string {
	const most = 400
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
