// Package action owns the typed changes: planning one with its guard, making its call, and reading back what is. It
// must not decide whether a change may be made now, nor repeat a call; its caller records and verifies.
package action

import (
	"context"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
)

// Target is what an action is planned for.
type Target struct {
	// AccountID and Region that the function must be in.
	AccountID string
	// Region that the function must be in.
	Region string
	// Function as the application declares it.
	Function v1alpha1.ApplicationFunction
	// UnreservedFloor is AWSAccount.spec.lambda.unreservedConcurrencyFloor. Nil: not configured.
	UnreservedFloor *int32
	// Recent says that the account's limits may be of a few seconds ago where the operator's budget allows no call now: for
	// a plan that nobody approved yet. It is worked out anew before it is carried out.
	Recent bool
	// Now is world time. Metric windows end at its minute.
	Now time.Time
}

// Action is one kind of change.
type Action interface {
	// Name of the member of v1alpha1.Action that asks for it.
	Name() v1alpha1.ActionName
	// Permissions are the IAM actions that it needs.
	Permissions() Permissions
	// UsesConcurrencyPool says that its changes draw on the concurrency that all functions of the account share: one of
	// them is made at a time.
	UsesConcurrencyPool() bool
	// Plan works out the calls, and changes nothing. A guard that does not hold is a Terminal fault with a reason
	// of the condition Planned; an update of the function that goes on is Waiting/UpdateInProgress.
	Plan(ctx context.Context, s *aws.Session, t Target, want v1alpha1.Action) (Proposal, error)
	// Observe reads the fields that a call writes, as they are now.
	Observe(ctx context.Context, s *aws.Session, c v1alpha1.Call) (State, error)
	// Apply makes a call of a plan, or its inverse, once. revisionID is the one that Observe read just before. An
	// error whose fault is not Refused leaves open whether the call arrived: Observe tells.
	Apply(ctx context.Context, s *aws.Session, c v1alpha1.Call, revisionID string) error
}

// Permissions are IAM actions, as service:Operation.
type Permissions struct {
	// Read is what Plan and Observe need.
	Read []string
	// Write is what Apply needs.
	Write []string
}

// Proposal is a plan without what its caller adds: number, digest, verification and policy.
type Proposal struct {
	// Summary of the change in one line of at most 128 characters.
	Summary string
	// Calls to make, in order.
	Calls []v1alpha1.PlannedCall
	// Warnings for the person who decides.
	Warnings []string
	// Cost of the change as an estimate with its source.
	Cost string
	// BlastRadius says what else the change touches.
	BlastRadius *v1alpha1.BlastRadius
	// TemplatePatch is what to change in the CloudFormation template. Empty: no stack owns the function.
	TemplatePatch string
	// OnFailure is what happens to the change if it does not help.
	OnFailure v1alpha1.OnFailure
	// StackName of the stack that owns the function. Empty: none does.
	StackName string
}

// State is what a call writes, as it is now.
type State struct {
	// Fields that the call writes, in its order, with their present values.
	Fields []v1alpha1.Field
	// Settled says that the function's last update is Successful: what is read is in force.
	Settled bool
	// Failed says that the function's last update is Failed.
	Failed bool
	// RevisionID of the function, where the call is conditional on it. Empty unless Settled, as it changes once more when an
	// update ends.
	RevisionID string
}

// All lists every action.
func All() []Action { return []Action{setReservedConcurrency{}, setTimeout{}} }

// Get returns the action of a name.
func Get(name v1alpha1.ActionName) (Action, bool) {
	for _, a := range All() {
		if a.Name() == name {
			return a, true
		}
	}
	return nil, false
}
