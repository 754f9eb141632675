package cloudwatch

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// multiDay is the length of the evaluation periods beyond which an alarm is a multi-day alarm.
// "Multi-day alarms are evaluated once per hour" (CloudWatch User Guide, "Alarm evaluation").
const multiDay = 24 * time.Hour

// alarm is a metric alarm. The description holds configuration and state; its fields are replaced and
// never written through, so that copies of the description stay what they were.
type alarm struct {
	description types.MetricAlarm
	tags        map[string]string

	plan    *plan
	watched node          // the query whose data points the threshold applies to
	period  time.Duration // of every metric of the alarm

	// manual is true from SetAlarmState to the evaluation that decides the state again.
	manual bool
}

func (a *alarm) name() string { return aws.ToString(a.description.AlarmName) }

// requirement returns the datapoints to alarm (M) and the evaluation periods (N). Without
// DatapointsToAlarm all N must be breaching (API reference, PutMetricAlarm).
func (a *alarm) requirement() (m, n int) {
	n = int(aws.ToInt32(a.description.EvaluationPeriods))
	if a.description.DatapointsToAlarm != nil {
		return int(*a.description.DatapointsToAlarm), n
	}
	return n, n
}

// treatment returns how missing data are treated: "missing" by default, but alarms on metrics in the
// AWS/DynamoDB namespace "default to ignore missing data" (CloudWatch User Guide, "Configuring how
// CloudWatch alarms treat missing data").
func (a *alarm) treatment() string {
	switch {
	case a.description.TreatMissingData != nil:
		return *a.description.TreatMissingData
	case aws.ToString(a.description.Namespace) == "AWS/DynamoDB":
		return treatIgnore
	default:
		return treatMissing
	}
}

// breaching compares a value with the threshold.
func (a *alarm) breaching(value float64) bool {
	threshold := aws.ToFloat64(a.description.Threshold)
	switch a.description.ComparisonOperator {
	case types.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return value >= threshold
	case types.ComparisonOperatorGreaterThanThreshold:
		return value > threshold
	case types.ComparisonOperatorLessThanThreshold:
		return value < threshold
	default:
		return value <= threshold
	}
}

// evaluate compares the completed periods before the service's clock with the threshold. The window is
// a sliding one that ends at the last full minute: it "advances each time the alarm is evaluated"
// (API reference, PutMetricAlarm, EvaluationWindow). The running minute is never considered.
func (s *Service) evaluate(a *alarm) {
	m, n := a.requirement()
	if time.Duration(n)*a.period > multiDay && s.now.Minute() != 0 {
		return
	}
	points := s.evaluationRange(a, n+extraDatapoints)
	if a.lowSamples(points[:n]) {
		return
	}
	d := decide(points, n, m, a.treatment(), a.breaching)
	if d.retain {
		return
	}
	a.manual = false
	if d.state != a.description.StateValue {
		s.transition(a, d.state, a.reason(d), string(marshal(a.reasonData(d, s.now))))
	}
}

// evaluationRange returns the newest count periods of the alarm, newest first.
func (s *Service) evaluationRange(a *alarm, count int) []datapoint {
	end := s.now.Truncate(time.Minute)
	start := end.Add(-time.Duration(count) * a.period)
	data := s.compute(a.plan, start, end)[aws.ToString(a.watched.query.Id)]
	points := make([]datapoint, 0, count)
	for t := end.Add(-a.period); !t.Before(start); t = t.Add(-a.period) {
		value, ok := data.values[t.Unix()]
		points = append(points, datapoint{at: t, present: ok, value: value, samples: data.samples[t.Unix()]})
	}
	return points
}

// lowSamples reports whether the alarm waits for more samples: it is based on a percentile with
// EvaluateLowSampleCountPercentile=ignore and there are some but too few data points "during the
// evaluation period", here the evaluation periods together. Periods without any data point are
// missing data and left to TreatMissingData.
func (a *alarm) lowSamples(points []datapoint) bool {
	if aws.ToString(a.description.EvaluateLowSampleCountPercentile) != lowSamplesIgnore {
		return false
	}
	var samples float64
	for _, point := range points {
		samples += point.samples
	}
	return samples > 0 && samples < a.watched.statistic.minimumSamples()
}

// transition changes the state of an alarm and writes its one history item. An empty reasonData is none.
func (s *Service) transition(a *alarm, to types.StateValue, reason, reasonData string) {
	before := a.description
	a.setState(to, reason, reasonData, s.now)
	a.description.StateTransitionedTimestamp = new(s.now)
	s.recordStateUpdate(before, a.description)
	t := Transition{At: s.now, Before: before, After: a.description}
	if s.changed != nil {
		s.changed(t)
	}
	s.act(t)
}

// setState changes state and reasons without a transition.
func (a *alarm) setState(to types.StateValue, reason, reasonData string, now time.Time) {
	a.description.StateValue = to
	a.description.StateReason = new(reason)
	a.description.StateReasonData = nil
	if reasonData != "" {
		a.description.StateReasonData = new(reasonData)
	}
	a.description.StateUpdatedTimestamp = new(now)
}
