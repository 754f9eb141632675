package evidence

import (
	"context"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
)

const (
	// peakWindow is how far back the use of the unreserved concurrency is looked at.
	peakWindow = time.Hour
)

// unreservedUse is the account's use of its unreserved concurrency (Lambda Developer Guide, concurrency metrics).
var unreservedUse = aws.MetricQuery{Namespace: "AWS/Lambda", Name: "UnreservedConcurrentExecutions", Statistic: "Maximum"}

// accountLimitsStep reads the account's concurrency: limit, what is left, the floor, and the peak of its use.
type accountLimitsStep struct{}

func (accountLimitsStep) Name() string { return "accountLimits" }

func (accountLimitsStep) Wants(s v1alpha1.Step) bool { return s.AccountLimits != nil }

func (accountLimitsStep) Permissions() []string {
	return []string{"cloudwatch:GetMetricData", "lambda:GetAccountSettings"}
}

func (accountLimitsStep) Queries(Request) ([]aws.MetricQuery, time.Duration) {
	return []aws.MetricQuery{unreservedUse}, peakWindow
}

func (accountLimitsStep) Collect(ctx context.Context, f *facts, _ Request) (v1alpha1.Evidence, error) {
	settings, err := f.accountSettings(ctx)
	if err != nil {
		return v1alpha1.Evidence{}, err
	}
	use, err := f.metric(ctx, unreservedUse, f.end.Add(-peakWindow), f.end)
	if err != nil {
		return v1alpha1.Evidence{}, err
	}
	floor, configured := settings.UnreservedFloor(f.subject.UnreservedFloor)
	seen := &v1alpha1.AccountLimitsEvidence{
		ConcurrentExecutions:  settings.ConcurrentExecutions,
		Unreserved:            settings.UnreservedConcurrentExecutions,
		UnreservedFloor:       floor,
		UnreservedFloorSource: v1alpha1.FloorAssumed,
	}
	if configured {
		seen.UnreservedFloorSource = v1alpha1.FloorConfigured
	}
	if peak, ok := combine("Maximum", use, nil); ok {
		n := int32(peak)
		seen.PeakUnreserved = &n
	}
	return v1alpha1.Evidence{AccountLimits: seen}, nil
}
