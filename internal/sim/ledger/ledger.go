// Package ledger owns the record of every call that reached the simulated AWS: who called what and when, and whether
// the world changed. It must not decide anything about a call.
package ledger

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Entry is one call.
type Entry struct {
	// Sequence counts calls from 1.
	Sequence int
	// At is the world's time and Wall the wall time at which the call was served.
	At, Wall time.Time
	// Service is the IAM prefix and Operation the name, for example lambda and PutFunctionConcurrency.
	Service, Operation string
	// Principal is the caller's ARN with the role session name; empty when the caller is unknown.
	Principal string
	// Class is what kind of operation it is.
	Class Class
	// Changed says that the hash of the world's state differed before and after the call.
	Changed bool
	// Late is the world's time at which a call took effect long after it was served, zero for all others.
	Late time.Time
	// Error is the error code answered; empty for success. "ConnectionReset" when the connection was dropped, "NoAnswer"
	// when the caller gave up.
	Error string
	// Resource is the ARN the call named, "*" for none.
	Resource string
	// RequestID is the request ID answered.
	RequestID string
	// Input is the typed input, nil when it could not be read. Treat as read-only.
	Input any
}

// Action is the IAM action of the call, for example "lambda:PutFunctionConcurrency".
func (e Entry) Action() string { return e.Service + ":" + e.Operation }

// String writes the entry in one line.
func (e Entry) String() string {
	s := fmt.Sprintf("%d %s %s %s by %s", e.Sequence, e.At.UTC().Format(time.RFC3339), e.Action(), e.Resource, e.Principal)
	if e.Changed {
		s += " changed"
	}
	if e.Error != "" {
		s += " " + e.Error
	}
	return s
}

// Ledger is the record of calls, oldest first. It is safe for concurrent use and keeps everything.
type Ledger struct {
	mu      sync.Mutex
	entries []Entry
}

// New returns an empty ledger.
func New() *Ledger { return &Ledger{} }

// Append adds an entry, gives it its sequence number and returns that.
func (l *Ledger) Append(e Entry) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Sequence = len(l.entries) + 1
	l.entries = append(l.entries, e)
	return e.Sequence
}

// Applied says of an entry by its sequence number that its call took effect late, and whether it changed the world.
func (l *Ledger) Applied(sequence int, late time.Time, changed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &l.entries[sequence-1]
	e.Late, e.Changed = late, changed
}

// Filter selects entries.
type Filter func(Entry) bool

// ByRole selects the calls of every session of a role, given by the role's name.
func ByRole(name string) Filter {
	return func(e Entry) bool { return strings.Contains(e.Principal, ":assumed-role/"+name+"/") }
}

// ByPrincipal selects the calls of one principal, given by its ARN.
func ByPrincipal(arn string) Filter { return func(e Entry) bool { return e.Principal == arn } }

// ByClass selects the calls of one class.
func ByClass(c Class) Filter { return func(e Entry) bool { return e.Class == c } }

// ByAction selects the calls of one IAM action, for example "lambda:PutFunctionConcurrency".
func ByAction(action string) Filter { return func(e Entry) bool { return e.Action() == action } }

// ByError selects the calls answered with an error code.
func ByError(code string) Filter { return func(e Entry) bool { return e.Error == code } }

// Changed selects the calls that changed the world.
func Changed() Filter { return func(e Entry) bool { return e.Changed } }

// After selects the calls with a sequence number above n.
func After(n int) Filter { return func(e Entry) bool { return e.Sequence > n } }

// Entries returns the entries that every filter selects, oldest first.
func (l *Ledger) Entries(filters ...Filter) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Entry
next:
	for _, e := range l.entries {
		for _, f := range filters {
			if !f(e) {
				continue next
			}
		}
		out = append(out, e)
	}
	return out
}

// Count is the number of entries that every filter selects.
func (l *Ledger) Count(filters ...Filter) int { return len(l.Entries(filters...)) }

// Len is the number of calls so far; with After it marks a place to count from.
func (l *Ledger) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}
