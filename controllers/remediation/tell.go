package remediation

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// tellJournal logs what was just written of intents: each one that is new, and what became of it. With the call between,
// which tellCall logs, the log has a change in three lines, also where the object is gone.
func tellJournal(ctx context.Context, before, after *v1alpha1.Remediation) {
	for i, intent := range after.Status.Intents {
		was := v1alpha1.OutcomeUnknown
		if i >= len(before.Status.Intents) {
			log.FromContext(ctx).Info("Intent written: the call is made next", append(naming(after, intent),
				"before", text(intent.Before), "writes", text(callOf(after, intent).Writes), "notAfter", intent.NotAfter, "approvals", intent.Approvals)...)
		} else {
			was = before.Status.Intents[i].Outcome
		}
		if intent.Outcome != was {
			log.FromContext(ctx).Info("Outcome of the call", append(naming(after, intent), "outcome", intent.Outcome, "message", intent.Message)...)
		}
	}
}

// tellCall logs a call that was made, and what AWS answered.
func tellCall(ctx context.Context, rem *v1alpha1.Remediation, intent v1alpha1.Intent, err error) {
	values := append(naming(rem, intent), "answer", "accepted: what it did is read back")
	if err != nil {
		f := fault.From(err)
		values[len(values)-1] = f.Message
		values = append(values, "changedNothing", f.Refused)
		if f.Err != nil {
			values = append(values, "cause", f.Err.Error())
		}
	}
	log.FromContext(ctx).Info("Call made", values...)
}

// naming is of which call of which plan an intent is, at which function. The line's logger names the Remediation.
func naming(rem *v1alpha1.Remediation, i v1alpha1.Intent) []any {
	return []any{
		"uid", rem.UID, "function", rem.Spec.Target.FunctionName, "call", callOf(rem, i).Operation, "inverse", i.Inverse,
		"plan", i.PlanNumber, "index", i.Index, "attempt", i.Attempt, "session", i.Token,
	}
}

// callOf returns the call of an intent; none where a status that no operator wrote has no such call.
func callOf(rem *v1alpha1.Remediation, i v1alpha1.Intent) v1alpha1.Call {
	if plan := rem.Status.Plan; plan != nil && i.Index >= 0 && int(i.Index) < len(plan.Calls) {
		return stepOf(i).call(plan)
	}
	return v1alpha1.Call{}
}
