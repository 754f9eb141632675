package faults

import "context"

// UpdateFailure is why an update of a function failed: LastUpdateStatusReasonCode and LastUpdateStatusReason (AWS Lambda
// API Reference, FunctionConfiguration).
type UpdateFailure struct{ Code, Reason string }

// UpdateFails is the effect of an update that is accepted and ends as Failed.
func UpdateFails(code, reason string) Effect {
	return Effect{UpdateFailure: UpdateFailure{Code: code, Reason: reason}}
}

type updateFailureKey struct{}

// WithUpdateFailure makes the update that a call begins fail at its end.
func WithUpdateFailure(ctx context.Context, f UpdateFailure) context.Context {
	return context.WithValue(ctx, updateFailureKey{}, f)
}

// UpdateFailureOf is why the update of this call fails; the zero value when it does not.
func UpdateFailureOf(ctx context.Context) UpdateFailure {
	f, _ := ctx.Value(updateFailureKey{}).(UpdateFailure)
	return f
}
