// Package fault owns the four classes of trouble and the words for people that go with them. It must not know AWS
// error codes (internal/aws has the one table of them), and never carries outside text in a message.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Class says what has to happen before another try makes sense.
type Class string

const (
	// Terminal trouble ends when the spec changes: it is never tried again.
	Terminal Class = "Terminal"
	// Blocked trouble ends when a person changes something outside: it is tried again every few minutes.
	Blocked Class = "Blocked"
	// Waiting is expected: it is tried again after a known time, and is no error.
	Waiting Class = "Waiting"
	// Transient trouble ends by itself: it is tried again with backoff.
	Transient Class = "Transient"
)

// Fault is trouble with a class, a reason for conditions and events, and a message for the person who must act.
type Fault struct {
	// Class of the trouble.
	Class Class
	// Reason in PascalCase, for a condition or event.
	Reason string
	// Message for people: what happened, to which object, what to do next. Safe for status: it holds no text from
	// outside, and is the same whenever the same thing happens.
	Message string
	// After is how long to wait, for Waiting. Zero leaves it to the caller.
	After time.Duration
	// Refused says of a mutating call that AWS answered and changed nothing. Without it, the outcome of a mutating
	// call that failed is unknown.
	Refused bool
	// NotFound says that the object asked for does not exist.
	NotFound bool
	// Err is the cause, for the log only.
	Err error
}

// Error returns the reason and the message; it never includes the cause, which may hold outside text.
func (f *Fault) Error() string { return f.Reason + ": " + f.Message }

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// NeedsPerson says whether the trouble stays until somebody does something about it.
func (f *Fault) NeedsPerson() bool { return f.Class == Terminal || f.Class == Blocked }

// New returns a fault of a class.
func New(class Class, reason, format string, args ...any) *Fault {
	return &Fault{Class: class, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// From returns the fault in an error's chain. An error without one is Transient with the reason Error and a message
// that says where to look: its text may come from outside, and belongs in the log.
func From(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return &Fault{Class: Transient, Reason: "Error", Message: "an unexpected error, tried again; the operator's log has it", Err: err}
}

// Is says whether an error's chain has a fault of a reason.
func Is(err error, reason string) bool {
	var f *Fault
	return errors.As(err, &f) && f.Reason == reason
}

// IsNotFound says whether an error's chain has a fault that says the object asked for does not exist.
func IsNotFound(err error) bool {
	var f *Fault
	return errors.As(err, &f) && f.NotFound
}
