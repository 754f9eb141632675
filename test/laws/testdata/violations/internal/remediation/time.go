// Package remediation plants every way to a time that nobody passed in.
package remediation

import (
	"context"
	"time"      // want: staticcheck
	wall "time" // want: staticcheck

	"golang.org/x/time/rate"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/clock"
)

// Times are wall times.
func Times() []any {
	return []any{
		time.Now(),              // want: forbidigo
		wall.Now(),              // want: forbidigo
		time.Since(time.Time{}), // want: forbidigo
		time.Until(time.Time{}), // want: forbidigo
		time.After(time.Second), // want: forbidigo
		time.Tick(time.Second),  // want: forbidigo
		time.NewTimer(1),        // want: forbidigo
		time.NewTicker(1),       // want: forbidigo
		time.AfterFunc(1, func() { // want: forbidigo
		}),
		metav1.Now(),      // want: forbidigo
		clock.RealClock{}, // want: forbidigo
	}
}

// Now is a wall clock by another name.
var Now = time.Now // want: forbidigo

// Wait sleeps.
func Wait(ctx context.Context, limiter *rate.Limiter) error {
	time.Sleep(time.Second)                   // want: forbidigo
	if err := limiter.Wait(ctx); err != nil { // want: forbidigo
		return err
	}
	if limiter.Allow() { // want: forbidigo
		return nil
	}
	if limiter.Reserve().OK() { // want: forbidigo
		return nil
	}
	if err := limiter.WaitN(ctx, 2); err != nil { // want: forbidigo
		return err
	}
	return limiter.Wait(context.Background()) // want: forbidigo
}

// Poll asks again and again.
func Poll(ctx context.Context) {
	done := func(context.Context) (bool, error) { return true, nil }
	_ = wait.PollUntilContextTimeout(ctx, time.Second, time.Minute, true, done)            // want: forbidigo
	_ = wait.ExponentialBackoffWithContext(ctx, wait.Backoff{Duration: 1, Steps: 2}, done) // want: forbidigo
	wait.UntilWithContext(ctx, func(context.Context) {}, time.Second)                      // want: forbidigo
}

// Pause sleeps by another name.
func Pause(ctx context.Context, until time.Time) {
	ctx, cancel := context.WithTimeout(ctx, time.Second) // want: forbidigo
	defer cancel()
	ctx, stop := context.WithDeadline(ctx, until) // want: forbidigo
	defer stop()
	<-ctx.Done()
}

// Permitted takes its time as an argument.
func Permitted(limiter *rate.Limiter, now time.Time) (bool, metav1.Time) {
	return limiter.AllowN(now, 1), metav1.NewTime(now)
}
