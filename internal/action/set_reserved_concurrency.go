package action

import (
	"context"
	"fmt"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/number"
)

const (
	operationPutConcurrency    = "lambda:PutFunctionConcurrency"
	operationDeleteConcurrency = "lambda:DeleteFunctionConcurrency"
	maxReserved                = 100000
)

// setReservedConcurrency sets how many executions are reserved for a function. It only ever gives a function more.
type setReservedConcurrency struct{}

func (setReservedConcurrency) Name() v1alpha1.ActionName {
	return v1alpha1.ActionSetReservedConcurrency
}

func (setReservedConcurrency) Permissions() Permissions {
	return Permissions{
		Read:  []string{"cloudwatch:GetMetricData", "lambda:GetAccountSettings", "lambda:GetFunction", "lambda:ListTags"},
		Write: []string{operationDeleteConcurrency, operationPutConcurrency},
	}
}

func (a setReservedConcurrency) Plan(ctx context.Context, s *aws.Session, t Target, want v1alpha1.Action) (Proposal, error) {
	if want.SetReservedConcurrency == nil {
		return Proposal{}, malformed("the action is not setReservedConcurrency")
	}
	value := want.SetReservedConcurrency.Value
	fn, err := readFunction(ctx, s, t)
	if err != nil {
		return Proposal{}, err
	}
	if err := guardIntent(fn, value); err != nil {
		return Proposal{}, err
	}
	if err := settled(fn); err != nil {
		return Proposal{}, err
	}
	limits := s.Lambda.AccountSettings
	if t.Recent {
		limits = s.Lambda.RecentAccountSettings
	}
	settings, err := limits(ctx)
	if err != nil {
		return Proposal{}, err
	}
	seen, err := readUse(ctx, s, fn.Name, t.Now)
	if err != nil {
		return Proposal{}, err
	}
	pool := poolAfter(fn, settings, value)
	if err := guardPeak(fn, seen, value); err != nil {
		return Proposal{}, err
	}
	if err := guardPool(fn, settings, seen, pool, t.UnreservedFloor); err != nil {
		if t.Recent {
			t.Recent = false
			return a.Plan(ctx, s, t, want) // nothing ends by what was so a moment ago
		}
		return Proposal{}, err
	}
	return Proposal{
		Summary:             fmt.Sprintf("reserved concurrency %s → %d", orNone(fn.ReservedConcurrency), value),
		Calls:               []v1alpha1.PlannedCall{reservedCall(fn, value)},
		UsesConcurrencyPool: true,
		Warnings:            reservedWarnings(fn, settings, seen, t.UnreservedFloor),
		Cost:                costOfReserved,
		BlastRadius:         poolRadius(settings, seen, pool),
		TemplatePatch:       templatePatch(fn, fieldReserved, value),
		OnFailure:           v1alpha1.OnFailureHold,
		StackName:           fn.StackName,
	}, nil
}

// Observe reads no revision: none of the calls is conditional on it, or moves it.
func (setReservedConcurrency) Observe(ctx context.Context, s *aws.Session, c v1alpha1.Call) (State, error) {
	state, err := observe(ctx, s, c)
	state.RevisionID = ""
	return state, err
}

// Apply takes no revisionID: the Lambda API has none for reserved concurrency.
func (setReservedConcurrency) Apply(ctx context.Context, s *aws.Session, c v1alpha1.Call, _ string) error {
	name, err := functionName(c.ResourceARN, s.Access().AccountID, s.Access().Region)
	if err != nil {
		return err
	}
	switch c.Operation {
	case operationPutConcurrency:
		value, err := written(c, fieldReserved, 1, maxReserved)
		if err != nil {
			return err
		}
		return s.Lambda.PutFunctionConcurrency(ctx, name, value)
	case operationDeleteConcurrency:
		if len(c.Writes) != 1 || c.Writes[0].Name != fieldReserved || c.Writes[0].Value != nil {
			return malformed(operationDeleteConcurrency + " must clear " + fieldReserved + " and nothing else")
		}
		return s.Lambda.DeleteFunctionConcurrency(ctx, name)
	}
	return malformed("setReservedConcurrency does not make the call " + c.Operation)
}

// reservedCall plans the call. RevisionId is no part of it: every deployment would void an approval that it does not
// concern.
func reservedCall(fn aws.Function, value int32) v1alpha1.PlannedCall {
	before := field(fieldReserved, fn.ReservedConcurrency)
	inverse := v1alpha1.Call{Operation: operationPutConcurrency, ResourceARN: fn.ARN, Writes: []v1alpha1.Field{before}}
	if fn.ReservedConcurrency == nil {
		inverse.Operation = operationDeleteConcurrency
	}
	return v1alpha1.PlannedCall{
		Call:    v1alpha1.Call{Operation: operationPutConcurrency, ResourceARN: fn.ARN, Writes: []v1alpha1.Field{field(fieldReserved, &value)}},
		Before:  []v1alpha1.Field{before},
		Inverse: inverse,
		Observe: fmt.Sprintf("lambda:GetFunction shows %s %d and LastUpdateStatus Successful", fieldReserved, value),
	}
}

// poolAfter is the unreserved concurrency that is left after the change.
func poolAfter(fn aws.Function, settings aws.AccountSettings, value int32) int32 {
	return settings.UnreservedConcurrentExecutions - (value - reservedOrZero(fn))
}

func poolRadius(settings aws.AccountSettings, seen use, pool int32) *v1alpha1.BlastRadius {
	r := &v1alpha1.BlastRadius{Message: fmt.Sprintf(
		"the concurrency that the functions without a reservation share (at most the %s of the account) shrinks from %d to %d",
		number.Of(max(0, settings.FunctionCount-1), "other function"), settings.UnreservedConcurrentExecutions, pool)}
	if seen.offered != nil {
		r.RequestsPerMinute = number.Short(*seen.offered)
		r.Message += offeredMean
	}
	return r
}

func reservedWarnings(fn aws.Function, settings aws.AccountSettings, seen use, configured *int32) []string {
	warnings := tagWarnings(fn)
	if fn.ReservedConcurrency == nil {
		warnings = append(warnings, "the function has no reservation now: this also caps it, and it no longer uses the account's unreserved concurrency")
		if seen.throttled > 0 {
			warnings = append(warnings, fmt.Sprintf("requests were throttled in the last 15 minutes: the peak of %d is what the function got, not what it needed", *seen.peak))
		}
	}
	if floor, isConfigured := settings.UnreservedFloor(configured); !isConfigured {
		warnings = append(warnings, fmt.Sprintf("the unreserved concurrency that AWS keeps is assumed to be %d: no AWS API returns it; set spec.lambda.unreservedConcurrencyFloor of the AWSAccount", floor))
	}
	if seen.pool == nil {
		warnings = append(warnings, "there are no data about the use of the unreserved concurrency in the last hour")
	}
	return warnings
}

func reservedOrZero(fn aws.Function) int32 {
	if fn.ReservedConcurrency == nil {
		return 0
	}
	return *fn.ReservedConcurrency
}

func orNone(v *int32) string {
	if v == nil {
		return "none"
	}
	return fmt.Sprint(*v)
}
