package action

import (
	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// guardIntent refuses a value that does not give the function more.
func guardIntent(fn aws.Function, value int32) error {
	if fn.ReservedConcurrency == nil {
		return nil
	}
	switch present := *fn.ReservedConcurrency; {
	case present == 0:
		return fault.New(fault.Terminal, v1alpha1.ReasonEmergencyStop,
			"reserved concurrency of function %s is 0: somebody switched it off, and no runbook switches it on again; ask who did, and set it by hand", fn.Name)
	case value == present:
		return fault.New(fault.Terminal, v1alpha1.ReasonNothingToChange,
			"reserved concurrency of function %s is %d already", fn.Name, value)
	case value < present:
		return fault.New(fault.Terminal, v1alpha1.ReasonNoHeadroom,
			"reserved concurrency %d is below the present %d of function %s, so the change moves against its intent: the account has nothing more to give; ask for a higher concurrency quota, or take reservations from other functions",
			value, present, fn.Name)
	}
	return nil
}

// guardPeak refuses a value below what the function was seen to use. On a function without a reservation the value is
// a cap ("prevents it from scaling beyond that level", Lambda API reference, PutFunctionConcurrency), so its use must
// be known.
func guardPeak(fn aws.Function, seen use, value int32) error {
	if seen.peak == nil {
		if fn.ReservedConcurrency != nil {
			return nil
		}
		return fault.New(fault.Terminal, v1alpha1.ReasonPeakDoesNotFit,
			"function %s has no reservation, so %d would cap it, and there are no data about its use in the last hour to say that this is enough", fn.Name, value)
	}
	if value < *seen.peak {
		return fault.New(fault.Terminal, v1alpha1.ReasonPeakDoesNotFit,
			"function %s ran up to %d executions at once in the last hour, so a reservation of %d would cap it: ask for at least %d", fn.Name, *seen.peak, value, *seen.peak)
	}
	return nil
}

// guardPool refuses a change after which the pool of unreserved concurrency is below what AWS keeps, or below what
// the functions that share it were seen to use.
func guardPool(fn aws.Function, settings aws.AccountSettings, seen use, left int32, configured *int32) error {
	floor, isConfigured := settings.UnreservedFloor(configured)
	if left < floor {
		source := "assumed, as no AWS API returns it: set spec.lambda.unreservedConcurrencyFloor of the AWSAccount if it is lower"
		if isConfigured {
			source = "spec.lambda.unreservedConcurrencyFloor of the AWSAccount"
		}
		return fault.New(fault.Terminal, v1alpha1.ReasonUnreservedFloor,
			"%d unreserved executions would be left of the account's %d, below the %d that AWS keeps (%s): ask for at most %d",
			left, settings.ConcurrentExecutions, floor, source, max(0, reservedOrZero(fn)+settings.UnreservedConcurrentExecutions-floor))
	}
	others := seen.pool
	if fn.ReservedConcurrency == nil {
		others = seen.others
	}
	if others != nil && left < *others {
		return fault.New(fault.Terminal, v1alpha1.ReasonUnreservedFloor,
			"%d unreserved executions would be left, but the other functions of the account used up to %d of them at once in the last hour: they would be throttled; ask for less, or for a higher concurrency quota",
			left, *others)
	}
	return nil
}
