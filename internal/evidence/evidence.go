// Package evidence owns the steps of an investigation: reading facts about functions and their account. It must not
// judge what it reads, nor change anything; a step that fails is a named gap, never an error.
package evidence

import (
	"context"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
)

// Subject is whose facts are read, and when.
type Subject struct {
	// Session of the account and Region.
	Session *aws.Session
	// UnreservedFloor is AWSAccount.spec.lambda.unreservedConcurrencyFloor. Nil: not configured.
	UnreservedFloor *int32
	// Recent says that the account's limits may be of a few seconds ago where the operator's budget allows no call now: for
	// what informs people and proposes. What a change depends on is read anew before it.
	Recent bool
	// Now is world time. Metric windows end at its minute.
	Now time.Time
}

// Request asks for one step of one Runbook at one function.
type Request struct {
	// Runbook that the step is of.
	Runbook string
	// Step to carry out.
	Step v1alpha1.Step
	// Function to look at.
	Function v1alpha1.ApplicationFunction
}

// Step is one kind of fact. It declares its metric queries up front, so that those of a whole batch are asked
// together, and then makes evidence of what was read.
type Step interface {
	// Name of the member of v1alpha1.Step that asks for it.
	Name() string
	// Wants says whether a step of a Runbook asks for it.
	Wants(step v1alpha1.Step) bool
	// Permissions are the IAM actions that it needs.
	Permissions() []string
	// Queries that it needs answers to, over how long before the end of the batch's window.
	Queries(r Request) ([]aws.MetricQuery, time.Duration)
	// Collect makes the evidence.
	Collect(ctx context.Context, f *facts, r Request) (v1alpha1.Evidence, error)
}

// Steps lists every step.
func Steps() []Step {
	return []Step{metricStep{}, functionStateStep{}, accountLimitsStep{}, trafficPatternStep{}}
}
