package cloudwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// DescribeAlarms returns alarms in the order of their names. Names without an alarm are left out. Without
// AlarmTypes "only metric alarms are returned"; composite and log alarms are not simulated, so the
// other types alone return nothing (API reference, DescribeAlarms).
func (s *Service) DescribeAlarms(_ context.Context, in *cw.DescribeAlarmsInput) (*cw.DescribeAlarmsOutput, error) {
	limit, err := recordLimit(in.MaxRecords)
	if err != nil {
		return nil, err
	}
	if err := checkDescribeAlarms(in); err != nil {
		return nil, err
	}
	request := fmt.Sprintf("%q %q %q %q %q %q %q", in.AlarmNames, aws.ToString(in.AlarmNamePrefix), aws.ToString(in.ActionPrefix),
		in.AlarmTypes, in.StateValue, aws.ToString(in.ChildrenOfAlarmName), aws.ToString(in.ParentsOfAlarmName))
	after := ""
	if in.NextToken != nil {
		if after, err = decodeToken("DescribeAlarms", request, *in.NextToken); err != nil {
			return nil, err
		}
	}

	out := &cw.DescribeAlarmsOutput{
		MetricAlarms:    []types.MetricAlarm{},
		CompositeAlarms: []types.CompositeAlarm{},
		LogAlarms:       []types.LogAlarm{},
	}
	last := ""
	for _, name := range slices.Sorted(maps.Keys(s.alarms)) {
		a := s.alarms[name]
		if name <= after || !matchesAlarm(in, &a.description) {
			continue
		}
		if len(out.MetricAlarms) == limit {
			out.NextToken = encodeToken("DescribeAlarms", request, last)
			break
		}
		out.MetricAlarms = append(out.MetricAlarms, a.description)
		last = name
	}
	return out, nil
}

func checkDescribeAlarms(in *cw.DescribeAlarmsInput) error {
	filtered := in.ActionPrefix != nil || in.AlarmNamePrefix != nil || len(in.AlarmNames) > 0 || len(in.AlarmTypes) > 0 || in.StateValue != ""
	switch {
	case len(in.AlarmNames) > maxRecords:
		return validationError("The collection AlarmNames must not have a size greater than %d.", maxRecords)
	case len(in.AlarmNames) > 0 && in.AlarmNamePrefix != nil:
		return validationError("The parameters AlarmNames and AlarmNamePrefix cannot be used together.")
	case !isOneOf(in.StateValue, in.StateValue.Values()):
		return validationError("The value %s for parameter StateValue is not valid.", in.StateValue)
	case in.ChildrenOfAlarmName != nil && (filtered || in.ParentsOfAlarmName != nil):
		return validationError("The parameter ChildrenOfAlarmName can be used together with MaxRecords and NextToken only.")
	case in.ParentsOfAlarmName != nil && filtered:
		return validationError("The parameter ParentsOfAlarmName can be used together with MaxRecords and NextToken only.")
	}
	for _, alarmType := range in.AlarmTypes {
		if !slices.Contains(alarmType.Values(), alarmType) {
			return validationError("The value %s for parameter AlarmTypes is not valid.", alarmType)
		}
	}
	return nil
}

func matchesAlarm(in *cw.DescribeAlarmsInput, a *types.MetricAlarm) bool {
	name := aws.ToString(a.AlarmName)
	switch {
	case in.ChildrenOfAlarmName != nil || in.ParentsOfAlarmName != nil: // relations of composite alarms
		return false
	case len(in.AlarmTypes) > 0 && !slices.Contains(in.AlarmTypes, types.AlarmTypeMetricAlarm):
		return false
	case len(in.AlarmNames) > 0 && !slices.Contains(in.AlarmNames, name):
		return false
	case !strings.HasPrefix(name, aws.ToString(in.AlarmNamePrefix)):
		return false
	case in.StateValue != "" && in.StateValue != a.StateValue:
		return false
	case in.ActionPrefix == nil:
		return true
	}
	actions := slices.Concat(a.OKActions, a.AlarmActions, a.InsufficientDataActions)
	return slices.ContainsFunc(actions, func(action string) bool { return strings.HasPrefix(action, *in.ActionPrefix) })
}

// DescribeAlarmsForMetric returns "only standard alarms that are based on the specified metric", not
// alarms based on math expressions (API reference, DescribeAlarmsForMetric).
func (s *Service) DescribeAlarmsForMetric(_ context.Context, in *cw.DescribeAlarmsForMetricInput) (*cw.DescribeAlarmsForMetricOutput, error) {
	switch {
	case aws.ToString(in.Namespace) == "":
		return nil, validationError("The parameter Namespace is required.")
	case aws.ToString(in.MetricName) == "":
		return nil, validationError("The parameter MetricName is required.")
	}
	key := metricKey(*in.Namespace, *in.MetricName, in.Dimensions)
	out := &cw.DescribeAlarmsForMetricOutput{MetricAlarms: []types.MetricAlarm{}}
	for _, name := range slices.Sorted(maps.Keys(s.alarms)) {
		a := s.alarms[name].description
		if a.MetricName == nil || metricKey(aws.ToString(a.Namespace), *a.MetricName, a.Dimensions) != key ||
			in.Statistic != "" && in.Statistic != a.Statistic ||
			in.ExtendedStatistic != nil && *in.ExtendedStatistic != aws.ToString(a.ExtendedStatistic) ||
			in.Period != nil && *in.Period != aws.ToInt32(a.Period) ||
			in.Unit != "" && in.Unit != a.Unit {
			continue
		}
		out.MetricAlarms = append(out.MetricAlarms, a)
	}
	return out, nil
}

// SetAlarmState sets the state of an alarm until the next evaluation: "Metric alarms returns to their
// actual state quickly" (API reference, SetAlarmState). Setting the state that the alarm already has
// changes its reason and StateUpdatedTimestamp, but is no transition.
func (s *Service) SetAlarmState(_ context.Context, in *cw.SetAlarmStateInput) (*cw.SetAlarmStateOutput, error) {
	const maxReason, maxReasonData = 1023, 4000
	data := aws.ToString(in.StateReasonData)
	switch {
	case aws.ToString(in.AlarmName) == "":
		return nil, validationError("The parameter AlarmName is required.")
	case in.StateValue == "" || !slices.Contains(in.StateValue.Values(), in.StateValue):
		return nil, validationError("The value %q for parameter StateValue is not valid. Valid values: OK, ALARM, INSUFFICIENT_DATA.", in.StateValue)
	case in.StateReason == nil:
		return nil, validationError("The parameter StateReason is required.")
	case len(*in.StateReason) > maxReason:
		return nil, validationError("The parameter StateReason must not be longer than %d characters.", maxReason)
	case len(data) > maxReasonData:
		return nil, validationError("The parameter StateReasonData must not be longer than %d characters.", maxReasonData)
	case data != "" && !json.Valid([]byte(data)):
		return nil, &types.InvalidFormatFault{Message: new("StateReasonData is not valid JSON."), ErrorCodeOverride: new("InvalidFormat")}
	}
	a, ok := s.alarms[*in.AlarmName]
	if !ok {
		return nil, &types.ResourceNotFound{Message: new("The alarm " + *in.AlarmName + " does not exist."), ErrorCodeOverride: new("ResourceNotFound")}
	}
	a.manual = true
	if in.StateValue == a.description.StateValue {
		a.setState(in.StateValue, *in.StateReason, data, s.now)
	} else {
		s.transition(a, in.StateValue, *in.StateReason, data)
	}
	return &cw.SetAlarmStateOutput{}, nil
}
