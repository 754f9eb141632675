package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// measured asks AWS itself, as a person would by hand: what timeout the function has in the end, or what concurrency it
// came to after the change.
func (s *story) measured(ctx context.Context) error {
	if s.rem.Status.AppliedAt == nil || s.rem.Status.EndedAt == nil {
		return fmt.Errorf("the status of Remediation %s does not say when its change was made and when it was over", s.rem.Name)
	}
	function := s.rem.Spec.Target.FunctionName
	if s.rem.Spec.Action.SetTimeout != nil {
		return s.timeout(ctx, function)
	}
	peak, err := s.concurrency(ctx, function, s.rem.Status.AppliedAt.Time, s.rem.Status.EndedAt.Time)
	if err != nil {
		return err
	}
	if peak == 0 {
		return fmt.Errorf("CloudWatch knows of no execution of %s after the change", function)
	}
	s.say("measured", "%s came to %.0f executions at once after the change, says CloudWatch: %s", function, peak, s.rem.Status.Plan.Summary)
	return nil
}

// timeout says what timeout a function has. One that is not as the Remediation left it is an error.
func (s *story) timeout(ctx context.Context, function v1alpha1.FunctionName) error {
	out, err := s.world.Lambda().GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(string(function))})
	if err != nil {
		return fmt.Errorf("asking Lambda for the timeout of %s: %w", function, err)
	}
	planned := s.rem.Status.Plan.Calls[0]
	left, of := planned.Call.Writes[0], "after the change"
	if conditions.IsTrue(s.rem.Status.Conditions, v1alpha1.ConditionReverted) {
		left, of = planned.Inverse.Writes[0], "as before the change"
	}
	live := fmt.Sprint(aws.ToInt32(out.Timeout))
	if left.Value == nil || *left.Value != live {
		return fmt.Errorf("%s has a timeout of %s s, and %s was left", function, live, written(left))
	}
	s.say("measured", "%s has a timeout of %s s, says Lambda: %s", function, live, of)
	return nil
}

// concurrency is the most executions of a function at once, as CloudWatch knows it.
func (s *story) concurrency(ctx context.Context, function v1alpha1.FunctionName, from, to time.Time) (float64, error) {
	out, err := s.world.CloudWatch().GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("ConcurrentExecutions"),
		Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(string(function))}},
		StartTime:  aws.Time(from), EndTime: aws.Time(to), Period: aws.Int32(60),
		Statistics: []types.Statistic{types.StatisticMaximum},
	})
	if err != nil {
		return 0, fmt.Errorf("asking CloudWatch for the concurrency of %s: %w", function, err)
	}
	peak := 0.0
	for _, d := range out.Datapoints {
		peak = max(peak, aws.ToFloat64(d.Maximum))
	}
	return peak, nil
}
