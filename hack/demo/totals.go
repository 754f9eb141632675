package main

import (
	"context"
	"fmt"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
)

// totals sums up, and fails where AWS was changed more or less than the plan and its undoing say.
func (s *story) totals(context.Context) error {
	work := s.explained.wall.Sub(s.shown.Wall)
	s.say("total", "the diagnosis could be seen %.0f s after the alarm, by this clock; the operator's work from AWS call %d on was %d ms of the wall, which are %.0f s of this clock",
		s.explained.world.Sub(s.inc.Spec.Signal.TransitionedAt.Time).Seconds(), s.shown.Sequence,
		work.Milliseconds(), work.Seconds()*s.world.Clock.Factor)
	calls, effects := map[ledger.Class]int{}, 0
	all := s.operatorCalls()
	for _, e := range all {
		calls[e.Class]++
		if e.Changed {
			effects++
		}
	}
	s.say("total", "AWS calls of the operator: %d read, %d bookkeeping, %d change; AWS differs after %d of them",
		calls[ledger.Read], calls[ledger.Bookkeeping], calls[ledger.Change], effects)
	for _, text := range errorsOf(all) {
		s.say("total", "%s", text)
	}
	want := 0
	if s.rem.Status.AppliedAt != nil {
		want = len(s.rem.Status.Plan.Calls)
	}
	if r := s.rem.Status.Revert; r != nil && r.AppliedAt != nil {
		want *= 2
		undid := 0
		for _, i := range s.rem.Status.Intents {
			if i.Inverse && i.Outcome == v1alpha1.OutcomeApplied {
				undid++
			}
		}
		s.say("total", "changes of AWS: %d, of which %d undid what another had done", effects, undid)
	}
	if calls[ledger.Change] != want || effects != want {
		return fmt.Errorf("the operator made %d changing calls, of which %d changed something, and %d were to be made",
			calls[ledger.Change], effects, want)
	}
	return nil
}

// errorsOf says which calls were answered with an error. That a parameter is not there is the answer to whoever reads it
// before writing it: then the call that wrote it is named.
func errorsOf(calls []ledger.Entry) []string {
	var order []string
	first, times := map[string]ledger.Entry{}, map[string]int{}
	for _, e := range calls {
		if e.Error == "" {
			continue
		}
		key := e.Action() + " " + e.Resource + " " + e.Error
		if times[key]++; times[key] == 1 {
			order, first[key] = append(order, key), e
		}
	}
	var out []string
	for _, key := range order {
		e := first[key]
		text := fmt.Sprintf("%s answered with an error: AWS call %d, %s on %s, %s", several(times[key], "call"), e.Sequence, e.Action(), e.Resource, e.Error)
		if e.Error == "ParameterNotFound" {
			for _, wrote := range calls {
				if wrote.Sequence > e.Sequence && wrote.Action() == "ssm:PutParameter" && wrote.Resource == e.Resource && wrote.Error == "" {
					text += fmt.Sprintf(", as was to be expected: it was not there until AWS call %d, %s, wrote it", wrote.Sequence, wrote.Action())
					break
				}
			}
		}
		out = append(out, text)
	}
	return out
}
