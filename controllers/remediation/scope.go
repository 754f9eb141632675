package remediation

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/action"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/grant"
	"github.com/runbook-operator/runbook-operator/internal/lease"
)

// scope is what one Reconcile knows. Each field says which phase sets it.
type scope struct {
	rem  *v1alpha1.Remediation // as read; phases change its status
	base *v1alpha1.Remediation // as last written to the API server
	now  time.Time             // world time at the start, in whole seconds: the precision of the API

	app      *v1alpha1.ServerlessApplication // load; nil where it does not exist
	grant    grant.Resolved                  // load; zero where grantErr is set
	grantErr error                           // load
	incident *v1alpha1.Incident              // load; nil without one
	namesake types.UID                       // load: the UID of another Incident of that name
	policy   v1alpha1.PinnedPolicy           // load: the stricter of the pinned and the present one
	function v1alpha1.ApplicationFunction    // accept
	action   action.Action                   // load
	session  *aws.Session                    // plan or observe: for reads
	firing   []string                        // plan: the alarms of the plan that are in ALARM
	proposal action.Proposal                 // plan
	doubts   []string                        // plan: why the change could not be proved to help
	verdict  approval.Verdict                // hear or approve: of the present plan, where heard says so
	baseline *v1alpha1.VerificationStatus    // gate: what the change is compared with

	held         bool      // guard: the operator held back its own reads, so that the cause cannot be told now
	claimedUntil time.Time // approach: until when a call upon the claim of the account must be over, wall time
	heard        bool      // hear or approve: people were asked about the present plan
	locked       bool      // turn or guard: a Lease was taken, or found to be held
	brief        bool      // close: it goes on in a moment

	uncertain bool // make: an intent may have been written, and nobody heard of it

	after time.Duration // the soonest that a phase wants to look again; zero: never
}

func (r *Reconciler) newScope(rem *v1alpha1.Remediation) *scope {
	now := r.Clock.Now().UTC().Truncate(time.Second)
	return &scope{rem: rem, base: rem.DeepCopy(), now: now}
}

// wake asks for another look after a time, at the soonest that any phase asked for.
func (s *scope) wake(after time.Duration) {
	after = max(after, time.Second)
	if s.after == 0 || after < s.after {
		s.after = after
	}
}

func (s *scope) stamp() metav1.Time { return metav1.NewTime(s.now) }

// begun says whether a call of the plan may have changed something: from here on only the way forward is open.
func begun(rem *v1alpha1.Remediation) bool {
	for _, i := range rem.Status.Intents {
		switch i.Outcome {
		case v1alpha1.OutcomeUnknown, v1alpha1.OutcomeApplied, v1alpha1.OutcomeDiverged:
			return true
		}
	}
	return false
}

// pending returns the intent whose outcome is unknown, or nil.
func pending(rem *v1alpha1.Remediation) *v1alpha1.Intent {
	for i := range rem.Status.Intents {
		if rem.Status.Intents[i].Outcome == v1alpha1.OutcomeUnknown {
			return &rem.Status.Intents[i]
		}
	}
	return nil
}

// next returns the index of the first call of the plan that was not seen applied, and len(calls) when all were.
func next(rem *v1alpha1.Remediation) int {
	index := 0
	for _, i := range rem.Status.Intents {
		if i.Outcome == v1alpha1.OutcomeApplied && !i.Inverse && int(i.Index) == index {
			index++
		}
	}
	return index
}

// undone says whether the inverse of a call was seen applied.
func undone(rem *v1alpha1.Remediation, index int) bool {
	return slices.ContainsFunc(rem.Status.Intents, func(i v1alpha1.Intent) bool {
		return i.Inverse && int(i.Index) == index && i.Outcome == v1alpha1.OutcomeApplied
	})
}

// attempts counts the intents of a step.
func attempts(rem *v1alpha1.Remediation, p step) int32 {
	var n int32
	for _, i := range rem.Status.Intents {
		if p.of(i) {
			n++
		}
	}
	return n
}

// signals returns the alarms of the Incident at the function; none where a person opened it, or there is none.
func (s *scope) signals() []string {
	if s.incident == nil {
		return nil
	}
	var names []string
	for _, sig := range s.incident.Status.Signals {
		if sig.Tells(s.rem.Spec.Target.FunctionName) {
			names = append(names, sig.AlarmName)
		}
	}
	return names
}

// retryAt returns when the next attempt at a step may be made whose last attempts changed nothing. The pause doubles
// from one attempt to the next, up to recheck. Zero: at once.
func retryAt(rem *v1alpha1.Remediation, p step) time.Time {
	n := attempts(rem, p)
	if n == 0 {
		return time.Time{}
	}
	pause := refusedRetry
	for range n - 1 {
		pause = min(2*pause, recheck)
	}
	return rem.Status.Intents[len(rem.Status.Intents)-1].At.Add(pause)
}

// targets returns the locks that the plan needs: of its functions, and of the pool if it draws on it.
func targets(plan *v1alpha1.Plan) (functions []string, pool string) {
	if plan == nil {
		return nil, ""
	}
	for _, c := range plan.Calls {
		functions = append(functions, lease.FunctionTarget(c.Call.ResourceARN))
	}
	return functions, lease.PoolTarget(plan.AccountID, string(plan.Region))
}
