package action

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// Fields of a function that actions read and write, as the Lambda API names them.
const (
	fieldReserved = "ReservedConcurrentExecutions"
	fieldTimeout  = "Timeout"
)

// settling is how long an update of a function is given before another look, world time.
const settling = 5 * time.Second

// readFunction reads the target, and makes sure that it is in the account and Region of the target.
func readFunction(ctx context.Context, s *aws.Session, t Target) (aws.Function, error) {
	fn, err := s.Lambda.Function(ctx, string(t.Function.Name))
	if err != nil {
		return aws.Function{}, err
	}
	name, err := functionName(fn.ARN, t.AccountID, t.Region)
	if err != nil {
		return aws.Function{}, err
	}
	if name != string(t.Function.Name) {
		return aws.Function{}, fault.New(fault.Terminal, v1alpha1.ReasonFunctionNotFound,
			"AWS answered for another function than %s: list the function's plain name in the ServerlessApplication", t.Function.Name)
	}
	return fn, nil
}

// settled refuses a function whose last update is not Successful: nothing else can be changed during an update, and
// after a failed one what is read is not what is in force.
func settled(fn aws.Function) error {
	switch fn.LastUpdateStatus {
	case aws.UpdateSuccessful:
		return nil
	case aws.UpdateFailed:
		return fault.New(fault.Terminal, v1alpha1.ReasonUpdateFailed,
			"the last update of function %s failed, so its configuration is uncertain: repair it (deploy again), then create the Remediation again", fn.Name)
	}
	f := fault.New(fault.Waiting, v1alpha1.ReasonUpdateInProgress, "function %s is being updated: nothing else can be changed until that ends", fn.Name)
	f.After = settling
	return f
}

// functionName returns the name in a function's ARN, arn:<partition>:lambda:<region>:<account>:function:<name>, if
// the ARN is of the account and Region and has no qualifier.
func functionName(arn, account, region string) (string, error) {
	parts := strings.Split(arn, ":")
	if len(parts) != 7 || parts[2] != "lambda" || parts[5] != "function" || parts[3] != region || parts[4] != account {
		f := fault.New(fault.Terminal, v1alpha1.ReasonWrongIdentity,
			"the function is not in account %s and Region %s, so nothing is changed: correct the ServerlessApplication or the grant", account, region)
		f.Refused = true
		return "", f
	}
	return parts[6], nil
}

// observe reads the fields that a call writes.
func observe(ctx context.Context, s *aws.Session, c v1alpha1.Call) (State, error) {
	name, err := functionName(c.ResourceARN, s.Access().AccountID, s.Access().Region)
	if err != nil {
		return State{}, err
	}
	fn, err := s.Lambda.Function(ctx, name)
	if err != nil {
		return State{}, err
	}
	state := State{
		Settled: fn.LastUpdateStatus == aws.UpdateSuccessful,
		Failed:  fn.LastUpdateStatus == aws.UpdateFailed,
	}
	if state.Settled {
		state.RevisionID = fn.RevisionID
	}
	for _, w := range c.Writes {
		live, err := fieldOf(fn, w.Name)
		if err != nil {
			return State{}, err
		}
		state.Fields = append(state.Fields, live)
	}
	return state, nil
}

func fieldOf(fn aws.Function, name string) (v1alpha1.Field, error) {
	switch name {
	case fieldReserved:
		return field(name, fn.ReservedConcurrency), nil
	case fieldTimeout:
		return field(name, &fn.TimeoutSeconds), nil
	}
	return v1alpha1.Field{}, malformed("no action of this version reads the field " + strconv.Quote(name))
}

func field(name string, value *int32) v1alpha1.Field {
	f := v1alpha1.Field{Name: name}
	if value != nil {
		text := strconv.Itoa(int(*value))
		f.Value = &text
	}
	return f
}

// written returns the whole number that a call writes to its one field, from low to high.
func written(c v1alpha1.Call, name string, low, high int32) (int32, error) {
	if len(c.Writes) != 1 || c.Writes[0].Name != name || c.Writes[0].Value == nil {
		return 0, malformed(fmt.Sprintf("%s must write %s and nothing else", c.Operation, name))
	}
	n, err := strconv.ParseInt(*c.Writes[0].Value, 10, 32)
	if err != nil || n < int64(low) || n > int64(high) {
		return 0, malformed(fmt.Sprintf("%s must write a whole number from %d to %d to %s", c.Operation, low, high, name))
	}
	return int32(n), nil
}

// malformed is a call that no plan of this version holds. It is not made.
func malformed(why string) error {
	f := fault.New(fault.Terminal, v1alpha1.ReasonRefused, "the recorded call cannot be made: %s: create the Remediation again", why)
	f.Refused = true
	return f
}

// templatePatch says what to change in the template of the stack that owns a function.
func templatePatch(fn aws.Function, property string, value int32) string {
	if fn.StackName == "" || fn.StackLogicalID == "" {
		return ""
	}
	return fmt.Sprintf("Resources.%s.Properties.%s: %d (stack %s)", fn.StackLogicalID, property, value, fn.StackName)
}

// tagWarnings says that nobody can tell whether a stack will undo the change.
func tagWarnings(fn aws.Function) []string {
	if !fn.TagsDenied {
		return nil
	}
	return []string{"the role may not call lambda:ListTags, so it is not known whether a CloudFormation stack owns the function and its next deployment would undo the change"}
}
