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

func (setReservedConcurrency) UsesConcurrencyPool() bool { return true }

func (a setReservedConcurrency) Plan(ctx context.Context, s *aws.Session, t Target, want v1alpha1.Action) (Proposal, error) {
	if want.SetReservedConcurrency == nil {
		return Proposal{}, malformed("the action is not setReservedConcurrency")
	}
	value := want.SetReservedConcurrency.Value
	fn, err := readFunction(ctx, s, t)
	if err != nil {
		return Proposal{}, err
	}
	if err := guardStop(fn); err != nil {
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
	r := room{fn: fn, settings: settings, seen: seen, configured: t.UnreservedFloor}
	if err := r.guard(value); err != nil {
		if t.Recent {
			t.Recent = false
			return a.Plan(ctx, s, t, want) // nothing ends by what was so a moment ago
		}
		return Proposal{}, err
	}
	return Proposal{
		Summary:       fmt.Sprintf("reserved concurrency %s → %d", orNone(fn.ReservedConcurrency), value),
		Calls:         []v1alpha1.PlannedCall{reservedCall(fn, value)},
		Warnings:      r.warnings(),
		Cost:          costOfReserved,
		BlastRadius:   r.radius(value),
		TemplatePatch: templatePatch(fn, fieldReserved, value),
		OnFailure:     v1alpha1.OnFailureHold,
		StackName:     fn.StackName,
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

// radius says what the functions lose that share the pool.
func (r room) radius(value int32) *v1alpha1.BlastRadius {
	radius := &v1alpha1.BlastRadius{Message: fmt.Sprintf(
		"the concurrency that the functions without a reservation share (at most the %s of the account) shrinks from %d to %d",
		number.Of(max(0, r.settings.FunctionCount-1), "other function"), r.settings.UnreservedConcurrentExecutions, r.left(value))}
	if r.seen.offered != nil {
		radius.RequestsPerMinute = number.Short(*r.seen.offered)
		radius.Message += offeredMean
	}
	return radius
}

func (r room) warnings() []string {
	warnings := tagWarnings(r.fn)
	if r.fn.ReservedConcurrency == nil {
		warnings = append(warnings, "the function has no reservation now: this also caps it, and it no longer uses the account's unreserved concurrency")
		if r.seen.throttled > 0 && r.seen.peak != nil {
			warnings = append(warnings, fmt.Sprintf("requests were throttled in the last 15 minutes: the peak of %d is what the function got, not what it needed", *r.seen.peak))
		}
	}
	if floor, isConfigured := r.settings.UnreservedFloor(r.configured); !isConfigured {
		warnings = append(warnings, fmt.Sprintf("the unreserved concurrency that AWS keeps is assumed to be %d: no AWS API returns it; set spec.lambda.unreservedConcurrencyFloor of the AWSAccount", floor))
	}
	if r.seen.pool == nil {
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
