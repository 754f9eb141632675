package action

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/number"
)

const (
	operationUpdateConfiguration = "lambda:UpdateFunctionConfiguration"
	// maxTimeout in seconds (Lambda API reference, UpdateFunctionConfiguration).
	maxTimeout = 900
)

// setTimeout sets how long one execution of a function may take. It only ever gives more time, and never more than
// the caller waits.
type setTimeout struct{}

func (setTimeout) Name() v1alpha1.ActionName { return v1alpha1.ActionSetTimeout }

func (setTimeout) Permissions() Permissions {
	return Permissions{
		Read:  []string{"cloudwatch:GetMetricData", "lambda:GetFunction", "lambda:ListAliases", "lambda:ListTags"},
		Write: []string{operationUpdateConfiguration},
	}
}

func (setTimeout) UsesConcurrencyPool() bool { return false }

func (setTimeout) Plan(ctx context.Context, s *aws.Session, t Target, want v1alpha1.Action) (Proposal, error) {
	if want.SetTimeout == nil {
		return Proposal{}, malformed("the action is not setTimeout")
	}
	seconds := want.SetTimeout.Seconds
	if err := guardAlias(t.Function); err != nil {
		return Proposal{}, err
	}
	fn, err := readFunction(ctx, s, t)
	if err != nil {
		return Proposal{}, err
	}
	if err := settled(fn); err != nil {
		return Proposal{}, err
	}
	if err := guardLonger(fn, seconds); err != nil {
		return Proposal{}, err
	}
	if err := guardManaged(fn); err != nil {
		return Proposal{}, err
	}
	aliases, err := s.Lambda.PublishedAliases(ctx, fn.Name)
	if err != nil {
		return Proposal{}, err
	}
	if err := guardAliases(fn, aliases); err != nil {
		return Proposal{}, err
	}
	if err := guardCaller(t.Function, fn, seconds); err != nil {
		return Proposal{}, err
	}
	seen, err := readUse(ctx, s, fn.Name, t.Now)
	if err != nil {
		return Proposal{}, err
	}
	radius := &v1alpha1.BlastRadius{Message: fmt.Sprintf("every caller of function %s may wait for up to %d s instead of %d s", fn.Name, seconds, fn.TimeoutSeconds)}
	if seen.offered != nil {
		radius.RequestsPerMinute = number.Short(*seen.offered)
		radius.Message += offeredMean
	}
	return Proposal{
		Summary:       fmt.Sprintf("timeout %d s → %d s", fn.TimeoutSeconds, seconds),
		Calls:         []v1alpha1.PlannedCall{timeoutCall(fn, seconds)},
		Warnings:      append(tagWarnings(fn), expectedConcurrency(fn, seen, seconds)),
		Cost:          costOfTimeout(t.Region, fn.Architecture, fn.MemoryMB, seconds-fn.TimeoutSeconds),
		BlastRadius:   radius,
		TemplatePatch: templatePatch(fn, fieldTimeout, seconds),
		OnFailure:     v1alpha1.OnFailureRevert,
		StackName:     fn.StackName,
	}, nil
}

func (setTimeout) Observe(ctx context.Context, s *aws.Session, c v1alpha1.Call) (State, error) {
	return observe(ctx, s, c)
}

// Apply makes the call only with a RevisionId: without it, another hand's update could be overwritten.
func (setTimeout) Apply(ctx context.Context, s *aws.Session, c v1alpha1.Call, revisionID string) error {
	name, err := functionName(c.ResourceARN, s.Access().AccountID, s.Access().Region)
	if err != nil {
		return err
	}
	if c.Operation != operationUpdateConfiguration {
		return malformed("setTimeout does not make the call " + c.Operation)
	}
	seconds, err := written(c, fieldTimeout, 1, maxTimeout)
	if err != nil {
		return err
	}
	if revisionID == "" {
		f := fault.New(fault.Waiting, v1alpha1.ReasonUpdateInProgress, "function %s is being updated: nothing else can be changed until that ends", name)
		f.After, f.Refused = settling, true
		return f
	}
	return s.Lambda.SetTimeout(ctx, name, seconds, revisionID)
}

func timeoutCall(fn aws.Function, seconds int32) v1alpha1.PlannedCall {
	before := field(fieldTimeout, &fn.TimeoutSeconds)
	call := func(f v1alpha1.Field) v1alpha1.Call {
		return v1alpha1.Call{Operation: operationUpdateConfiguration, ResourceARN: fn.ARN, Writes: []v1alpha1.Field{f}}
	}
	return v1alpha1.PlannedCall{
		Call:    call(field(fieldTimeout, &seconds)),
		Before:  []v1alpha1.Field{before},
		Inverse: call(before),
		Observe: fmt.Sprintf("lambda:GetFunction shows %s %d and LastUpdateStatus Successful", fieldTimeout, seconds),
	}
}

// guardAlias refuses a function that is declared to be called through an alias.
func guardAlias(f v1alpha1.ApplicationFunction) error {
	if f.Alias == "" {
		return nil
	}
	return fault.New(fault.Terminal, v1alpha1.ReasonAliasServesVersion,
		"function %s is called through its alias %s, and only $LATEST would be changed: the version behind an alias keeps its timeout; deploy the timeout instead", f.Name, f.Alias)
}

// guardManaged refuses a function on managed instances: whoever calls it is served by a version that was published.
func guardManaged(fn aws.Function) error {
	if !fn.ManagedInstances {
		return nil
	}
	return fault.New(fault.Terminal, v1alpha1.ReasonAliasServesVersion,
		"function %s runs on Lambda Managed Instances, where callers are served by the version $LATEST.PUBLISHED, and only $LATEST would be changed: set its timeout and publish it, or deploy both", fn.Name)
}

// guardAliases refuses a function with aliases that serve published versions, whether they are declared or not: nobody
// can tell that no user comes through one, and who does would be served with the old timeout.
func guardAliases(fn aws.Function, published []aws.Alias) error {
	if len(published) == 0 {
		return nil
	}
	named := make([]string, 0, maxNamed)
	for _, a := range published[:min(len(published), maxNamed)] {
		named = append(named, fmt.Sprintf("%s (version %s)", a.Name, a.Version))
	}
	list := strings.Join(named, ", ")
	if more := len(published) - len(named); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return fault.New(fault.Terminal, v1alpha1.ReasonAliasServesVersion,
		"function %s has aliases of published versions, which keep their timeout while $LATEST is changed: %s; if users come through one, declare it as alias of the function in the ServerlessApplication and deploy the timeout; if none is used, delete them, then create a Remediation",
		fn.Name, list)
}

// maxNamed is how many aliases a message names.
const maxNamed = 5

// guardCaller refuses a timeout beyond what the caller waits: one that gave up is not helped by an answer. Where nobody
// says how long that is, the plan waits for it.
func guardCaller(f v1alpha1.ApplicationFunction, fn aws.Function, seconds int32) error {
	if f.CallerTimeout == "" {
		return fault.New(fault.Blocked, v1alpha1.ReasonCallerTimeoutUnknown,
			"it is not known how long the caller of function %s waits: set callerTimeout of the function in the ServerlessApplication to the API's integration timeout or the queue's visibility timeout; this goes on by itself then", f.Name)
	}
	waits, err := time.ParseDuration(f.CallerTimeout)
	if err != nil {
		return fault.New(fault.Blocked, v1alpha1.ReasonCallerTimeoutUnknown,
			"callerTimeout of function %s is no duration: write one such as 29s in the ServerlessApplication; this goes on by itself then", f.Name)
	}
	most := int32(min(waits/time.Second, maxTimeout))
	switch {
	case time.Duration(seconds)*time.Second <= waits:
		return nil
	case most <= fn.TimeoutSeconds:
		return fault.New(fault.Terminal, v1alpha1.ReasonBeyondCallerTimeout,
			"the caller of function %s gives up after %s, and its timeout is %d s already: a longer one would only keep executions busy that nobody waits for; make the function faster",
			f.Name, f.CallerTimeout, fn.TimeoutSeconds)
	}
	return fault.New(fault.Terminal, v1alpha1.ReasonBeyondCallerTimeout,
		"the caller of function %s gives up after %s, so a timeout of %d s would only keep executions busy that nobody waits for: ask for at most %d s in a new Remediation, or make the function faster",
		f.Name, f.CallerTimeout, seconds, most)
}

// guardLonger refuses a timeout that gives the function no more time.
func guardLonger(fn aws.Function, seconds int32) error {
	switch {
	case seconds == fn.TimeoutSeconds:
		return fault.New(fault.Terminal, v1alpha1.ReasonNothingToChange, "the timeout of function %s is %d s already", fn.Name, seconds)
	case seconds < fn.TimeoutSeconds:
		return fault.New(fault.Terminal, v1alpha1.ReasonNoHeadroom,
			"a timeout of %d s is below the present %d s of function %s, so the change moves against its intent: executions that succeed now would be cut off; ask for more than %d s, in a new Remediation", seconds, fn.TimeoutSeconds, fn.Name, fn.TimeoutSeconds)
	}
	return nil
}

// expectedConcurrency warns of what a longer timeout does: executions at once are arrivals a second times how long
// each takes (Little's law).
func expectedConcurrency(fn aws.Function, seen use, seconds int32) string {
	if seen.offered == nil {
		return "there are no data about the function's traffic in the last 15 minutes, so its concurrency after the change cannot be estimated"
	}
	perSecond := *seen.offered / 60
	atOnce := int(math.Ceil(perSecond * float64(seconds)))
	text := fmt.Sprintf("at %.1f requests a second, up to %d executions would run at once if each took the whole %d s", perSecond, atOnce, seconds)
	if fn.ReservedConcurrency != nil && atOnce > int(*fn.ReservedConcurrency) {
		return text + fmt.Sprintf(": more than the %d reserved, so requests could be throttled", *fn.ReservedConcurrency)
	}
	return text
}
