package incident

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// resolve says whether the trouble is over. It is over when every alarm was OK for long enough and no change is
// under way or waits for a person; never because an alarm or its data went away.
func (r *Reconciler) resolve(ctx context.Context, s *scope) (bool, error) {
	since, state := recovered(s.inc.Status.Signals)
	s.inc.Status.RecoveredSince = since
	over, reason, message := s.outcome(since, state)
	if over {
		if unsure, why, err := r.confirm(ctx, s, reason == v1alpha1.ReasonRemediated); why != "" {
			s.resolved(false, unsure, why+": the Incident is over when every alarm is read as OK for "+s.stableFor.String()+" while users are there")
			s.wake(gapRetry)
			return false, err
		}
	}
	s.resolved(over, reason, message)
	if since != nil && !over {
		if wait := since.Add(s.stableFor).Sub(s.now); wait > 0 {
			s.wake(wait)
		}
	}
	return true, nil
}

// recovered returns since when every signal is OK, and otherwise the first state that is not. Pure.
func recovered(signals []v1alpha1.SignalStatus) (*metav1.Time, v1alpha1.AlarmState) {
	var since *metav1.Time
	state := v1alpha1.AlarmOK
	for i, sig := range signals {
		if sig.State == v1alpha1.AlarmFiring {
			return nil, v1alpha1.AlarmFiring
		}
		if sig.State != v1alpha1.AlarmOK {
			state = sig.State
		}
		if since == nil || since.Before(&signals[i].TransitionedAt) {
			since = signals[i].TransitionedAt.DeepCopy()
		}
	}
	if state != v1alpha1.AlarmOK {
		return nil, state
	}
	return since, state
}

// outcome says whether the Incident is over, with a reason and what happens next.
func (s *scope) outcome(since *metav1.Time, state v1alpha1.AlarmState) (over bool, reason, message string) {
	last := s.last()
	if last != nil && !answered(*last) {
		why, message := unfinished(*last)
		return false, why, message
	}
	if name := s.lost(); name != "" {
		return false, v1alpha1.ReasonHeldForPerson, fmt.Sprintf("Remediation %s was deleted while its change was under way or before it was proved: a person has to look at what was changed. When it is dealt with, close the Incident: kubectl delete incident %s -n %s", name, s.inc.Name, s.inc.Namespace)
	}
	if last != nil && ended(*last) != v1alpha1.ReasonSucceeded && !outlived(*last) && (since == nil || slices.ContainsFunc(s.remediations, unproved)) {
		// Where nothing was changed and every alarm is OK, there is nothing to look at.
		if _, again := rungOf(s.cause(), s.remediations); !again {
			return false, v1alpha1.ReasonHeldForPerson, heldMessage(*last, s.inc.Name)
		}
	}
	fixed := s.proved()
	if fixed != nil && len(s.inc.Status.Signals) == 0 {
		return s.answeredByHand(*fixed)
	}
	switch state {
	case v1alpha1.AlarmFiring:
		return s.unanswered(fixed != nil)
	case v1alpha1.AlarmDeleted:
		return false, v1alpha1.ReasonAlarmDeleted, inState(s.inc.Status.Signals, state) + " was deleted, so nobody can say that it recovered: a person has to look, and to close the Incident when it is dealt with: kubectl delete incident " + s.inc.Name + " -n " + s.inc.Namespace
	case v1alpha1.AlarmInsufficientData:
		return false, v1alpha1.ReasonNoData, inState(s.inc.Status.Signals, state) + " has no data, so nobody can say that it recovered: the Incident goes on until the alarm has data again"
	}
	if since == nil { // no signal: a person opened it
		return s.unanswered(fixed != nil)
	}
	if s.now.Sub(since.Time) < s.stableFor {
		return false, v1alpha1.ReasonRecovering, fmt.Sprintf("every alarm is OK since %s: the Incident is over when they stay so for %s", since.UTC().Format(time.RFC3339), s.stableFor)
	}
	if fixed != nil {
		return true, v1alpha1.ReasonRemediated, fmt.Sprintf("Remediation %s was proved to help, every alarm is OK since %s", fixed.Name, since.UTC().Format(time.RFC3339))
	}
	return true, v1alpha1.ReasonRecoveredWithoutChange, fmt.Sprintf("every alarm is OK since %s, nothing was changed", since.UTC().Format(time.RFC3339))
}

// answeredByHand says whether an Incident that no alarm tells of is over: a change was proved, and afterwards every step was
// read anew at every function, and no rule fires.
func (s *scope) answeredByHand(fixed v1alpha1.Remediation) (over bool, reason, message string) {
	proved := fmt.Sprintf("Remediation %s was proved to help", fixed.Name)
	gap := slices.IndexFunc(s.inc.Status.Evidence, func(e v1alpha1.StepResult) bool { return e.Gap != nil })
	switch {
	case len(s.inc.Status.Evidence) == 0 || readAt(s.inc.Status.Evidence).Before(answeredAt(fixed)):
		return false, v1alpha1.ReasonRecovering, proved + ": every step is read once more before the Incident is over"
	case s.top != nil:
		return false, v1alpha1.ReasonHeldForPerson, fmt.Sprintf("%s, and %s of function %s goes on (%s): a person has to look", proved, s.top.Name, s.top.FunctionName, s.top.Because)
	case len(s.app.Status.PreexistingAlarms) > 0: // no signals, as they were in ALARM before the application was watched
		return false, v1alpha1.ReasonHeldForPerson, fmt.Sprintf("%s, and alarm %q of the application is in ALARM: a person has to look", proved, s.app.Status.PreexistingAlarms[0].Name)
	case gap >= 0:
		e := s.inc.Status.Evidence[gap]
		return false, v1alpha1.ReasonRecovering, fmt.Sprintf("%s, and nobody can say that it is over: step %s at %s has no evidence", proved, e.Step, e.FunctionName)
	}
	return true, v1alpha1.ReasonRemediated, proved + ", and no rule fires any more"
}

// cause returns the cause that is answered, or an empty one.
func (s *scope) cause() v1alpha1.Cause {
	if s.top == nil {
		return v1alpha1.Cause{}
	}
	return *s.top
}

// unanswered says why the trouble goes on and no change is under way.
func (s *scope) unanswered(fixed bool) (bool, string, string) {
	switch {
	case fixed:
		return false, v1alpha1.ReasonFiring, "a change was proved to help, and " + firingText(s.inc.Status.Signals) + " again: a person has to look"
	case s.top == nil:
		return false, v1alpha1.ReasonUndiagnosed, "no cause was found (the condition Diagnosed says what was asked); " + firingText(s.inc.Status.Signals)
	case s.grant.Unclaimed != "":
		return false, v1alpha1.ReasonAccountNotClaimed, fmt.Sprintf("the mode of ServerlessApplication %s is Observe, so that no change is proposed: %s", s.app.Name, s.grant.Unclaimed)
	case s.grant.Mode == v1alpha1.ModeObserve:
		return false, v1alpha1.ReasonModeObserve, fmt.Sprintf("the mode of ServerlessApplication %s is Observe: no change is proposed", s.app.Name)
	case s.top.Instruction != "":
		return false, v1alpha1.ReasonInstructed, s.top.Instruction
	case s.top.Problem != "":
		return false, v1alpha1.ReasonHeldForPerson, s.top.Problem
	}
	return false, v1alpha1.ReasonFiring, firingText(s.inc.Status.Signals)
}
