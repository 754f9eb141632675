package world

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// alarmOfTimeouts replaces the account's alarm of timeouts, which counts failed calls of any kind, by one of the same
// name that the shipped Runbook of timeouts is for: it weighs failed calls by how long calls take, in units of the
// worker's timeout of 10 s. Errors that come at once weigh next to nothing, and calls that time out count in full.
func (w *World) alarmOfTimeouts(ctx context.Context) error {
	of := func(id, metric, statistic string) types.MetricDataQuery {
		return types.MetricDataQuery{Id: &id, ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{
			Metric: &types.Metric{
				Namespace: aws.String("AWS/Lambda"), MetricName: &metric,
				Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(reactstocks.NewsSyncFunction)}},
			},
			Period: aws.Int32(60), Stat: &statistic,
		}}
	}
	err := w.AWS.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(reactstocks.TimeoutAlarm), AlarmDescription: aws.String("Calls of the news worker time out."),
		Metrics: []types.MetricDataQuery{
			of("errors", "Errors", "Sum"), of("invocations", "Invocations", "Sum"), of("duration", "Duration", "Average"),
			{
				Id: aws.String("rate"), Expression: aws.String("100 * errors / invocations * duration / 10000"),
				Label: aws.String("Timeout rate (%)"), ReturnData: aws.Bool(true),
			},
		},
		Threshold: aws.Float64(20), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: aws.Int32(2), TreatMissingData: aws.String("notBreaching"),
		ActionsEnabled: aws.Bool(true),
	})
	if err != nil {
		return fmt.Errorf("putting the alarm of timeouts: %w", err)
	}
	return nil
}
