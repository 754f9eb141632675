package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// measured asks AWS itself, as a person would by hand, what concurrency the function came to after the change.
func (s *story) measured(ctx context.Context) error {
	if s.rem.Status.AppliedAt == nil {
		return nil
	}
	function := s.rem.Spec.Target.FunctionName
	peak, err := s.concurrency(ctx, function, s.rem.Status.AppliedAt.Time, s.rem.Status.EndedAt.Time)
	if err != nil {
		return err
	}
	s.say("measured", "%s came to %.0f executions at once after the change, says CloudWatch: %s", function, peak, s.rem.Status.Plan.Summary)
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
