package faults

import (
	"context"
	"time"
)

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
