package cloudwatch

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// maxStatistics is the largest number of data points of one call (API reference, GetMetricStatistics).
const maxStatistics = 1440

// GetMetricStatistics returns statistics of one metric, separately for each unit. "Data points are not
// returned in chronological order" (API reference): here the newest come first.
func (s *Service) GetMetricStatistics(_ context.Context, in *cw.GetMetricStatisticsInput) (*cw.GetMetricStatisticsOutput, error) {
	stats, err := checkStatistics(in)
	if err != nil {
		return nil, err
	}
	period := time.Duration(*in.Period) * time.Second
	start, end := bounds(*in.StartTime, *in.EndTime, s.now)
	grid := series{start: start, end: end, period: period}.timestamps()
	if len(grid) > maxStatistics {
		return nil, invalidCombination("You have requested up to %d datapoints, which exceeds the limit of 1,440. "+
			"You may reduce the datapoints requested by increasing Period, or decreasing the time range.", len(grid))
	}
	slices.Reverse(grid)

	out := &cw.GetMetricStatisticsOutput{Label: in.MetricName, Datapoints: []types.Datapoint{}}
	m := s.find(*in.Namespace, *in.MetricName, in.Dimensions)
	if m == nil {
		return out, nil
	}
	for _, t := range grid {
		until := t.Add(period)
		if until.After(end) {
			until = end
		}
		for _, unit := range slices.Sorted(maps.Keys(m.units)) {
			if in.Unit != "" && in.Unit != unit {
				continue
			}
			if b := m.aggregate(unit, t, until, len(in.ExtendedStatistics) > 0); b != nil {
				out.Datapoints = append(out.Datapoints, newDatapoint(t, unit, b, stats))
			}
		}
	}
	return out, nil
}

// checkStatistics validates a request and returns its statistics by their names.
func checkStatistics(in *cw.GetMetricStatisticsInput) (map[string]statistic, error) {
	for _, required := range []parameter{
		{"Namespace", aws.ToString(in.Namespace) == ""}, {"MetricName", aws.ToString(in.MetricName) == ""},
		{"StartTime", in.StartTime == nil}, {"EndTime", in.EndTime == nil}, {"Period", in.Period == nil},
	} {
		if required.is {
			return nil, missingParameter(required.name)
		}
	}
	if !in.StartTime.Before(*in.EndTime) {
		return nil, invalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
	}
	if message := checkPeriod(in.Period); message != "" {
		return nil, invalidParameterValue("The parameter Period %s", message)
	}
	if message := checkDimensions(in.Dimensions); message != "" {
		return nil, invalidParameterValue("The parameter Dimensions %s", message)
	}
	if !isOneOf(in.Unit, in.Unit.Values()) {
		return nil, invalidParameterValue("The value %s for parameter Unit is not valid.", in.Unit)
	}
	if (len(in.Statistics) == 0) == (len(in.ExtendedStatistics) == 0) {
		return nil, invalidCombination("Must specify either Statistics or ExtendedStatistics, but not both.")
	}
	stats := map[string]statistic{}
	for _, name := range in.Statistics {
		if !slices.Contains(name.Values(), name) {
			return nil, invalidParameterValue("The value %s for parameter Statistics is not valid.", name)
		}
		stats[string(name)] = statistic{basic: name}
	}
	for _, name := range in.ExtendedStatistics {
		parsed, message := parseStatistic(name)
		if message != "" || parsed.basic != "" {
			return nil, invalidParameterValue("The value %s for parameter ExtendedStatistics is not supported.", name)
		}
		stats[name] = parsed
	}
	return stats, nil
}

func newDatapoint(t time.Time, unit types.StandardUnit, b *bucket, stats map[string]statistic) types.Datapoint {
	point := types.Datapoint{Timestamp: new(t), Unit: unit}
	for name, st := range stats {
		value, ok := st.of(b)
		if !ok {
			continue
		}
		switch st.basic {
		case types.StatisticSum:
			point.Sum = new(value)
		case types.StatisticAverage:
			point.Average = new(value)
		case types.StatisticMinimum:
			point.Minimum = new(value)
		case types.StatisticMaximum:
			point.Maximum = new(value)
		case types.StatisticSampleCount:
			point.SampleCount = new(value)
		default:
			if point.ExtendedStatistics == nil {
				point.ExtendedStatistics = map[string]float64{}
			}
			point.ExtendedStatistics[name] = value
		}
	}
	return point
}
