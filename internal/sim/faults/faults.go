// Package faults owns what goes wrong on purpose: rules that make calls fail, hang, reset or see old state. It must
// not change the world itself; the server applies what a rule asks for.
package faults

import (
	"math/rand/v2"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/sim/quota"
	"github.com/runbook-operator/runbook-operator/internal/sim/wire"
)

// Rule says which calls are disturbed and how. Several rules may disturb one call.
type Rule struct {
	// Action is a pattern of IAM actions with the wildcards * and ?, for example "lambda:Put*" or "*".
	Action string
	// Role, when set, limits the rule to sessions of one role, by name.
	Role string
	// Skip is how many matching calls pass undisturbed first.
	Skip int
	// Times is how many calls are disturbed; 0 means without end.
	Times int
	// Probability is the chance that a matching call is disturbed, 0 to 1; 0 means always. Chances come from the
	// world's seed and the order of calls.
	Probability float64
	// Until, when set, is the world's time from which on the rule disturbs nothing any more.
	Until time.Time
	// Effect is what happens.
	Effect Effect
}

// Effect is what happens to a disturbed call. Its zero value does nothing.
type Effect struct {
	// Refuse is answered instead of running the call.
	Refuse error
	// Throttle answers the service's throttling error instead of running the call.
	Throttle bool
	// ResetBefore drops the connection without running the call.
	ResetBefore bool
	// ResetAfter runs the call and drops the connection instead of answering: the caller cannot tell.
	ResetAfter bool
	// FailAfter runs the call and answers an internal error of HTTP status 500.
	FailAfter bool
	// HangBefore answers nothing until the caller gives up, and never runs the call.
	HangBefore bool
	// HangAfter runs the call and answers nothing until the caller gives up.
	HangAfter bool
	// Late answers nothing until the caller gives up, and runs the call so much later, in the world's time: perhaps long
	// after the caller has gone.
	Late time.Duration
	// Account lets the call come from an account of this ID, as if credentials had been mixed up: GetCallerIdentity
	// answers so. Permissions are those of the real caller.
	Account string
	// Latency delays the answer, in wall time.
	Latency time.Duration
	// Stale lets reads of Lambda and of parameters see the state of so long ago, in the world's time: all reads of a
	// moment see the same moment.
	Stale time.Duration
	// UpdateFailure lets the asynchronous update that the call begins fail at its end; the call itself is answered as ever.
	UpdateFailure UpdateFailure
}

// Error is the effect of a refusal with an error code and HTTP status of AWS's common errors.
func Error(code, message string, status int) Effect {
	return Effect{Refuse: &wire.Error{Code: code, Message: message, Status: status}}
}

// InternalError is the effect of a refusal with HTTP status 500 before anything happened.
func InternalError() Effect { return Effect{Refuse: internal()} }

// Unavailable is the effect of a service that is away: HTTP status 503 before anything happened.
func Unavailable() Effect {
	return Effect{Refuse: &wire.Error{
		Code: "ServiceUnavailable", Message: "The request has failed due to a temporary failure of the server.", Status: http.StatusServiceUnavailable,
	}}
}

// AccessDenied is the effect of a permission that is missing for a while, whatever the policies say.
func AccessDenied() Effect {
	return Effect{Refuse: &wire.Error{
		Code: "AccessDeniedException", QueryCode: "AccessDenied", Message: "Access is denied by the simulator.", Status: http.StatusForbidden,
	}}
}

// HangThenApply is the effect of a call that is never answered and takes effect after d of the world's time, at once
// for 0.
func HangThenApply(d time.Duration) Effect { return Effect{HangAfter: d == 0, Late: d} }

func internal() error {
	return &wire.Error{
		Code: "ServiceException", QueryCode: "InternalFailure",
		Message: "The service encountered an internal error.", Status: http.StatusInternalServerError,
	}
}

type held struct {
	Rule
	id      int
	matched int
	fired   int
}

// Faults holds the rules. It is safe for concurrent use.
type Faults struct {
	mu    sync.Mutex
	rand  *rand.Rand
	rules []*held
	last  int
}

// New returns no faults, with chances drawn from a seed.
func New(seed int64) *Faults {
	return &Faults{rand: rand.New(rand.NewPCG(uint64(seed), 0x66617573))}
}

// Add adds a rule and returns its ID.
func (f *Faults) Add(r Rule) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	f.rules = append(f.rules, &held{Rule: r, id: f.last})
	return f.last
}

// Remove removes a rule.
func (f *Faults) Remove(id int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, r := range f.rules {
		if r.id == id {
			f.rules = append(f.rules[:i:i], f.rules[i+1:]...)
			return
		}
	}
}

// Clear removes all rules.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = nil
}

// Fired is how many calls a rule has disturbed; 0 for a rule that was removed.
func (f *Faults) Fired(id int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.rules {
		if r.id == id {
			return r.fired
		}
	}
	return 0
}

// Next gives the effect on one call at a moment of the world's time, all rules together; latencies add up, the longest
// staleness and lateness count.
func (f *Faults) Next(service, action, principalARN string, now time.Time) Effect {
	f.mu.Lock()
	defer f.mu.Unlock()
	var sum Effect
	for _, r := range f.rules {
		if !r.matches(action, principalARN) || !r.Until.IsZero() && !now.Before(r.Until) {
			continue
		}
		if r.Effect.onlyStale() && !stale[action] {
			continue
		}
		r.matched++
		if r.matched <= r.Skip || r.Times > 0 && r.fired >= r.Times {
			continue
		}
		if r.Probability > 0 && f.rand.Float64() >= r.Probability {
			continue
		}
		r.fired++
		sum = sum.with(r.Effect, service)
	}
	return sum
}

func (e Effect) with(o Effect, service string) Effect {
	if o.Throttle {
		o.Refuse = quota.Throttled(service)
	}
	if e.Refuse == nil {
		e.Refuse = o.Refuse
	}
	e.ResetBefore = e.ResetBefore || o.ResetBefore
	e.ResetAfter = e.ResetAfter || o.ResetAfter
	e.FailAfter = e.FailAfter || o.FailAfter
	e.HangBefore = e.HangBefore || o.HangBefore
	e.HangAfter = e.HangAfter || o.HangAfter
	e.Late = max(e.Late, o.Late)
	if o.Account != "" {
		e.Account = o.Account
	}
	e.Latency += o.Latency
	e.Stale = max(e.Stale, o.Stale)
	if o.UpdateFailure != (UpdateFailure{}) {
		e.UpdateFailure = o.UpdateFailure
	}
	return e
}

// Before is the error that keeps the call from running, or nil.
func (e Effect) Before() error {
	switch {
	case e.ResetBefore:
		return wire.ErrConnectionReset
	case e.HangBefore:
		return wire.ErrNoAnswer
	}
	return e.Refuse
}

// After is the error that replaces the answer of a call that ran, or nil.
func (e Effect) After() error {
	switch {
	case e.ResetAfter:
		return wire.ErrConnectionReset
	case e.HangAfter:
		return wire.ErrNoAnswer
	case e.FailAfter:
		return internal()
	}
	return nil
}

func (r *held) matches(action, principalARN string) bool {
	if ok, err := path.Match(r.Action, action); err != nil || !ok {
		return false
	}
	return r.Role == "" || strings.Contains(principalARN, ":assumed-role/"+r.Role+"/")
}
