// Package lambda owns the simulated AWS Lambda control plane: functions, versions, aliases, reserved concurrency and
// asynchronous updates as the AWS Lambda API Reference describes them. It must not run code or make traffic; the
// traffic model asks it what a function's configuration allows.
package lambda

import (
	"context"
	"fmt"
	"sort"
	"sync"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
)

// Defaults of an account (Lambda Developer Guide, "Lambda quotas"; PutFunctionConcurrency, API Reference). New accounts
// have lower limits, so both are options.
const (
	DefaultConcurrentExecutions = 1000
	DefaultUnreservedFloor      = 100
	// DefaultUpdateDuration is how long an update of code or configuration stays InProgress. AWS documents no
	// duration; a few seconds is usual for a function outside a VPC.
	DefaultUpdateDuration = 4 * time.Second
)

// Options are what the service needs of its world.
type Options struct {
	// Region and AccountID make the ARNs.
	Region, AccountID string
	// Now is the world's time.
	Now func() time.Time
	// Seed makes revision IDs of different worlds differ.
	Seed int64
	// ConcurrentExecutions is the account's concurrency limit; 0 means the default.
	ConcurrentExecutions int
	// UnreservedFloor is what PutFunctionConcurrency must leave unreserved; 0 means the default.
	UnreservedFloor int
	// UpdateDuration is how long an update stays InProgress; 0 means the default.
	UpdateDuration time.Duration
	// MayListTags says why the caller of a context may not call lambda:ListTags on an ARN; nil lets every caller.
	MayListTags func(ctx context.Context, arn string) error
}

// Service is the control plane of one account in one Region. It is safe for concurrent use.
type Service struct {
	mu        sync.Mutex
	o         Options
	functions map[string]*function
	start     time.Time
	history   map[string][]snapshot
	limits    []limit
	issued    map[string]*issued // by the names of all functions that ever were
}

// New returns an account without functions.
func New(o Options) *Service {
	if o.ConcurrentExecutions == 0 {
		o.ConcurrentExecutions = DefaultConcurrentExecutions
	}
	if o.UnreservedFloor == 0 {
		o.UnreservedFloor = DefaultUnreservedFloor
	}
	if o.UpdateDuration == 0 {
		o.UpdateDuration = DefaultUpdateDuration
	}
	s := &Service{o: o, functions: map[string]*function{}, history: map[string][]snapshot{}, issued: map[string]*issued{}}
	if o.Now != nil {
		s.start = o.Now()
	}
	s.limits = []limit{{s.start, o.ConcurrentExecutions}}
	return s
}

// ARN is the unqualified ARN of a function.
func (s *Service) ARN(name string) string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", s.o.Region, s.o.AccountID, name)
}

// names returns the functions' names in order. The lock is held.
func (s *Service) names() []string {
	out := make([]string, 0, len(s.functions))
	for name := range s.functions {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}

// AdvanceTo finishes the updates that are due at t. LastUpdateStatus becomes Successful, the new configuration serves,
// and RevisionId moves a second time (aws/aws-sdk#377). Or it becomes Failed: "Lambda aborts the update and the
// function's previous code and configuration remain available" (Lambda Developer Guide, "Lambda function states"), that
// is to invocations; what the API shows is the update that failed, with its reason.
func (s *Service) AdvanceTo(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range s.names() {
		f := s.functions[name]
		if f.updateDue.IsZero() || f.updateDue.After(t) {
			continue
		}
		due := f.updateDue
		f.updateDue = time.Time{}
		f.latest.revisionID = f.nextRevision(s.o.Seed)
		if f.failed, f.failing = f.failing, (faults.UpdateFailure{}); f.failed == (faults.UpdateFailure{}) {
			f.serving = f.latest.clone()
		}
		s.remember(f, due)
	}
}

// Next is when the next update finishes; zero when none is in progress.
func (s *Service) Next() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	var next time.Time
	for _, f := range s.functions {
		if !f.updateDue.IsZero() && (next.IsZero() || f.updateDue.Before(next)) {
			next = f.updateDue
		}
	}
	return next
}

// find returns the function that a change works on. The lock is held.
func (s *Service) find(ref reference) (*function, error) {
	f, ok := s.functions[ref.name]
	if !ok {
		return nil, s.functionNotFound(ref)
	}
	return f, nil
}
