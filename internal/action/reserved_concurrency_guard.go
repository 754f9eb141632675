package action

import (
	"fmt"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// room is what a function has and what the account could give it. Pure.
type room struct {
	fn       aws.Function
	settings aws.AccountSettings
	seen     use
	// configured is the unreserved concurrency that AWS keeps, as an administrator says. Nil: it is assumed.
	configured *int32
}

// guard refuses a value that gives the function no more, that would cap it, or that takes what others need.
func (r room) guard(value int32) error {
	if err := r.guardIntent(value); err != nil {
		return err
	}
	if err := r.guardPeak(value); err != nil {
		return err
	}
	return r.guardPool(value)
}

// guardStop leaves a function alone that somebody switched off.
func guardStop(fn aws.Function) error {
	if fn.ReservedConcurrency == nil || *fn.ReservedConcurrency > 0 {
		return nil
	}
	return fault.New(fault.Terminal, v1alpha1.ReasonEmergencyStop,
		"reserved concurrency of function %s is 0: somebody switched it off, and no runbook switches it on again; ask who did, and set it by hand", fn.Name)
}

// guardIntent refuses a value that does not give the function more.
func (r room) guardIntent(value int32) error {
	if r.fn.ReservedConcurrency == nil {
		return nil
	}
	present, most := *r.fn.ReservedConcurrency, r.most()
	switch {
	case value > present:
		return nil
	case most <= present:
		return r.nothingLeft()
	case value == present:
		return fault.New(fault.Terminal, v1alpha1.ReasonNothingToChange,
			"reserved concurrency of function %s is %d already: if that is too little, ask for more in a new Remediation, at most %d", r.fn.Name, value, most)
	}
	return fault.New(fault.Terminal, v1alpha1.ReasonNoHeadroom,
		"reserved concurrency %d is below the present %d of function %s, so the change moves against its intent: ask for more than %d in a new Remediation, at most %d",
		value, present, r.fn.Name, present, most)
}

// guardPeak refuses a value below what the function was seen to use. On a function without a reservation the value is
// a cap ("prevents it from scaling beyond that level", Lambda API reference, PutFunctionConcurrency), so its use must
// be known.
func (r room) guardPeak(value int32) error {
	peak := r.seen.peak
	switch {
	case peak == nil && r.fn.ReservedConcurrency != nil:
		return nil
	case peak == nil:
		return fault.New(fault.Terminal, v1alpha1.ReasonPeakDoesNotFit,
			"function %s has no reservation, so %d would cap it, and there are no data about its use in the last hour to say that this is enough", r.fn.Name, value)
	case value >= *peak:
		return nil
	case r.most() < *peak:
		return r.nothingLeft()
	}
	return fault.New(fault.Terminal, v1alpha1.ReasonPeakDoesNotFit,
		"function %s ran up to %d executions at once in the last hour, so a reservation of %d would cap it: ask for at least %d in a new Remediation, at most %d",
		r.fn.Name, *peak, value, *peak, r.most())
}

// guardPool refuses a change after which the pool of unreserved concurrency is below what AWS keeps, or below what
// the functions that share it were seen to use.
func (r room) guardPool(value int32) error {
	left, most := r.left(value), r.most()
	floor, _ := r.settings.UnreservedFloor(r.configured)
	others := r.others()
	switch {
	case left >= floor && (others == nil || left >= *others):
		return nil
	case most < r.least():
		return r.nothingLeft()
	case left < floor:
		return fault.New(fault.Terminal, v1alpha1.ReasonUnreservedFloor,
			"%d unreserved executions would be left of the account's %d, below the %d that AWS keeps (%s): ask for at most %d in a new Remediation",
			left, r.settings.ConcurrentExecutions, floor, r.source(), most)
	}
	return fault.New(fault.Terminal, v1alpha1.ReasonUnreservedFloor,
		"%d unreserved executions would be left, but the other functions of the account used up to %d of them at once in the last hour: they would be throttled; ask for at most %d in a new Remediation, or for a higher concurrency quota",
		left, *others, most)
}

// left is the unreserved concurrency that is left after the change.
func (r room) left(value int32) int32 {
	return r.settings.UnreservedConcurrentExecutions - (value - reservedOrZero(r.fn))
}

// others is the most that the functions that share the pool, but for this one, were seen to use. Nil: there are no data.
func (r room) others() *int32 {
	if r.fn.ReservedConcurrency == nil {
		return r.seen.others
	}
	return r.seen.pool
}

// most is the most that can be reserved for the function.
func (r room) most() int32 {
	keep, _ := r.settings.UnreservedFloor(r.configured)
	if others := r.others(); others != nil {
		keep = max(keep, *others)
	}
	return max(0, reservedOrZero(r.fn)+r.settings.UnreservedConcurrentExecutions-keep)
}

// least is the least that gives the function more, and does not cap it below its use.
func (r room) least() int32 {
	least := int32(1)
	if r.fn.ReservedConcurrency != nil {
		least = *r.fn.ReservedConcurrency + 1
	}
	if r.seen.peak != nil {
		least = max(least, *r.seen.peak)
	}
	return least
}

// nothingLeft says that no value would do, why, and who can help.
func (r room) nothingLeft() error {
	needs := fmt.Sprintf("nothing can be reserved for function %s", r.fn.Name)
	if peak := r.seen.peak; peak != nil && *peak > r.most() {
		needs = fmt.Sprintf("function %s ran up to %d executions at once in the last hour, and no more than %d can be reserved for it", r.fn.Name, *peak, r.most())
	}
	if r.fn.ReservedConcurrency != nil && r.most() <= *r.fn.ReservedConcurrency {
		needs = fmt.Sprintf("function %s has %d reserved, and nothing more can be reserved for it", r.fn.Name, *r.fn.ReservedConcurrency)
	}
	floor, _ := r.settings.UnreservedFloor(r.configured)
	why := fmt.Sprintf("AWS keeps %d of them (%s)", floor, r.source())
	if others := r.others(); others != nil && *others > floor {
		why = fmt.Sprintf("the other functions used up to %d at once in the last hour", *others)
	}
	return fault.New(fault.Terminal, v1alpha1.ReasonNoHeadroom,
		"%s: %d of the account's %d concurrent executions are unreserved, and %s; lower a reservation that another function does not use, or have whoever administers the AWS account request more (Service Quotas, AWS Lambda, Concurrent executions; it can take 24 to 48 hours), then create a Remediation",
		needs, r.settings.UnreservedConcurrentExecutions, r.settings.ConcurrentExecutions, why)
}

// source says where the floor is from.
func (r room) source() string {
	if r.configured != nil {
		return "spec.lambda.unreservedConcurrencyFloor of the AWSAccount"
	}
	return "assumed, as no AWS API returns it: set spec.lambda.unreservedConcurrencyFloor of the AWSAccount if it is lower"
}
