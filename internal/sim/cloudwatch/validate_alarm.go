package cloudwatch

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Limits of the API reference, PutMetricAlarm.
const (
	maxNameLength        = 255
	maxDescriptionLength = 1024
	maxActions           = 5
)

// servedOperators are the comparison operators of static thresholds; the others are "used only for
// alarms based on anomaly detection models".
var servedOperators = []types.ComparisonOperator{
	types.ComparisonOperatorGreaterThanOrEqualToThreshold,
	types.ComparisonOperatorGreaterThanThreshold,
	types.ComparisonOperatorLessThanThreshold,
	types.ComparisonOperatorLessThanOrEqualToThreshold,
}

// checkAlarm checks what can be checked without reading the metrics of the alarm.
func checkAlarm(in *cw.PutMetricAlarmInput) error {
	for _, check := range []func(*cw.PutMetricAlarmInput) error{checkServed, checkNames, checkThreshold, checkTreatment, checkMetricSource} {
		if err := check(in); err != nil {
			return err
		}
	}
	return nil
}

// checkServed refuses kinds of alarms that are not simulated.
func checkServed(in *cw.PutMetricAlarmInput) error {
	if in.EvaluationWindow != nil {
		if _, ok := in.EvaluationWindow.(*types.EvaluationWindowMemberSlidingWindow); !ok {
			return validationError("The parameter EvaluationWindow must be a SlidingWindow: wall clock windows are not simulated.")
		}
	}
	for _, given := range []parameter{
		{"EvaluationCriteria", in.EvaluationCriteria != nil},
		{"EvaluationInterval", in.EvaluationInterval != nil},
		{"ThresholdMetricId", in.ThresholdMetricId != nil},
		{"WarmUpConfiguration", in.WarmUpConfiguration != nil},
		{"ActionConfiguration", in.ActionConfiguration != nil},
	} {
		if given.is {
			return validationError("The parameter %s is not simulated.", given.name)
		}
	}
	return nil
}

func checkNames(in *cw.PutMetricAlarmInput) error {
	name := aws.ToString(in.AlarmName)
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	switch {
	case name == "":
		return validationError("The parameter AlarmName is required.")
	case len(name) > maxNameLength:
		return validationError("The parameter AlarmName must not be longer than %d characters.", maxNameLength)
	case strings.ContainsFunc(name, control):
		return validationError("The parameter AlarmName must not contain ASCII control characters.")
	case len(aws.ToString(in.AlarmDescription)) > maxDescriptionLength:
		return validationError("The parameter AlarmDescription must not be longer than %d characters.", maxDescriptionLength)
	}
	for _, actions := range [][]string{in.OKActions, in.AlarmActions, in.InsufficientDataActions} {
		if len(actions) > maxActions {
			return validationError("The number of actions for one state must not be greater than %d.", maxActions)
		}
		for _, action := range actions {
			if !strings.HasPrefix(action, "arn:") || strings.Count(action, ":") < 5 {
				return validationError("Invalid arn syntax: %s", action)
			}
		}
	}
	return nil
}

func checkThreshold(in *cw.PutMetricAlarmInput) error {
	periods := aws.ToInt32(in.EvaluationPeriods)
	switch {
	case in.EvaluationPeriods == nil:
		return validationError("EvaluationPeriods must not be null")
	case periods < 1:
		return validationError("The parameter EvaluationPeriods must be greater than or equal to 1.")
	case in.DatapointsToAlarm != nil && (*in.DatapointsToAlarm < 1 || *in.DatapointsToAlarm > periods):
		return validationError("The parameter DatapointsToAlarm must be between 1 and EvaluationPeriods (%d).", periods)
	case in.ComparisonOperator == "":
		return validationError("The parameter ComparisonOperator is required.")
	case !slices.Contains(in.ComparisonOperator.Values(), in.ComparisonOperator):
		return validationError("The value %s for parameter ComparisonOperator is not valid.", in.ComparisonOperator)
	case !slices.Contains(servedOperators, in.ComparisonOperator):
		return validationError("The comparison operator %s is only for alarms based on anomaly detection models.", in.ComparisonOperator)
	case in.Threshold == nil:
		return validationError("Threshold must not be null")
	}
	if message := checkValue(*in.Threshold); message != "" {
		return validationError("The parameter Threshold is invalid: %s", message)
	}
	return nil
}

func checkTreatment(in *cw.PutMetricAlarmInput) error {
	treatments := []string{treatBreaching, treatNotBreaching, treatIgnore, treatMissing}
	if in.TreatMissingData != nil && !slices.Contains(treatments, *in.TreatMissingData) {
		return validationError("Option %s for TreatMissingData is not valid. Valid values: %s.", *in.TreatMissingData, strings.Join(treatments, ", "))
	}
	if low := in.EvaluateLowSampleCountPercentile; low != nil && *low != "evaluate" && *low != lowSamplesIgnore {
		return validationError("Option %s for EvaluateLowSampleCountPercentile is not valid. Valid values: evaluate, ignore.", *low)
	}
	return nil
}

// checkMetricSource checks that the alarm has either MetricName or Metrics, and what belongs to it.
func checkMetricSource(in *cw.PutMetricAlarmInput) error {
	if len(in.Metrics) > 0 {
		for _, given := range []parameter{
			{"MetricName", in.MetricName != nil}, {"Namespace", in.Namespace != nil}, {"Dimensions", len(in.Dimensions) > 0},
			{"Period", in.Period != nil}, {"Unit", in.Unit != ""}, {"Statistic", in.Statistic != ""},
			{"ExtendedStatistic", in.ExtendedStatistic != nil},
		} {
			if given.is {
				return validationError("The parameter %s cannot be used together with Metrics.", given.name)
			}
		}
		return nil
	}
	switch {
	case aws.ToString(in.MetricName) == "":
		return validationError("Either MetricName or Metrics must be specified.")
	case aws.ToString(in.Namespace) == "":
		return validationError("The parameter Namespace is required.")
	case in.Period == nil:
		return validationError("Period must not be null")
	case (in.Statistic == "") == (in.ExtendedStatistic == nil):
		return validationError("Either Statistic or ExtendedStatistic must be specified, but not both.")
	case !isOneOf(in.Statistic, in.Statistic.Values()):
		return validationError("The value %s for parameter Statistic is not valid.", in.Statistic)
	}
	if message := checkPeriod(in.Period); message != "" {
		return validationError("The parameter Period %s", message)
	}
	if in.ExtendedStatistic != nil {
		if st, message := parseStatistic(*in.ExtendedStatistic); message != "" || st.basic != "" {
			return validationError("The value %s for parameter ExtendedStatistic is not supported.", *in.ExtendedStatistic)
		}
	}
	return nil
}
