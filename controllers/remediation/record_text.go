package remediation

import (
	"fmt"
	"strings"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/action"
)

func lookCommand(c v1alpha1.PlannedCall, p *v1alpha1.Plan) string {
	return action.LookCommand(c.Call, string(p.Region))
}

func undoCommand(c v1alpha1.PlannedCall, p *v1alpha1.Plan) string {
	return action.Command(c.Inverse, string(p.Region))
}

// text says for a person what was done, and what to do now. Pure.
func (o orphan) text() string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	line("Remediation %s/%s (uid %s) was deleted in the middle of its change, and nobody sees the change through any more.", o.Namespace, o.Name, o.UID)
	line("Function:  %s of ServerlessApplication %s", o.Function, o.Application)
	line("Why:       %s: %s", o.Reason, o.Message)
	if o.LetGoAt != nil {
		line("Let go at: %s", o.LetGoAt.UTC().Format(time.RFC3339))
	}
	if o.Plan == nil || len(o.Calls) == 0 {
		line("\nIts status has no plan, so nobody knows what was done: look at the function and at CloudTrail, at sessions that are named %s-…", o.UID)
		return out.String()
	}
	line("Change:    %s (account %s, Region %s, role %s)", o.Plan.Summary, o.Plan.AccountID, o.Plan.Region, o.Plan.RoleARN)
	if !o.Plan.DigestMatches {
		line("\nWARNING: the plan in the status is not the one that was approved, somebody edited it. Do not trust the commands below: compare with CloudTrail.")
	}
	for i, c := range o.Calls {
		line("\nCall %d of %d: %s of %s", i+1, len(o.Calls), c.Call.Operation, c.Call.ResourceARN)
		line("  before the change: %s", text(written(c.Before, c.Call)))
		line("  written by it:     %s", text(c.Call.Writes))
		for _, intent := range o.Intents {
			if int(intent.Index) == i {
				line("  %s", attempt(intent))
			}
		}
		line("  look first:        %s", c.Look)
		line("  if it is as written, and nobody wants it so, undo it:")
		line("                     %s", c.Undo)
		line("  If it is as before, nothing is left of the change. If it is anything else, somebody else changed it: leave it alone, or ask them.")
	}
	line("\nThe whole record is in %s. When it is dealt with, delete this ConfigMap: nothing reads it.", recordJSON)
	return out.String()
}

// attempt says in one line what is known of an attempt at a call. An outcome that is not known is said to be so.
func attempt(i v1alpha1.Intent) string {
	what := "made"
	if i.Inverse {
		what = "undone"
	}
	outcome := string(i.Outcome)
	if i.Outcome == v1alpha1.OutcomeUnknown {
		outcome = "NOT KNOWN: it may have arrived or not"
	}
	out := fmt.Sprintf("attempt %d at %s, session %s: to be %s; outcome %s", i.Attempt, i.At.UTC().Format(time.RFC3339), i.Token, what, outcome)
	if i.Message != "" {
		out += " (" + i.Message + ")"
	}
	return out
}
