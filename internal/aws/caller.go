package aws

import (
	"context"
	"sync"
	"time"
)

// Caller is on whose behalf calls are made. It is told when a service answers again that did not answer it, and may be
// asked to come back before, to find that out for everybody.
type Caller struct {
	key  any
	wake func()

	mu    sync.Mutex
	again time.Duration
}

// NewCaller returns a caller. Those with equal keys are the same one, and of these the last is told. wake must not block.
func NewCaller(key any, wake func()) *Caller { return &Caller{key: key, wake: wake} }

type callerKey struct{}

// In returns a context whose calls are made on behalf of the caller.
func (c *Caller) In(ctx context.Context) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// Expected returns how soon the caller is asked to come back, world time. Zero: nobody counts on it.
func (c *Caller) Expected() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.again
}

// expect asks the caller to come back, at the soonest that it was asked for.
func (c *Caller) expect(after time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.again == 0 || after < c.again {
		c.again = after
	}
}

// callerOf returns on whose behalf a call is made; nil where nobody said it.
func callerOf(ctx context.Context) *Caller {
	c, _ := ctx.Value(callerKey{}).(*Caller)
	return c
}
