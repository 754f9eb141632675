package remediation

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// accept says whether the Remediation makes sense here. A change that began is past this.
func (r *Reconciler) accept(_ context.Context, s *scope) (bool, error) {
	if begun(s.rem) {
		return true, nil
	}
	name, now := s.rem.Spec.ApplicationRef.Name, s.now
	s.wake(s.rem.Spec.NotAfter.Sub(now) + time.Second) // whatever it waits for, its time ends
	switch {
	case now.After(s.rem.Spec.NotAfter.Time):
		message := fmt.Sprintf("nothing was changed before spec.notAfter (%s): create a new Remediation if it is still needed", s.rem.Spec.NotAfter.UTC().Format(time.RFC3339))
		if find(s.rem.Status.Conditions, v1alpha1.ConditionAccepted) == nil {
			s.accepted(false, v1alpha1.ReasonExpired, message)
		}
		s.end(v1alpha1.ReasonExpired, message)
		return false, nil
	case s.rem.Spec.IncidentRef != nil && s.incident == nil:
		message := fmt.Sprintf("Incident %s is gone, nothing was changed", s.rem.Spec.IncidentRef.Name)
		if s.namesake != "" {
			message = fmt.Sprintf("Incident %s is there, and its uid is %s, not that of spec.incidentRef: nothing was changed; create a new Remediation if it is for this Incident",
				s.rem.Spec.IncidentRef.Name, s.namesake)
		}
		s.accepted(false, v1alpha1.ReasonIncidentNotFound, message)
		s.end(v1alpha1.ReasonIncidentNotFound, message)
		return false, nil
	case s.app == nil:
		s.accepted(false, v1alpha1.ReasonApplicationNotFound, fmt.Sprintf("there is no ServerlessApplication %s in this namespace: create it, or create a Remediation that names another", name))
		return false, nil
	case s.grantErr != nil:
		f := fault.From(s.grantErr)
		s.accepted(false, f.Reason, f.Message)
		s.wake(recheck)
		return false, nil
	case s.rem.Status.Policy == nil:
		s.accepted(false, v1alpha1.ReasonChangePolicyNotFound, fmt.Sprintf("there is no ChangePolicy %s, which ServerlessApplication %s names: create it", s.app.Spec.ChangePolicyRef.Name, name))
		s.wake(recheck)
		return false, nil
	}
	if !s.listed() {
		s.accepted(false, v1alpha1.ReasonFunctionNotFound, fmt.Sprintf("ServerlessApplication %s does not list function %s: add it to spec.functions", name, s.rem.Spec.Target.FunctionName))
		return false, nil
	}
	if !s.grant.Allows(s.action.Name()) {
		s.accepted(false, v1alpha1.ReasonActionNotGranted, fmt.Sprintf("grant %s of AWSAccount %s does not list %s in allowedActions: a platform administrator can add it", s.grant.Grant.Name, s.app.Spec.AWS.AccountRef.Name, s.action.Name()))
		s.wake(recheck)
		return false, nil
	}
	s.accepted(true, v1alpha1.ReasonAccepted, "the application, its grant and the function were found")
	return true, nil
}

// listed says whether the application lists the function, and notes how.
func (s *scope) listed() bool {
	for _, f := range s.app.Spec.Functions {
		if f.Name == s.rem.Spec.Target.FunctionName {
			s.function = f
			return true
		}
	}
	return false
}

// withdraw ends a Remediation that nobody began when its Incident recovered by itself.
func (r *Reconciler) withdraw(_ context.Context, s *scope) (bool, error) {
	if begun(s.rem) || s.incident == nil {
		return true, nil
	}
	if conditions.IsTrue(s.incident.Status.Conditions, v1alpha1.ConditionResolved) {
		s.end(v1alpha1.ReasonWithdrawn, fmt.Sprintf("Incident %s is resolved, nothing was changed", s.incident.Name))
		return false, nil
	}
	since := recoveredSince(s.incident, s.rem.Spec.Target.FunctionName)
	if since == nil {
		return true, nil
	}
	stable := time.Duration(s.policy.StableForSeconds) * time.Second
	if recovered := s.now.Sub(since.Time); recovered < stable {
		s.wake(stable - recovered)
		return true, nil
	}
	s.end(v1alpha1.ReasonWithdrawn, fmt.Sprintf("every alarm of Incident %s for function %s is OK since %s, nothing was changed",
		s.incident.Name, s.rem.Spec.Target.FunctionName, since.UTC().Format(time.RFC3339)))
	return false, nil
}

// recoveredSince returns since when every signal of a function is OK: another function of the Incident may be in trouble
// still, and must not wait for a plan that nobody needs. Where no signal tells of the function, all have to be OK. Pure.
func recoveredSince(inc *v1alpha1.Incident, function v1alpha1.FunctionName) *metav1.Time {
	var since *metav1.Time
	for i, sig := range inc.Status.Signals {
		if !sig.Tells(function) {
			continue
		}
		if sig.State != v1alpha1.AlarmOK {
			return nil
		}
		if since == nil || since.Before(&inc.Status.Signals[i].TransitionedAt) {
			since = &inc.Status.Signals[i].TransitionedAt
		}
	}
	if since == nil {
		return inc.Status.RecoveredSince
	}
	return since
}
