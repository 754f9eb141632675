package evidence

import (
	"context"
	"errors"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// Reasons of gaps that are no reasons of faults. Those are kept: AccessDenied names the missing IAM action,
// AWSUnavailable and FunctionNotFound say what they say.
const (
	// GapTimedOut says that there was no answer before the caller's deadline.
	GapTimedOut = "TimedOut"
	// GapUnknownStep says that no code of this version carries out the step.
	GapUnknownStep = "UnknownStep"
)

// maxMessage is the longest message of a gap.
const maxMessage = 512

// Retryable says whether the same step may have evidence a little later without anybody's help.
func Retryable(g *v1alpha1.Gap) bool {
	return g != nil && (g.Reason == v1alpha1.ReasonAWSUnavailable || g.Reason == GapTimedOut)
}

func gapOf(ctx context.Context, err error) *v1alpha1.Gap {
	f := fault.From(err)
	g := &v1alpha1.Gap{Reason: f.Reason, Message: f.Message}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		g.Reason, g.Message = GapTimedOut, f.Message+" in time"
	}
	g.Message = g.Message[:min(len(g.Message), maxMessage)]
	return g
}
