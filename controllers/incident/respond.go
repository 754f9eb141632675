package incident

import (
	"context"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

const (
	// maxRemediations is how many changes one Incident proposes: the bound of status.remediations.
	maxRemediations = 16
	// notAfter is how long a proposed change may wait to be begun.
	notAfter = 24 * time.Hour
)

// respond proposes the change that answers the first-ranked cause: one at a time, the next of a rule's list only
// where the one before could not be planned or was rejected.
func (r *Reconciler) respond(ctx context.Context, s *scope) (bool, error) {
	if s.top == nil || s.grant.Mode == v1alpha1.ModeObserve || s.quiet(s.top.FunctionName) ||
		len(s.inc.Status.Signals) > 0 && !s.firing() {
		return true, nil
	}
	rung, propose := rungOf(*s.top, s.remediations)
	if !propose || s.lost() != "" || len(s.inc.Status.Remediations) >= maxRemediations {
		return true, nil
	}
	name, err := r.free(ctx, s)
	if err != nil {
		return false, err
	}
	requester, err := approval.Requester(ctx, r.Client)
	if err != nil {
		return false, err
	}
	rem := &v1alpha1.Remediation{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.inc.Namespace, Name: name, Labels: labelsOf(s.app.Name, s.inc.Name),
		},
		Spec: v1alpha1.RemediationSpec{
			ApplicationRef: s.inc.Spec.ApplicationRef,
			IncidentRef:    &v1alpha1.UIDReference{Name: s.inc.Name, UID: string(s.inc.UID)},
			Cause:          &v1alpha1.CauseReference{Runbook: s.top.Runbook, Name: s.top.Name},
			Target:         v1alpha1.Target{FunctionName: s.top.FunctionName},
			Action:         s.top.Actions[rung],
			NotAfter:       metav1.NewTime(s.now.Add(notAfter)),
			RequestedBy:    requester,
		},
	}
	if err := controllerutil.SetControllerReference(s.inc, rem, r.Scheme); err != nil {
		return false, fmt.Errorf("owning Remediation %s: %w", rem.Name, err)
	}
	if err := r.Client.Create(ctx, rem); err != nil {
		return false, fmt.Errorf("creating Remediation %s: %w", rem.Name, err)
	}
	s.remediations = append(s.remediations, *rem)
	s.inc.Status.Remediations = append(s.inc.Status.Remediations, v1alpha1.IncidentRemediation{Name: rem.Name, Action: rem.Spec.Action.Name()})
	r.proposed(s, rem)
	return true, nil
}

// rungOf returns which action of a cause to propose, and whether to propose any now. Pure.
func rungOf(cause v1alpha1.Cause, remediations []v1alpha1.Remediation) (rung int, propose bool) {
	for _, rem := range remediations {
		if rem.Status.EndedAt == nil {
			return 0, false // one open change at a time, also one that helped and has yet to expire
		}
		mine := rem.Spec.Cause != nil && rem.Spec.Cause.Runbook == cause.Runbook && rem.Spec.Cause.Name == cause.Name &&
			rem.Spec.Target.FunctionName == cause.FunctionName
		elsewhere := rem.Spec.Target.FunctionName != cause.FunctionName
		switch {
		case outlived(rem):
			continue // it was not needed then, and is now
		case elsewhere && (ended(rem) == v1alpha1.ReasonSucceeded || !touched(rem)):
			continue // another function is well now, or as it was
		case !mine || held(rem):
			return 0, false // a change was made, or somebody has to look
		default:
			rung++
		}
	}
	return rung, rung < len(cause.Actions)
}

// outlived says whether a Remediation ended because the trouble was over.
func outlived(rem v1alpha1.Remediation) bool {
	switch ended(rem) {
	case v1alpha1.ReasonNoLongerNeeded, v1alpha1.ReasonWithdrawn:
		return true
	}
	return false
}

// touched says whether AWS may have been changed by a Remediation.
func touched(rem v1alpha1.Remediation) bool {
	reason := conditions.Reason(rem.Status.Conditions, v1alpha1.ConditionSucceeded)
	return rem.Status.AppliedAt != nil || slices.Contains(underWay, reason) || slices.ContainsFunc(rem.Status.Intents, func(i v1alpha1.Intent) bool {
		return i.Outcome != v1alpha1.OutcomeRefused && i.Outcome != v1alpha1.OutcomeNotApplied
	})
}

// unproved says whether a Remediation may have changed AWS, and was not proved to help.
func unproved(rem v1alpha1.Remediation) bool {
	return touched(rem) && ended(rem) != v1alpha1.ReasonSucceeded
}

// answeredAt returns when a Remediation was answered.
func answeredAt(rem v1alpha1.Remediation) time.Time {
	if c := meta.FindStatusCondition(rem.Status.Conditions, v1alpha1.ConditionSucceeded); c != nil {
		return c.LastTransitionTime.Time
	}
	return time.Time{}
}

// held says whether a Remediation ended in a way after which only a person goes on.
func held(rem v1alpha1.Remediation) bool {
	if rem.Status.EndedAt != nil && rem.Status.AppliedAt != nil {
		return true // whatever became of the change: it was made, and may have been reverted, and the trouble is there
	}
	switch ended(rem) {
	case v1alpha1.ReasonHeld, v1alpha1.ReasonDiverged, v1alpha1.ReasonOrphaned, v1alpha1.ReasonTargetUnstable, v1alpha1.ReasonExpired, v1alpha1.ReasonStale, v1alpha1.ReasonSucceeded:
		return true
	}
	return false
}

// answered says whether it is known what a Remediation came to: it ended, or its change was proved to help or is held,
// and has only to expire.
func answered(rem v1alpha1.Remediation) bool {
	return rem.Status.EndedAt != nil || conditions.IsTrue(rem.Status.Conditions, v1alpha1.ConditionSucceeded) ||
		conditions.Reason(rem.Status.Conditions, v1alpha1.ConditionSucceeded) == v1alpha1.ReasonHeld
}

// ended returns the reason with which a Remediation was answered, or "" while it was not.
func ended(rem v1alpha1.Remediation) string {
	if !answered(rem) {
		return ""
	}
	return conditions.Reason(rem.Status.Conditions, v1alpha1.ConditionSucceeded)
}
