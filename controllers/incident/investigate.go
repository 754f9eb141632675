package incident

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/internal/evidence"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

const (
	// maxEvidence is the bound of status.evidence.
	maxEvidence = 256
	// recheck is how often an Incident without an answer is looked at anew.
	recheck = 5 * time.Minute
	// gapRetry is how soon an Incident is looked at again that AWS did not answer.
	gapRetry = 30 * time.Second
)

// investigate runs every step of every Runbook at every affected function that has no result yet, all at once.
func (r *Reconciler) investigate(ctx context.Context, s *scope) (bool, error) {
	stay := s.forget(controller.AnswersAgain(ctx))
	requests := s.outstanding()
	if len(requests) > 0 {
		session, err := r.AWS.Session(ctx, s.grant.Access, "runbook-operator")
		if err != nil {
			f := fault.From(err)
			s.inc.Status.Evidence = append(s.inc.Status.Evidence, stay...)
			s.investigated(false, f.Reason, "AWS was not reached: "+f.Message)
			return false, err
		}
		seen := evidence.Collect(ctx, evidence.Subject{Session: session, UnreservedFloor: s.grant.Floor, Recent: true, Now: s.now}, requests)
		keepGaps(seen, s.base.Status.Evidence)
		if keepSeen(seen, stay) {
			s.wake(gapRetry)
		}
		s.inc.Status.Evidence = affordable(s.inOrder(append(s.inc.Status.Evidence, seen...)))
	}
	var missing []string
	for _, result := range s.inc.Status.Evidence {
		if result.Gap == nil {
			continue
		}
		missing = append(missing, fmt.Sprintf("%s at %s: %s", result.Step, result.FunctionName, result.Gap.Message))
		if pause := evidence.RetryAfter(result.Gap); pause > 0 && s.last() == nil {
			s.wake(pause - s.now.Sub(result.At.Time)%pause)
		}
	}
	total := len(s.inc.Status.Evidence)
	if len(missing) == 0 {
		s.investigated(true, v1alpha1.ReasonComplete, fmt.Sprintf("%d steps have evidence", total))
		return true, nil
	}
	s.investigated(true, v1alpha1.ReasonWithGaps, clip(fmt.Sprintf("%d of %d steps have no evidence: %s", len(missing), total, strings.Join(missing, "; ")), maxMessage))
	return true, nil
}

// forget drops evidence that has to be read again: gaps that AWS may fill by now; and everything, where a change was
// answered since, or where the trouble goes on and no change is under way upon it: what explained it minutes ago may be
// over, and something else may have begun. It returns what has to stay where AWS does not answer. Gaps are tried again
// after a pause, and at once where AWS answers again: the call that found that out may have been of the same look.
func (s *scope) forget(answers bool) (stay []v1alpha1.StepResult) {
	st, last := &s.inc.Status, s.last()
	if last != nil && !answered(*last) || len(st.Evidence) == 0 {
		return nil // a change is under way upon this evidence
	}
	read := readAt(st.Evidence)
	overtaken := last != nil && outlived(*last) && s.firing() && read.Before(last.Status.EndedAt.Time)
	byHand := last != nil && ended(*last) == v1alpha1.ReasonSucceeded && len(st.Signals) == 0
	if overtaken || byHand && read.Before(answeredAt(*last)) {
		st.Evidence = nil
		return nil
	}
	if s.firing() || byHand {
		age := s.now.Sub(read)
		if age >= recheck {
			stay, st.Evidence = st.Evidence, nil
			return stay
		}
		s.wake(recheck - age)
	}
	if last != nil {
		return nil
	}
	st.Evidence = slices.DeleteFunc(st.Evidence, func(result v1alpha1.StepResult) bool {
		pause := evidence.RetryAfter(result.Gap)
		return pause > 0 && (answers || s.now.Sub(result.At.Time) >= pause)
	})
	return nil
}

// keepSeen puts back, of each step that is a gap now and may not be one soon, what was seen before, and says whether there was
// any: what was seen a few minutes ago is worth more than what is not known now. It keeps the time at which it was seen, so
// that it is asked for again. Pure but for the results.
func keepSeen(results, before []v1alpha1.StepResult) bool {
	kept := false
	for i, result := range results {
		if evidence.RetryAfter(result.Gap) == 0 {
			continue
		}
		at := slices.IndexFunc(before, func(old v1alpha1.StepResult) bool { return old.Gap == nil && sameStep(old, result) })
		if at >= 0 {
			results[i], kept = before[at], true
		}
	}
	return kept
}

// sameStep says whether two results are of one step of one Runbook at one function. Pure.
func sameStep(a, b v1alpha1.StepResult) bool {
	return a.Runbook == b.Runbook && a.Step == b.Step && a.FunctionName == b.FunctionName
}

// inOrder sorts results by Runbook, function and step, whenever each was read: a step that is tried again in vain leaves
// everything as it was.
func (s *scope) inOrder(results []v1alpha1.StepResult) []v1alpha1.StepResult {
	type key struct {
		runbook, step string
		function      v1alpha1.FunctionName
	}
	place := map[key]int{}
	for i, p := range s.inc.Status.Runbooks {
		for _, f := range s.functions {
			for _, step := range s.specs[i].Investigate {
				place[key{p.Name, step.Name, f.Name}] = len(place)
			}
		}
	}
	slices.SortStableFunc(results, func(a, b v1alpha1.StepResult) int {
		return place[key{a.Runbook, a.Step, a.FunctionName}] - place[key{b.Runbook, b.Step, b.FunctionName}]
	})
	return results
}

// readAt returns when the oldest evidence was read, or the newest gap where there is none. Pure.
func readAt(results []v1alpha1.StepResult) time.Time {
	var seen, missed time.Time
	for _, result := range results {
		at := result.At.Time
		switch {
		case result.Gap != nil && at.After(missed):
			missed = at
		case result.Gap == nil && (seen.IsZero() || at.Before(seen)):
			seen = at
		}
	}
	if seen.IsZero() {
		return missed
	}
	return seen
}

// keepGaps gives a gap the time at which it was first seen, where nothing about it changed: looking again in vain is no
// news, and is not written. Pure but for the results.
func keepGaps(results, before []v1alpha1.StepResult) {
	for i := range results {
		for _, old := range before {
			if sameStep(old, results[i]) && old.Gap != nil && results[i].Gap != nil && *old.Gap == *results[i].Gap {
				results[i].At = old.At
			}
		}
	}
}

// outstanding lists the steps that have no result yet, in the order of the Runbooks.
func (s *scope) outstanding() []evidence.Request {
	type key struct {
		runbook, step string
		function      v1alpha1.FunctionName
	}
	have := map[key]bool{}
	for _, result := range s.inc.Status.Evidence {
		have[key{result.Runbook, result.Step, result.FunctionName}] = true
	}
	var out []evidence.Request
	for i, p := range s.inc.Status.Runbooks {
		for _, f := range s.functions {
			for _, step := range s.specs[i].Investigate {
				if !have[key{p.Name, step.Name, f.Name}] && len(s.inc.Status.Evidence)+len(out) < maxEvidence {
					out = append(out, evidence.Request{Runbook: p.Name, Step: step, Function: f})
				}
			}
		}
	}
	return out
}
