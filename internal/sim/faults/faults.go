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
	// Latency delays the answer, in wall time.
	Latency time.Duration
	// Stale lets reads that AWS makes eventually consistent see the state of so long ago, in the world's time.
	Stale time.Duration
}

// Error is the effect of a refusal with an error code and HTTP status of AWS's common errors.
func Error(code, message string, status int) Effect {
	return Effect{Refuse: &wire.Error{Code: code, Message: message, Status: status}}
}

// InternalError is the effect of a refusal with HTTP status 500 before anything happened.
func InternalError() Effect { return Effect{Refuse: internal()} }

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

// Next gives the effect on one call, all rules together; latencies add up, the longest staleness counts.
func (f *Faults) Next(service, action, principalARN string) Effect {
	f.mu.Lock()
	defer f.mu.Unlock()
	var sum Effect
	for _, r := range f.rules {
		if !r.matches(action, principalARN) {
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
	e.Latency += o.Latency
	e.Stale = max(e.Stale, o.Stale)
	return e
}

// Before is the error that keeps the call from running, or nil.
func (e Effect) Before() error {
	if e.ResetBefore {
		return wire.ErrConnectionReset
	}
	return e.Refuse
}

// After is the error that replaces the answer of a call that ran, or nil.
func (e Effect) After() error {
	switch {
	case e.ResetAfter:
		return wire.ErrConnectionReset
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
