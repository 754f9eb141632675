package remediation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
	"github.com/runbook-operator/runbook-operator/internal/evidence"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// causeRetry is how soon a cause that could not be told is asked again.
const causeRetry = time.Minute

// guard holds an approved change back: by the mode, because the cause does not hold any more, or because another change
// has the pool or the function. A held change says why.
func (r *Reconciler) guard(ctx context.Context, s *scope) (bool, error) {
	if begun(s.rem) {
		return true, nil
	}
	if s.grant.Unclaimed != "" {
		s.applied(false, v1alpha1.ReasonAccountNotClaimed, fmt.Sprintf("nothing is changed: %s", s.grant.Unclaimed))
		return false, nil
	}
	if mode := s.grant.Mode; mode != v1alpha1.ModeAct {
		reason := v1alpha1.ReasonModePropose
		if mode == v1alpha1.ModeObserve {
			reason = v1alpha1.ReasonModeObserve
		}
		s.applied(false, reason, fmt.Sprintf("the mode of ServerlessApplication %s is %s: the plan is approved, and nothing is changed until the mode is Act", s.app.Name, mode))
		return false, nil
	}
	if wait := retryAt(s.rem, step{index: next(s.rem)}).Sub(s.now); wait > 0 {
		s.wake(wait)
		return false, nil // the condition says what became of the last attempt
	}
	if done, err := r.signalled(ctx, s); err != nil || !done {
		return false, err
	}
	// The function may be another's for as long as a change lasts: what is no longer needed does not wait for that.
	functions, pool := targets(s.rem.Status.Plan)
	if s.action.UsesConcurrencyPool() {
		if done, err := r.lock(ctx, s, pool); err != nil || !done {
			return false, err
		}
	}
	if done, err := r.cause(ctx, s); err != nil || !done {
		return false, err
	}
	return r.lock(ctx, s, functions...)
}

// signalled asks whether a signal of the Incident still fails.
func (r *Reconciler) signalled(ctx context.Context, s *scope) (bool, error) {
	if s.incident == nil {
		return true, nil // asked for by a person, without an Incident
	}
	failing, known, err := r.failing(ctx, s)
	if err != nil {
		return false, err
	}
	switch {
	case !known:
		s.applied(false, v1alpha1.ReasonCauseUnknown, "no alarm of the Incident at this function has a state: nothing is changed while nobody can tell whether it is still needed")
		s.wake(causeRetry)
		return false, nil
	case !failing:
		s.end(v1alpha1.ReasonNoLongerNeeded, "no alarm of the Incident at this function is in ALARM any more, nothing was changed")
		return false, nil
	}
	return true, nil
}

// cause asks whether the rule that proposed the change still fires on fresh evidence.
func (r *Reconciler) cause(ctx context.Context, s *scope) (bool, error) {
	if s.incident == nil || s.rem.Spec.Cause == nil {
		return true, nil
	}
	result, why := r.ask(ctx, s)
	switch result.Verdict {
	case v1alpha1.VerdictFired:
		return true, nil
	case v1alpha1.VerdictDidNotFire:
		s.end(v1alpha1.ReasonNoLongerNeeded, fmt.Sprintf("%s does not hold any more (%s), nothing was changed", s.rem.Spec.Cause.Name, result.Message))
		return false, nil
	}
	if s.held {
		return false, heldBack(result.Message) // over in a moment: nothing to tell anybody
	}
	if why == "" {
		why = result.Message
	}
	s.applied(false, v1alpha1.ReasonCauseUnknown, fmt.Sprintf("it cannot be told whether %s still holds: %s", s.rem.Spec.Cause.Name, why))
	s.wake(causeRetry)
	return false, nil
}

// heldBack is the fault of a cause that could not be asked because the operator held its own reads back.
func heldBack(message string) error {
	f := fault.New(fault.Waiting, v1alpha1.ReasonAWSUnavailable, "it cannot be told whether the cause still holds: %s", message)
	f.After, f.Refused = moment, true
	return f
}

// failing says whether an alarm of the Incident at this function is in ALARM now, and whether any could say.
func (r *Reconciler) failing(ctx context.Context, s *scope) (failing, known bool, err error) {
	names := s.signals()
	if len(names) == 0 {
		return true, true, nil // a person opened the Incident, or named the function: its rule is all there is to ask
	}
	found, err := alarms.ByName(ctx, s.session, names)
	if err != nil {
		return false, false, err
	}
	for _, a := range found {
		failing = failing || a.State == v1alpha1.AlarmFiring
		known = known || a.State == v1alpha1.AlarmFiring || a.State == v1alpha1.AlarmOK
	}
	return failing, known, nil
}

// ask evaluates the pinned rule on evidence that is read now. The second value says why it could not be asked.
func (r *Reconciler) ask(ctx context.Context, s *scope) (v1alpha1.RuleResult, string) {
	for _, pinned := range s.incident.Status.Runbooks {
		if pinned.Name != s.rem.Spec.Cause.Runbook {
			continue
		}
		var spec v1alpha1.RunbookSpec
		if err := json.Unmarshal([]byte(pinned.Spec), &spec); err != nil {
			return v1alpha1.RuleResult{}, fmt.Sprintf("the Incident's copy of Runbook %s cannot be read", pinned.Name)
		}
		program, problems := diagnosis.Compile(spec)
		if len(problems) > 0 {
			return v1alpha1.RuleResult{}, fmt.Sprintf("the Incident's copy of Runbook %s does not compile: %s", pinned.Name, problems[0])
		}
		requests := make([]evidence.Request, 0, len(spec.Investigate))
		for _, step := range spec.Investigate {
			requests = append(requests, evidence.Request{Runbook: pinned.Name, Step: step, Function: s.function})
		}
		seen := evidence.Collect(ctx, evidence.Subject{Session: s.session, UnreservedFloor: s.grant.Floor, Now: s.now}, requests)
		if slices.ContainsFunc(seen, func(step v1alpha1.StepResult) bool { return step.Gap != nil && step.Gap.Reason == evidence.GapHeld }) {
			s.held = true
		}
		result, ok := program.Ask(s.rem.Spec.Cause.Name, diagnosis.Input{Runbook: pinned.Name, Function: s.function.Name, Evidence: seen})
		if !ok {
			return v1alpha1.RuleResult{}, fmt.Sprintf("Runbook %s has no rule for it", pinned.Name)
		}
		return result, ""
	}
	return v1alpha1.RuleResult{}, fmt.Sprintf("Runbook %s is not part of the Incident", s.rem.Spec.Cause.Runbook)
}
