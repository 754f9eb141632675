package cloudwatch

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	// maxDimensions is how many dimensions a metric can have (API reference, PutMetricData).
	maxDimensions = 30
	// maxPeriod is the longest period, one day (API reference, PutMetricAlarm).
	maxPeriod = 86400
)

// parameter is a request parameter and something that it is: given, or missing.
type parameter struct {
	name string
	is   bool
}

// checkPeriod returns what is wrong with a period in seconds, or nothing. "For metrics with regular
// resolution, a period can be as short as one minute (60 seconds) and must be a multiple of 60"
// (API reference, MetricStat).
func checkPeriod(period *int32) string {
	switch {
	case period == nil:
		return "is required."
	case slices.Contains([]int32{1, 5, 10, 20, 30}, *period):
		return fmt.Sprintf("is %d, but only metrics with regular resolution are simulated: use a multiple of 60.", *period)
	case *period < 60 || *period%60 != 0:
		return "must be 1, 5, 10, 20, 30 or a multiple of 60."
	case *period > maxPeriod:
		return fmt.Sprintf("must not be greater than %d.", maxPeriod)
	}
	return ""
}

// checkDimensions returns what is wrong with the dimensions of a metric, or nothing.
func checkDimensions(dimensions []types.Dimension) string {
	if len(dimensions) > maxDimensions {
		return fmt.Sprintf("must not have a size greater than %d.", maxDimensions)
	}
	seen := map[string]bool{}
	for _, dimension := range dimensions {
		name := aws.ToString(dimension.Name)
		switch {
		case name == "" || aws.ToString(dimension.Value) == "":
			return "must have a Name and a Value in every member."
		case seen[name]:
			return fmt.Sprintf("must not have the name %s twice.", name)
		}
		seen[name] = true
	}
	return ""
}

// checkValue returns what is wrong with a metric value, or nothing: "Values must be in the range of
// -2^360 to 2^360. In addition, special values (for example, NaN, +Infinity, -Infinity) are not
// supported" (API reference, PutMetricData).
func checkValue(value float64) string {
	if limit := math.Ldexp(1, 360); !(value >= -limit && value <= limit) {
		return fmt.Sprintf("The value %v must be a number in the range of -2^360 to 2^360.", value)
	}
	return ""
}

// roundStart rounds the beginning of a time range down: to a minute when less than 15 days ago, to
// 5 minutes when up to 63 days ago, to an hour beyond (API reference, GetMetricData).
func roundStart(start, now time.Time) time.Time {
	const day = 24 * time.Hour
	switch age := now.Sub(start); {
	case age < 15*day:
		return start.UTC().Truncate(time.Minute)
	case age <= 63*day:
		return start.UTC().Truncate(5 * time.Minute)
	default:
		return start.UTC().Truncate(time.Hour)
	}
}

// bounds limits a time range to what can have data: "Data points with a period of 3600 seconds (1 hour)
// are available for 455 days" (API reference, GetMetricData) and none lies beyond newestData.
func bounds(start, end, now time.Time) (time.Time, time.Time) {
	if oldest := now.Add(-455 * 24 * time.Hour).Truncate(time.Hour); start.Before(oldest) {
		start = oldest
	}
	if newest := now.Add(newestData); end.After(newest) {
		end = newest
	}
	return roundStart(start, now), end.UTC()
}

// isOneOf reports whether a value is empty or one of the known values of its enumeration.
func isOneOf[T ~string](value T, known []T) bool {
	return value == "" || slices.Contains(known, value)
}
