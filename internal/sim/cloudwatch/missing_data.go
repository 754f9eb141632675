package cloudwatch

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// The treatments of missing data (API reference, PutMetricAlarm, TreatMissingData).
const (
	treatMissing      = "missing"
	treatIgnore       = "ignore"
	treatBreaching    = "breaching"
	treatNotBreaching = "notBreaching"
)

// extraDatapoints is how many data points more than Evaluation Periods an evaluation retrieves. "The
// exact number of data points it attempts to retrieve depends on the length of the alarm period and
// whether it is based on a metric with standard resolution or high resolution"; the only number that
// AWS publishes is an evaluation range of 5 for 3 evaluation periods (CloudWatch User Guide,
// "Configuring how CloudWatch alarms treat missing data").
const extraDatapoints = 2

// datapoint is one period of an evaluation range.
type datapoint struct {
	at      time.Time
	present bool
	value   float64
	samples float64 // 0 where unknown, as in expressions
}

// decision is the outcome of one evaluation.
type decision struct {
	retain bool             // the alarm keeps its state
	state  types.StateValue // without retain
	used   []datapoint      // the existing data points that were evaluated, newest first
	filled int              // how many missing data points were evaluated beside them
}

// decide evaluates the data points of an evaluation range, newest first, for an alarm with m datapoints
// to alarm out of n evaluation periods.
//
// It follows "How alarm state is evaluated when data is missing" of the CloudWatch User Guide. With
// at least n existing data points the newest n of them decide. With fewer, all existing ones are
// evaluated and the missing ones are "filled in" as treat says, as few as possible. Then with
// "missing" and "ignore":
//   - m breaching data points are ALARM, and any non-breaching one among fewer is OK;
//   - with breaching data points only, "the alarm goes into ALARM state" if the oldest "is at least as
//     old as the value of Datapoints to Alarm" ("Avoiding premature transitions to alarm state"),
//     where "ignore" retains the state (last rows of both tables);
//   - otherwise "missing" is INSUFFICIENT_DATA (row "- - - - X" in earlier editions of the page; the
//     present one says only that it is not ALARM) and "ignore" retains the state.
func decide(points []datapoint, n, m int, treat string, breaching func(float64) bool) decision {
	var d decision
	crossed, oldest := 0, 0
	for age, point := range points {
		if !point.present {
			continue
		}
		d.used = append(d.used, point)
		if breaching(point.value) {
			crossed++
		}
		oldest = age + 1
		if len(d.used) == n {
			break
		}
	}
	d.filled = n - len(d.used)

	threshold := func(count int) types.StateValue {
		if count >= m {
			return types.StateValueAlarm
		}
		return types.StateValueOk
	}
	switch {
	case d.filled == 0 || treat == treatNotBreaching:
		d.state = threshold(crossed)
	case treat == treatBreaching:
		d.state = threshold(crossed + d.filled)
	case crossed >= m || crossed < len(d.used):
		d.state = threshold(crossed)
	case treat == treatIgnore:
		d.retain = true
	case len(d.used) > 0 && oldest >= m:
		d.state = types.StateValueAlarm
	default:
		d.state = types.StateValueInsufficientData
	}
	return d
}
