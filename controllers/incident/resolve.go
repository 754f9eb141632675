package incident

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
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
		why := conditions.Reason(last.Status.Conditions, v1alpha1.ConditionSucceeded)
		if why == "" {
			why = v1alpha1.ReasonProposed
		}
		return false, why, fmt.Sprintf("Remediation %s is under way: see its conditions", last.Name)
	}
	if name := s.lost(); name != "" {
		return false, v1alpha1.ReasonHeldForPerson, fmt.Sprintf("Remediation %s was deleted while its change was under way or before it was proved: a person has to look", name)
	}
	if last != nil && ended(*last) != v1alpha1.ReasonSucceeded && !outlived(*last) {
		if _, again := rungOf(s.cause(), s.remediations); !again {
			return false, v1alpha1.ReasonHeldForPerson, heldMessage(*last)
		}
	}
	fixed := last != nil && ended(*last) == v1alpha1.ReasonSucceeded
	if fixed && len(s.inc.Status.Signals) == 0 {
		return true, v1alpha1.ReasonRemediated, fmt.Sprintf("Remediation %s was proved to help", last.Name)
	}
	switch state {
	case v1alpha1.AlarmFiring:
		return s.unanswered(fixed)
	case v1alpha1.AlarmDeleted:
		return false, v1alpha1.ReasonAlarmDeleted, "an alarm of the Incident was deleted, so nobody can say that it recovered: a person has to look"
	case v1alpha1.AlarmInsufficientData:
		return false, v1alpha1.ReasonNoData, "an alarm of the Incident has no data, so nobody can say that it recovered"
	}
	if since == nil { // no signal: a person opened it
		return s.unanswered(fixed)
	}
	if s.now.Sub(since.Time) < s.stableFor {
		return false, v1alpha1.ReasonRecovering, fmt.Sprintf("every alarm is OK since %s: the Incident is over when they stay so for %s", since.UTC().Format(time.TimeOnly), s.stableFor)
	}
	if fixed {
		return true, v1alpha1.ReasonRemediated, fmt.Sprintf("Remediation %s was proved to help, every alarm is OK since %s", last.Name, since.UTC().Format(time.RFC3339))
	}
	return true, v1alpha1.ReasonRecoveredWithoutChange, fmt.Sprintf("every alarm is OK since %s, nothing was changed", since.UTC().Format(time.RFC3339))
}

// heldMessage says what became of a change that nothing follows by itself.
func heldMessage(rem v1alpha1.Remediation) string {
	if conditions.IsTrue(rem.Status.Conditions, v1alpha1.ConditionReverted) {
		return fmt.Sprintf("Remediation %s did not help and was reverted (%s): a person has to look", rem.Name, ended(rem))
	}
	return fmt.Sprintf("Remediation %s ended with %s: a person has to look", rem.Name, ended(rem))
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
		return false, v1alpha1.ReasonFiring, "a change was proved to help, and an alarm is in ALARM: a person has to look"
	case s.top == nil:
		return false, v1alpha1.ReasonUndiagnosed, "no cause was found: see the condition Diagnosed"
	case s.grant.Unclaimed != "":
		return false, v1alpha1.ReasonAccountNotClaimed, fmt.Sprintf("the mode of ServerlessApplication %s is Observe, so that no change is proposed: %s", s.app.Name, s.grant.Unclaimed)
	case s.grant.Mode == v1alpha1.ModeObserve:
		return false, v1alpha1.ReasonModeObserve, fmt.Sprintf("the mode of ServerlessApplication %s is Observe: no change is proposed", s.app.Name)
	case s.top.Instruction != "":
		return false, v1alpha1.ReasonInstructed, s.top.Instruction
	case s.top.Problem != "":
		return false, v1alpha1.ReasonHeldForPerson, s.top.Problem
	}
	return false, v1alpha1.ReasonFiring, "an alarm is in ALARM"
}
