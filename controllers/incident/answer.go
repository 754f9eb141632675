package incident

import (
	"fmt"
	"strings"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// mostNamed is how many alarms a message names.
const mostNamed = 3

// unfinished says how far a Remediation is that has not ended, by its own root condition, and whom it waits for. Pure.
func unfinished(rem v1alpha1.Remediation) (reason, message string) {
	reason = conditions.Reason(rem.Status.Conditions, v1alpha1.ConditionSucceeded)
	switch reason {
	case "":
		return v1alpha1.ReasonProposed, fmt.Sprintf("Remediation %s is proposed, and is being planned", rem.Name)
	case v1alpha1.ReasonAwaitingApproval:
		return reason, awaiting(rem)
	case v1alpha1.ReasonIntentRecorded, v1alpha1.ReasonTakingEffect, v1alpha1.ReasonOutcomeUnknown, v1alpha1.ReasonApplied:
		return reason, fmt.Sprintf("Remediation %s is making its change: %s", rem.Name, describe(rem))
	case v1alpha1.ReasonSettling, v1alpha1.ReasonObserving:
		return reason, fmt.Sprintf("Remediation %s made its change, and watches whether it helps: %s", rem.Name, describe(rem))
	case v1alpha1.ReasonReverting:
		return reason, fmt.Sprintf("Remediation %s made a change that did not help or expired, and undoes it: %s", rem.Name, describe(rem))
	}
	if called(rem) {
		return reason, fmt.Sprintf("Remediation %s made a call and is not done with it: %s", rem.Name, describe(rem))
	}
	return reason, fmt.Sprintf("Remediation %s has changed nothing yet: %s", rem.Name, find(rem.Status.Conditions, v1alpha1.ConditionSucceeded).Message)
}

// awaiting says what waits for approval, until when, and where the command is that gives it. Pure.
func awaiting(rem v1alpha1.Remediation) string {
	plan := rem.Status.Plan
	if plan == nil {
		return fmt.Sprintf("Remediation %s waits for approval: %s", rem.Name, describe(rem))
	}
	return fmt.Sprintf("Remediation %s waits for people to approve plan %d (%s) until %s, when it is planned again: %s shows the plan and how to approve or reject it",
		rem.Name, plan.Number, plan.Summary, plan.ExpiresAt.UTC().Format(time.RFC3339), describe(rem))
}

// describe is the command that shows a Remediation.
func describe(rem v1alpha1.Remediation) string {
	return fmt.Sprintf("kubectl describe remediation %s -n %s", rem.Name, rem.Namespace)
}

// called says whether a call of a Remediation changed something, or may have.
func called(rem v1alpha1.Remediation) bool {
	for _, i := range rem.Status.Intents {
		switch i.Outcome {
		case v1alpha1.OutcomeUnknown, v1alpha1.OutcomeApplied, v1alpha1.OutcomeDiverged:
			return true
		}
	}
	return false
}

// heldMessage says what became of a change that nothing follows by itself, and how to go on.
func heldMessage(rem v1alpha1.Remediation, incident string) string {
	end := fmt.Sprintf("When it is dealt with, close the Incident: kubectl delete incident %s -n %s (the role runbook-operator-editor may; another opens while an alarm is in ALARM)", incident, rem.Namespace)
	if conditions.IsTrue(rem.Status.Conditions, v1alpha1.ConditionReverted) {
		return fmt.Sprintf("Remediation %s did not help and was reverted (%s): a person has to look: %s. %s", rem.Name, ended(rem), describe(rem), end)
	}
	if called(rem) || rem.Status.AppliedAt != nil {
		return fmt.Sprintf("Remediation %s ended with %s: a person has to look: %s. %s", rem.Name, ended(rem), describe(rem), end)
	}
	why := ""
	if c := find(rem.Status.Conditions, v1alpha1.ConditionSucceeded); c != nil && c.Message != "" {
		why = " (" + c.Message + ")"
	}
	return fmt.Sprintf("Remediation %s changed nothing and ended with %s%s: a person has to look. To have a change proposed anew, or the Incident end by itself when its alarms are OK: kubectl delete remediation %s -n %s (the role runbook-operator-editor may). To close the Incident now: kubectl delete incident %s -n %s",
		rem.Name, ended(rem), why, rem.Name, rem.Namespace, incident, rem.Namespace)
}

// firingText names the alarms that are in ALARM. Pure.
func firingText(signals []v1alpha1.SignalStatus) string {
	var names []string
	left := 0
	for _, sig := range signals {
		switch {
		case sig.State != v1alpha1.AlarmFiring:
		case len(names) == mostNamed:
			left++
		default:
			names = append(names, fmt.Sprintf("%q", sig.AlarmName))
		}
	}
	switch {
	case len(names) == 0:
		return "a person opened the Incident, and no alarm says when it is over"
	case left > 0:
		return fmt.Sprintf("alarms %s and %d more are in ALARM", strings.Join(names, ", "), left)
	case len(names) > 1:
		return fmt.Sprintf("alarms %s are in ALARM", strings.Join(names, ", "))
	}
	return fmt.Sprintf("alarm %s is in ALARM", names[0])
}

// inState names the first alarm that is in a state. Pure.
func inState(signals []v1alpha1.SignalStatus, state v1alpha1.AlarmState) string {
	for _, sig := range signals {
		if sig.State == state {
			return fmt.Sprintf("alarm %q", sig.AlarmName)
		}
	}
	return "an alarm of the Incident"
}
