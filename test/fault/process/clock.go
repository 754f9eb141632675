//go:build fault

package process

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"k8s.io/utils/clock"
)

// Clock is world time and transport time of every process that maps the same file: the wall's time, ahead by as much as
// was skipped. The process that leads skips world time when it has nothing to do until a moment that it knows; so a
// busy machine is never late, and nobody waits. Transport time is skipped only while a test says so.
type Clock struct{ shared *shared }

// shared is what the processes share. Times are nanoseconds.
type shared struct {
	world atomic.Int64 // how far world time is ahead of the wall
	wall  atomic.Int64 // how far transport time is
	held  atomic.Bool  // nothing is skipped
	both  atomic.Bool  // transport time is skipped with world time
}

// MapClock maps the clock of a file, which is made if it does not exist. The mapping lasts as long as the process.
func MapClock(file string) (*Clock, error) {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the clock: %w", err)
	}
	defer func() { _ = f.Close() }()
	size := int(unsafe.Sizeof(shared{}))
	if err := f.Truncate(int64(size)); err != nil {
		return nil, fmt.Errorf("making the clock: %w", err)
	}
	memory, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mapping the clock: %w", err)
	}
	return &Clock{shared: (*shared)(unsafe.Pointer(&memory[0]))}, nil
}

// Hold lets nothing be skipped until Run.
func (c *Clock) Hold() { c.shared.held.Store(true) }

// Run lets the process that leads skip world time when it waits, and transport time with it or not.
func (c *Clock) Run(transport bool) {
	c.shared.both.Store(transport)
	c.shared.held.Store(false)
}

// World is world time.
func (c *Clock) World() Time { return Time{ahead: &c.shared.world} }

// Wall is transport time.
func (c *Clock) Wall() Time { return Time{ahead: &c.shared.wall} }

// skip lets world time pass up to a moment.
func (c *Clock) skip(to time.Time) {
	d := int64(to.Sub(c.World().Now()))
	if d <= 0 || c.shared.held.Load() {
		return
	}
	c.shared.world.Add(d)
	if c.shared.both.Load() {
		c.shared.wall.Add(d)
	}
}

// Time is one of the times of a Clock. Its timers are the wall's: nothing is skipped while one is waited for.
type Time struct {
	clock.RealClock
	ahead *atomic.Int64
}

// Now returns the time, without a monotonic reading, which means nothing to another process.
func (t Time) Now() time.Time { return time.Now().Round(0).Add(time.Duration(t.ahead.Load())) }

// Since returns how much of it passed since a time.
func (t Time) Since(u time.Time) time.Duration { return t.Now().Sub(u) }
