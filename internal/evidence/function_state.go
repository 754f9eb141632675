package evidence

import (
	"context"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
)

// functionStateStep reads the configuration of a function, and the version behind its alias.
type functionStateStep struct{}

func (functionStateStep) Name() string { return "functionState" }

func (functionStateStep) Wants(s v1alpha1.Step) bool { return s.FunctionState != nil }

func (functionStateStep) Permissions() []string {
	return []string{"lambda:GetAlias", "lambda:GetFunction", "lambda:ListTags"}
}

func (functionStateStep) Queries(Request) ([]aws.MetricQuery, time.Duration) { return nil, 0 }

func (functionStateStep) Collect(ctx context.Context, f *facts, r Request) (v1alpha1.Evidence, error) {
	name := string(r.Function.Name)
	fn, err := f.function(ctx, name)
	if err != nil {
		return v1alpha1.Evidence{}, err
	}
	seen := &v1alpha1.FunctionStateEvidence{
		FunctionARN:         fn.ARN,
		MemoryMB:            fn.MemoryMB,
		TimeoutSeconds:      fn.TimeoutSeconds,
		ReservedConcurrency: fn.ReservedConcurrency,
		LastUpdateStatus:    fn.LastUpdateStatus,
		EnvironmentNames:    fn.EnvironmentNames,
		StackName:           present(fn.StackName),
		StackLogicalID:      present(fn.StackLogicalID),
	}
	if alias := r.Function.Alias; alias != "" {
		a, err := f.alias(ctx, name, alias)
		if err != nil {
			return v1alpha1.Evidence{}, err
		}
		seen.Alias, seen.AliasVersion = &alias, &a.Version
	}
	return v1alpha1.Evidence{FunctionState: seen}, nil
}

func present(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
