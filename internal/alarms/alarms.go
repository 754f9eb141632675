// Package alarms owns reading CloudWatch alarms into a struct of our own: state, transition, reach, and the metrics
// that an alarm watches. It must not decide what an alarm means, nor change one.
package alarms

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// Alarm is a CloudWatch alarm of any type.
type Alarm struct {
	// Name of the alarm, at most 255 characters.
	Name string
	// ARN of the alarm.
	ARN string
	// State is OK, ALARM or INSUFFICIENT_DATA.
	State v1alpha1.AlarmState
	// TransitionedAt is when the alarm came to its state, to the second. It does not move when only the reason is
	// updated (CloudWatch API reference, StateTransitionedTimestamp).
	TransitionedAt time.Time
	// ConfiguredAt is when the alarm was created or last edited.
	ConfiguredAt time.Time
	// ActionsEnabled is false where the alarm's owner does not want its actions.
	ActionsEnabled bool
	// MutedBy names a mute rule that mutes the alarm's actions now. Empty where none does, or nobody asked: DescribeAlarms
	// does not say it.
	MutedBy string
	// EvaluationState is PARTIAL_DATA, EVALUATION_ERROR or EVALUATION_FAILURE where CloudWatch could not evaluate the alarm
	// as it should, so that its state says less than it seems to (CloudWatch API reference, MetricAlarm). Empty where it
	// could, and for composite alarms, which have none.
	EvaluationState string
	// Metrics that the alarm watches in its own account, also those inside metric math. Composite and log alarms have none.
	Metrics []Metric
	// Reach is how far back the alarm looks: period × evaluation periods, the longest period of metric math. Zero
	// for composite and log alarms.
	Reach time.Duration
	// Period is the longest period of the alarm's metrics. Zero for composite and log alarms.
	Period time.Duration
}

// Metric that an alarm watches.
type Metric struct {
	// Namespace of the metric, such as AWS/Lambda.
	Namespace string
	// Name of the metric.
	Name string
	// Dimensions of the metric, by name.
	Dimensions map[string]string
}

// Silenced says that the alarm's owner does not want its actions now. Its state is as true as ever: a muted alarm goes on
// to be evaluated and to change its state (CloudWatch API reference, PutAlarmMuteRule).
func (a Alarm) Silenced() bool { return !a.ActionsEnabled || a.MutedBy != "" }

// Function returns the first of the functions that a dimension FunctionName of the alarm names.
func (a Alarm) Function(functions []v1alpha1.ApplicationFunction) (v1alpha1.FunctionName, bool) {
	if names := a.Functions(functions); len(names) > 0 {
		return names[0], true
	}
	return "", false
}

// Functions returns those of the functions that dimensions FunctionName of the alarm name, in the order of its metrics,
// each once: metric math can be about several.
func (a Alarm) Functions(functions []v1alpha1.ApplicationFunction) []v1alpha1.FunctionName {
	var names []v1alpha1.FunctionName
	for _, m := range a.Metrics {
		name := v1alpha1.FunctionName(m.Dimensions["FunctionName"])
		named := slices.ContainsFunc(functions, func(f v1alpha1.ApplicationFunction) bool { return f.Name == name })
		if named && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Matches says whether the alarm starts a procedure with this trigger.
func (a Alarm) Matches(t v1alpha1.Trigger) bool {
	if t.Metric == nil {
		return false
	}
	for _, m := range a.Metrics {
		if m.Namespace == t.Metric.Namespace && m.Name == t.Metric.Name {
			return true
		}
	}
	return false
}

func ofMetric(m types.MetricAlarm) Alarm {
	a := alarm(m.AlarmName, m.AlarmArn, m.StateValue, m.StateTransitionedTimestamp, m.StateUpdatedTimestamp, m.ActionsEnabled)
	a.ConfiguredAt = aws.ToTime(m.AlarmConfigurationUpdatedTimestamp).UTC()
	a.EvaluationState = string(m.EvaluationState)
	var period int32
	if m.MetricName != nil {
		a.Metrics = append(a.Metrics, metric(m.Namespace, m.MetricName, m.Dimensions))
		period = aws.ToInt32(m.Period)
	}
	for _, q := range m.Metrics {
		period = max(period, aws.ToInt32(q.Period))
		if q.MetricStat == nil {
			continue
		}
		period = max(period, aws.ToInt32(q.MetricStat.Period))
		if s := q.MetricStat.Metric; s != nil && !foreign(q, a.ARN) {
			a.Metrics = append(a.Metrics, metric(s.Namespace, s.MetricName, s.Dimensions))
		}
	}
	a.Period = time.Duration(period) * time.Second
	a.Reach = a.Period * time.Duration(max(1, aws.ToInt32(m.EvaluationPeriods)))
	return a
}

// foreign says whether a metric is of another account than the alarm: a monitoring account watches the metrics of others,
// whose functions may have the names of its own (CloudWatch API reference, MetricDataQuery.AccountId). The alarm's account
// is in arn:<partition>:cloudwatch:<region>:<account>:alarm:<name>.
func foreign(q types.MetricDataQuery, alarmARN string) bool {
	if aws.ToString(q.AccountId) == "" {
		return false
	}
	parts := strings.SplitN(alarmARN, ":", 6)
	return len(parts) < 6 || parts[4] != *q.AccountId
}

func ofComposite(c types.CompositeAlarm) Alarm {
	a := alarm(c.AlarmName, c.AlarmArn, c.StateValue, c.StateTransitionedTimestamp, c.StateUpdatedTimestamp, c.ActionsEnabled)
	a.ConfiguredAt = aws.ToTime(c.AlarmConfigurationUpdatedTimestamp).UTC()
	return a
}

func ofLog(l types.LogAlarm) Alarm {
	a := alarm(l.AlarmName, l.AlarmArn, l.StateValue, l.StateTransitionedTimestamp, l.StateUpdatedTimestamp, l.ActionsEnabled)
	a.ConfiguredAt = aws.ToTime(l.AlarmConfigurationUpdatedTimestamp).UTC()
	a.EvaluationState = string(l.EvaluationState)
	return a
}

func alarm(name, arn *string, state types.StateValue, transitioned, updated *time.Time, actions *bool) Alarm {
	at := transitioned
	if at == nil {
		at = updated
	}
	return Alarm{
		Name:           aws.ToString(name),
		ARN:            aws.ToString(arn),
		State:          v1alpha1.AlarmState(state),
		TransitionedAt: aws.ToTime(at).UTC().Truncate(time.Second),
		ActionsEnabled: actions == nil || *actions,
	}
}

func metric(namespace, name *string, dimensions []types.Dimension) Metric {
	m := Metric{Namespace: aws.ToString(namespace), Name: aws.ToString(name), Dimensions: make(map[string]string, len(dimensions))}
	for _, d := range dimensions {
		m.Dimensions[aws.ToString(d.Name)] = aws.ToString(d.Value)
	}
	return m
}
