package cloudwatch

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const lowSamplesIgnore = "ignore"

// PutMetricAlarm creates or replaces a metric alarm. "When this operation creates an alarm, the alarm
// state is immediately set to INSUFFICIENT_DATA"; "when you update an existing alarm, its state is left
// unchanged, but the update completely overwrites the previous configuration", and tags of an update
// are ignored (API reference, PutMetricAlarm).
func (s *Service) PutMetricAlarm(_ context.Context, in *cw.PutMetricAlarmInput) (*cw.PutMetricAlarmOutput, error) {
	if err := checkAlarm(in); err != nil {
		return nil, err
	}
	updated, err := s.newAlarm(in)
	if err != nil {
		return nil, err
	}
	description := &updated.description
	description.AlarmArn = new(s.alarmARN(*in.AlarmName))
	description.AlarmConfigurationUpdatedTimestamp = new(s.now)

	existing, ok := s.alarms[*in.AlarmName]
	if !ok {
		tags, err := mergeTags(nil, in.Tags)
		if err != nil {
			return nil, err
		}
		updated.tags = tags
		updated.setState(types.StateValueInsufficientData, initialReason, "", s.now)
		description.StateTransitionedTimestamp = new(s.now)
		s.alarms[*in.AlarmName] = updated
		s.recordConfigurationUpdate(nil, description)
		return &cw.PutMetricAlarmOutput{}, nil
	}
	before := existing.description
	description.StateValue = before.StateValue
	description.StateReason = before.StateReason
	description.StateReasonData = before.StateReasonData
	description.StateUpdatedTimestamp = before.StateUpdatedTimestamp
	description.StateTransitionedTimestamp = before.StateTransitionedTimestamp
	updated.tags = existing.tags
	updated.manual = existing.manual
	s.alarms[*in.AlarmName] = updated
	s.recordConfigurationUpdate(&before, description)
	return &cw.PutMetricAlarmOutput{}, nil
}

// newAlarm builds an alarm from a checked request.
func (s *Service) newAlarm(in *cw.PutMetricAlarmInput) (*alarm, error) {
	a := &alarm{description: types.MetricAlarm{
		AlarmName:                        new(*in.AlarmName),
		AlarmDescription:                 in.AlarmDescription,
		ActionsEnabled:                   new(in.ActionsEnabled == nil || *in.ActionsEnabled),
		OKActions:                        cloned(in.OKActions),
		AlarmActions:                     cloned(in.AlarmActions),
		InsufficientDataActions:          cloned(in.InsufficientDataActions),
		Namespace:                        in.Namespace,
		MetricName:                       in.MetricName,
		Dimensions:                       cloned(in.Dimensions),
		Statistic:                        in.Statistic,
		ExtendedStatistic:                in.ExtendedStatistic,
		Period:                           in.Period,
		Unit:                             in.Unit,
		Metrics:                          slices.Clone(in.Metrics),
		EvaluationPeriods:                in.EvaluationPeriods,
		DatapointsToAlarm:                in.DatapointsToAlarm,
		Threshold:                        in.Threshold,
		ComparisonOperator:               in.ComparisonOperator,
		TreatMissingData:                 in.TreatMissingData,
		EvaluateLowSampleCountPercentile: in.EvaluateLowSampleCountPercentile,
	}}
	queries := a.description.Metrics
	if in.MetricName != nil {
		stat := in.ExtendedStatistic
		if in.Statistic != "" {
			stat = new(string(in.Statistic))
		}
		queries = []types.MetricDataQuery{{Id: new("m1"), ReturnData: new(true), MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: in.Namespace, MetricName: in.MetricName, Dimensions: a.description.Dimensions},
			Period: in.Period,
			Stat:   stat,
			Unit:   in.Unit,
		}}}
	}
	var err error
	if a.plan, err = s.newPlan("Metrics", queries); err != nil {
		return nil, err
	}
	if err := a.choose(); err != nil {
		return nil, err
	}
	return a, a.checkLength()
}

// choose finds the query that the alarm watches, "true for the one expression result to use as the
// alarm", and the one period of its metrics (API reference, MetricDataQuery; CloudWatch User Guide,
// "Alarms on math expressions": up to 10 metrics, each with the same period).
func (a *alarm) choose() error {
	const maxMetrics = 10
	watched, metrics := 0, 0
	for _, n := range a.plan.nodes {
		if n.query.ReturnData == nil || *n.query.ReturnData {
			a.watched = n
			watched++
		}
		if n.expression != nil {
			continue
		}
		metrics++
		if a.period != 0 && a.period != n.period {
			return validationError("Period must be the same for all metrics in Metrics.")
		}
		a.period = n.period
	}
	switch {
	case watched != 1:
		return validationError("Exactly one element of the metrics list should return data.")
	case metrics > maxMetrics:
		return validationError("The collection Metrics must not have more than %d metrics.", maxMetrics)
	}
	return nil
}

// checkLength applies "Period multiplied by EvaluationPeriods can't be more than 604,800 seconds. For
// alarms with a period of less than one hour (3,600 seconds), the total evaluation period can't be
// longer than one day" (API reference, PutMetricAlarm).
func (a *alarm) checkLength() error {
	_, n := a.requirement()
	total, limit := time.Duration(n)*a.period, 7*24*time.Hour
	if a.period < time.Hour {
		limit = 24 * time.Hour
	}
	if total > limit {
		return validationError("Metrics cannot be checked across more than %d seconds (EvaluationPeriods * Period must be <= %d).",
			int(limit.Seconds()), int(limit.Seconds()))
	}
	return nil
}

// cloned copies a list; AWS returns empty lists, not absent ones.
func cloned[T any](list []T) []T { return append(make([]T, 0, len(list)), list...) }

func (s *Service) alarmARN(name string) string {
	return "arn:aws:cloudwatch:" + s.region + ":" + s.accountID + ":alarm:" + name
}

// existing returns the alarms of the names in a request that exist, or ValidationError for an unusable list.
func (s *Service) existing(names []string) ([]*alarm, error) {
	switch {
	case len(names) == 0:
		return nil, validationError("The parameter AlarmNames is required.")
	case len(names) > maxRecords:
		return nil, validationError("The collection AlarmNames must not have a size greater than %d.", maxRecords)
	}
	var found []*alarm
	for _, name := range names {
		if a, ok := s.alarms[name]; ok && !slices.Contains(found, a) {
			found = append(found, a)
		}
	}
	return found, nil
}

// DeleteAlarms deletes alarms. "If you specify any incorrect alarm names, the alarms you specify with
// correct names are still deleted" (API reference, DeleteAlarms); the answer then is ResourceNotFound.
func (s *Service) DeleteAlarms(_ context.Context, in *cw.DeleteAlarmsInput) (*cw.DeleteAlarmsOutput, error) {
	found, err := s.existing(in.AlarmNames)
	if err != nil {
		return nil, err
	}
	for _, a := range found {
		delete(s.alarms, a.name())
		s.recordConfigurationUpdate(&a.description, nil)
	}
	for _, name := range in.AlarmNames {
		if !slices.ContainsFunc(found, func(a *alarm) bool { return a.name() == name }) {
			return nil, &types.ResourceNotFound{Message: new("The alarm " + name + " does not exist."), ErrorCodeOverride: new("ResourceNotFound")}
		}
	}
	return &cw.DeleteAlarmsOutput{}, nil
}

// EnableAlarmActions enables the actions of alarms; names without an alarm are ignored.
func (s *Service) EnableAlarmActions(_ context.Context, in *cw.EnableAlarmActionsInput) (*cw.EnableAlarmActionsOutput, error) {
	if err := s.setActionsEnabled(in.AlarmNames, true); err != nil {
		return nil, err
	}
	return &cw.EnableAlarmActionsOutput{}, nil
}

// DisableAlarmActions disables the actions of alarms; names without an alarm are ignored. "When an
// alarm's actions are disabled, the alarm actions do not execute when the alarm state changes": the
// state changes all the same (API reference, DisableAlarmActions).
func (s *Service) DisableAlarmActions(_ context.Context, in *cw.DisableAlarmActionsInput) (*cw.DisableAlarmActionsOutput, error) {
	if err := s.setActionsEnabled(in.AlarmNames, false); err != nil {
		return nil, err
	}
	return &cw.DisableAlarmActionsOutput{}, nil
}

func (s *Service) setActionsEnabled(names []string, enabled bool) error {
	found, err := s.existing(names)
	if err != nil {
		return err
	}
	for _, a := range found {
		if aws.ToBool(a.description.ActionsEnabled) == enabled {
			continue
		}
		before := a.description
		a.description.ActionsEnabled = new(enabled)
		a.description.AlarmConfigurationUpdatedTimestamp = new(s.now)
		s.recordConfigurationUpdate(&before, &a.description)
	}
	return nil
}
