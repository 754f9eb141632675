//go:build fault

package process

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

// Point is where a process ends, or stops. The zero Point is nowhere: the process only writes down what it passes.
type Point struct {
	// Name is the place and the number of the time that it is passed.
	Name string
	// Stop stops the process there by SIGSTOP, until it is continued by SIGCONT; else SIGKILL ends it.
	Stop bool
}

// Learn arms a process to write down the points that it passes, and nothing else.
var Learn = Point{}

// points counts the places that a process passes, writes them down, and ends the process at one of them. The code of
// the operator knows nothing of it.
type points struct {
	mu    sync.Mutex
	file  *os.File
	armed bool
	at    Point
	count map[string]int // how often each place was passed
}

// openPoints makes the points of a process that are written to a file.
func openPoints(file string) (*points, error) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the list of points: %w", err)
	}
	return &points{file: f}, nil
}

// arm counts anew from here, and ends or stops the process at a point.
func (p *points) arm(at Point) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.armed, p.at, p.count = true, at, map[string]int{}
}

// pass says that the process passes a place. It does not return if that is the point to end at.
func (p *points) pass(place string) {
	p.mu.Lock()
	defer p.mu.Unlock() // nobody else passes anything while this process dies
	if !p.armed {
		return
	}
	p.count[place]++
	point := fmt.Sprintf("%s #%d", place, p.count[place])
	if _, err := fmt.Fprintln(p.file, point); err != nil {
		panic(err) // a point that is not known could not be killed at
	}
	if point != p.at.Name {
		return
	}
	if p.at.Stop {
		p.signal(syscall.SIGSTOP)
		return
	}
	p.signal(syscall.SIGKILL)
	select {} // it is on its way
}

// signal sends a signal to this very thread, so that it goes no further: one that is sent to the process may be taken by
// another thread, which on a busy machine has its turn later.
func (p *points) signal(s syscall.Signal) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := syscall.Tgkill(os.Getpid(), syscall.Gettid(), s); err != nil {
		panic(err)
	}
}

// readPoints returns the points that were written to a file, in their order.
func readPoints(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the points: %w", err)
	}
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' }), nil
}
