// Package clock owns the clocks that the program is assembled with, and is the only production package that touches the
// wall clock. It must not decide which clock anything uses: main.go and the programs under hack/ do.
package clock

import (
	"time"

	"k8s.io/utils/clock"
)

// Real is the wall clock. Production uses it for world time and for transport time; no flag changes that.
type Real = clock.RealClock

// Scaled is world time that runs faster than the wall: epoch + (wall − epoch) × factor. It is affine and keeps no
// state, so that every process that is given the same two numbers reads the same time.
//
// What its timers and tickers send says only that the time has come; read Now for the time.
type Scaled struct {
	// Epoch is when both clocks show the same time.
	Epoch time.Time
	// Factor is how many seconds pass in one second of the wall. It must be above 0, and is constant: a delay that
	// is queued keeps the factor it was queued with.
	Factor float64
}

var _ clock.WithTicker = Scaled{}

// Now returns the world's time.
func (s Scaled) Now() time.Time {
	// Without the monotonic reading, which means nothing to another process.
	epoch := s.Epoch.Round(0)
	return epoch.Add(time.Duration(float64(time.Now().Round(0).Sub(epoch)) * s.Factor))
}

// Since returns how much of the world's time passed since a time.
func (s Scaled) Since(t time.Time) time.Duration { return s.Now().Sub(t) }

// Wall returns how long a duration of world time takes on the wall.
func (s Scaled) Wall(d time.Duration) time.Duration {
	return time.Duration(float64(d) / s.Factor)
}

// Sleep returns after a duration of world time.
func (s Scaled) Sleep(d time.Duration) { Real{}.Sleep(s.Wall(d)) }

// After returns the channel of a timer that fires once, after a duration of world time.
func (s Scaled) After(d time.Duration) <-chan time.Time { return s.NewTimer(d).C() }

// Tick returns the channel of a ticker that is never stopped.
func (s Scaled) Tick(d time.Duration) <-chan time.Time { return s.NewTicker(d).C() }

// NewTimer returns a timer that fires once, after a duration of world time.
func (s Scaled) NewTimer(d time.Duration) clock.Timer {
	return scaledTimer{Timer: Real{}.NewTimer(s.Wall(d)), scale: s}
}

// NewTicker returns a ticker of a period of world time, but of no less than a millisecond on the wall.
func (s Scaled) NewTicker(d time.Duration) clock.Ticker {
	return Real{}.NewTicker(max(s.Wall(d), time.Millisecond))
}

// scaledTimer scales the durations that it is reset to.
type scaledTimer struct {
	clock.Timer
	scale Scaled
}

// Reset lets the timer fire after a duration of world time; see time.Timer.
func (t scaledTimer) Reset(d time.Duration) bool { return t.Timer.Reset(t.scale.Wall(d)) }
