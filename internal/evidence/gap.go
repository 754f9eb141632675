package evidence

import (
	"context"
	"errors"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// Reasons of gaps that are no reasons of faults. Those are kept: AccessDenied names the missing IAM action,
// AWSUnavailable and FunctionNotFound say what they say.
const (
	// GapTimedOut says that there was no answer before the caller's deadline.
	GapTimedOut = "TimedOut"
	// GapUnknownStep says that no code of this version carries out the step.
	GapUnknownStep = "UnknownStep"
	// GapHeld says that the operator held a read back, to stay below a quota of the account.
	GapHeld = "HeldBack"
)

const (
	// retry is how soon a step is tried again that AWS did not answer, and heldRetry one that was held back: the budget is
	// there again in a moment, and everybody else waits for it too.
	retry, heldRetry = 30 * time.Second, 2 * time.Second
)

// maxMessage is the longest message of a gap.
const maxMessage = 512

// RetryAfter returns how long after it was last tried a step may have evidence without anybody's help. Zero: never.
func RetryAfter(g *v1alpha1.Gap) time.Duration {
	switch {
	case g == nil:
		return 0
	case g.Reason == GapHeld:
		return heldRetry
	case g.Reason == v1alpha1.ReasonAWSUnavailable || g.Reason == GapTimedOut:
		return retry
	}
	return 0
}

func gapOf(ctx context.Context, err error) *v1alpha1.Gap {
	f := fault.From(err)
	g := &v1alpha1.Gap{Reason: f.Reason, Message: f.Message}
	if aws.HeldBack(err) {
		g.Reason = GapHeld
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		g.Reason, g.Message = GapTimedOut, f.Message+" in time"
	}
	g.Message = g.Message[:min(len(g.Message), maxMessage)]
	return g
}
