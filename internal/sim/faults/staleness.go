package faults

import (
	"context"
	"time"
)

// stale are the actions that a staleness is served for. The others answer fresh, and a rule of staleness alone passes
// them by.
var stale = map[string]bool{
	"lambda:GetAccountSettings": true, "lambda:GetFunction": true, "lambda:GetFunctionConfiguration": true,
	"lambda:GetFunctionConcurrency": true, "lambda:GetAlias": true, "lambda:ListAliases": true, "lambda:ListFunctions": true,
	"lambda:ListVersionsByFunction": true, "lambda:ListTags": true,
	"ssm:GetParameter": true, "ssm:GetParameters": true,
}

// onlyStale says whether staleness is all that the effect is.
func (e Effect) onlyStale() bool { return e.Stale > 0 && e == Effect{Stale: e.Stale} }

type stalenessKey struct{}

// WithStaleness makes the reads of a call answer with the state of d ago: AWS's reads after writes are eventually
// consistent.
func WithStaleness(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, stalenessKey{}, d)
}

// Staleness is how old the state is that a read of this call sees; 0 for the latest.
func Staleness(ctx context.Context) time.Duration {
	d, _ := ctx.Value(stalenessKey{}).(time.Duration)
	return d
}
