// Package phase owns running the phases of a Reconcile in order. It must not know what a phase does, nor write
// anything.
package phase

import "context"

// Func is one phase over a scope. It returns done=false when it stops here for now, and an error when something
// went wrong; a fault.Waiting error is no failure, only a stop with a time.
type Func[S any] func(ctx context.Context, s S) (done bool, err error)

// Run runs the phases in order and stops at the first that is not done or fails.
func Run[S any](ctx context.Context, s S, phases ...Func[S]) error {
	for _, p := range phases {
		done, err := p(ctx, s)
		if err != nil || !done {
			return err
		}
	}
	return nil
}
