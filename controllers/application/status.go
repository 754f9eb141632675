package application

import (
	"context"
	"errors"
	"fmt"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/number"
)

// close writes the status once, and only when it changed. It is a merge patch of what this controller owns (the
// conditions, the mode and the Runbooks): what detection writes into the same status is not touched.
func (r *Reconciler) close(ctx context.Context, s *scope, err error) error {
	if s.resolved {
		r.summarize(s)
	}
	if apiequality.Semantic.DeepEqual(s.before.Status, s.app.Status) {
		return err
	}
	if patchErr := r.Client.Status().Patch(ctx, s.app, client.MergeFrom(s.before)); patchErr != nil {
		return errors.Join(err, fmt.Errorf("patching the status of ServerlessApplication: %w", patchErr))
	}
	r.announce(s)
	return err
}

// summarize derives the status from what the phases found.
func (r *Reconciler) summarize(s *scope) {
	status, generation, now := &s.app.Status, s.app.Generation, r.Clock.Now()
	status.ObservedGeneration = generation
	status.Mode = s.grant.Mode
	status.Runbooks = s.runbooks
	if len(s.trouble) > 0 {
		first := s.trouble[0]
		conditions.Set(&status.Conditions, generation, now, v1alpha1.ConditionReady, metav1.ConditionFalse,
			first.Reason, first.Message)
		conditions.Present(&status.Conditions, generation, now, v1alpha1.ConditionStalled, true, first.Reason, first.Message)
		return
	}
	conditions.Set(&status.Conditions, generation, now, v1alpha1.ConditionReady, metav1.ConditionTrue,
		v1alpha1.ReasonWatched, watched(s))
	conditions.Present(&status.Conditions, generation, now, v1alpha1.ConditionStalled, false, "", "")
}

// watched says how the application is watched, and what may surprise about it.
func watched(s *scope) string {
	message := fmt.Sprintf("the grant %q is used in the mode %s, with %s",
		s.grant.Grant.Name, s.grant.Mode, number.Of(len(s.runbooks), "Runbook"))
	if s.grant.Unclaimed != "" {
		message += fmt.Sprintf("; the mode would be %s, but %s", s.grant.Granted, s.grant.Unclaimed)
	}
	if wanted := s.app.Spec.Mode; wanted != "" && wanted != s.grant.Granted {
		message += fmt.Sprintf("; spec.mode is %s, which is more than the grant allows", wanted)
	}
	switch {
	case s.left > 0:
		message += fmt.Sprintf("; left out: %d more, because an application has at most %d", s.left, mostRunbooks)
	case len(s.runbooks) == 0:
		message += "; until one is Ready, no alarm opens an Incident"
	}
	return message
}
