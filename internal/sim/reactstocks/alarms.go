package reactstocks

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func dimension(name, value string) []types.Dimension {
	return []types.Dimension{{Name: aws.String(name), Value: aws.String(value)}}
}

// alarms are the alarms of the runbook: one-minute periods, two or three of three minutes breaching.
func alarms() []*cw.PutMetricAlarmInput {
	return []*cw.PutMetricAlarmInput{
		{
			AlarmName: aws.String(ThrottlesAlarm), AlarmDescription: aws.String("Calls of the backend are throttled."),
			Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Throttles"), Statistic: types.StatisticSum,
			Dimensions: dimension("FunctionName", BackendFunction), Period: aws.Int32(60),
			Threshold: aws.Float64(0), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
			EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: aws.Int32(2), TreatMissingData: aws.String("notBreaching"),
			ActionsEnabled: aws.Bool(true), AlarmActions: []string{AlarmTopicARN}, OKActions: []string{AlarmTopicARN},
		},
		rate(ErrorRateAlarm, "More than 5 % of the backend's calls fail.", BackendFunction),
		{
			AlarmName: aws.String(DurationAlarm), AlarmDescription: aws.String("The slowest 5 % of the backend's calls take more than 2 s."),
			Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Duration"), ExtendedStatistic: aws.String("p95"),
			Dimensions: dimension("FunctionName", BackendFunction), Period: aws.Int32(60),
			Threshold: aws.Float64(2000), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
			EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: aws.Int32(3), TreatMissingData: aws.String("missing"),
			EvaluateLowSampleCountPercentile: aws.String("ignore"),
			ActionsEnabled:                   aws.Bool(true), AlarmActions: []string{AlarmTopicARN}, OKActions: []string{AlarmTopicARN},
		},
		rate(TimeoutAlarm, "More than 5 % of the news worker's calls fail, as they do when they time out.", NewsSyncFunction),
		{
			AlarmName: aws.String(APIErrorsAlarm), AlarmDescription: aws.String("More than 5 % of the API's answers are 5xx."),
			Namespace: aws.String("AWS/ApiGateway"), MetricName: aws.String("5XXError"), Statistic: types.StatisticAverage,
			Dimensions: dimension("ApiName", APIName), Period: aws.Int32(60),
			Threshold: aws.Float64(0.05), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
			EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: aws.Int32(3), TreatMissingData: aws.String("notBreaching"),
			ActionsEnabled: aws.Bool(true), AlarmActions: []string{AlarmTopicARN}, OKActions: []string{AlarmTopicARN},
		},
		{
			AlarmName: aws.String(APILatencyAlarm), AlarmDescription: aws.String("The slowest 5 % of the API's answers take more than 2 s."),
			Namespace: aws.String("AWS/ApiGateway"), MetricName: aws.String("Latency"), ExtendedStatistic: aws.String("p95"),
			Dimensions: dimension("ApiName", APIName), Period: aws.Int32(60),
			Threshold: aws.Float64(2000), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
			EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: aws.Int32(3), TreatMissingData: aws.String("missing"),
			ActionsEnabled: aws.Bool(true), AlarmActions: []string{AlarmTopicARN}, OKActions: []string{AlarmTopicARN},
		},
		{
			AlarmName: aws.String(OtherErrorsAlarm), AlarmDescription: aws.String("Checkouts fail."),
			Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Errors"), Statistic: types.StatisticSum,
			Dimensions: dimension("FunctionName", CheckoutFunction), Period: aws.Int32(60),
			Threshold: aws.Float64(100), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
			EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: aws.Int32(2), TreatMissingData: aws.String("notBreaching"),
			ActionsEnabled: aws.Bool(true),
		},
	}
}

// rate is an alarm by metric math on the share of failed calls, in percent.
func rate(name, description, function string) *cw.PutMetricAlarmInput {
	sum := func(id, metric string) types.MetricDataQuery {
		return types.MetricDataQuery{
			Id: aws.String(id), ReturnData: aws.Bool(false),
			MetricStat: &types.MetricStat{
				Metric: &types.Metric{
					Namespace: aws.String("AWS/Lambda"), MetricName: aws.String(metric),
					Dimensions: dimension("FunctionName", function),
				},
				Period: aws.Int32(60), Stat: aws.String("Sum"),
			},
		}
	}
	return &cw.PutMetricAlarmInput{
		AlarmName: aws.String(name), AlarmDescription: aws.String(description),
		Metrics: []types.MetricDataQuery{
			sum("errors", "Errors"),
			sum("invocations", "Invocations"),
			{
				Id: aws.String("rate"), Expression: aws.String("100 * errors / invocations"),
				Label: aws.String("Error rate (%)"), ReturnData: aws.Bool(true),
			},
		},
		Threshold: aws.Float64(5), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: aws.Int32(2), TreatMissingData: aws.String("notBreaching"),
		ActionsEnabled: aws.Bool(true), AlarmActions: []string{AlarmTopicARN}, OKActions: []string{AlarmTopicARN},
	}
}
