package cloudwatch

import (
	"fmt"
	"math"
	"regexp"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// statistic is a CloudWatch statistic: a basic one, or a percentile when basic is empty.
type statistic struct {
	basic      types.Statistic
	percentile float64 // 0 to 100
}

var (
	// percentilePattern is a percentile from p0.0 to p100 with up to ten decimal places
	// (CloudWatch User Guide, "CloudWatch statistics definitions").
	percentilePattern = regexp.MustCompile(`^p(\d{1,2}(?:\.\d{0,10})?|100(?:\.0{0,10})?)$`)
	// trimmedPattern matches the extended statistics of AWS that are not simulated: interquartile mean,
	// trimmed and winsorized mean, trimmed count and sum, percentile rank.
	trimmedPattern = regexp.MustCompile(`^(IQM|(tm|wm|tc|ts)\d.*|(TM|WM|TC|TS|PR)\(.*\))$`)
)

// parseStatistic reads a statistic as MetricStat.Stat names it. The returned message is empty or says
// what is wrong with the value.
func parseStatistic(stat string) (statistic, string) {
	switch basic := types.Statistic(stat); basic {
	case types.StatisticSum, types.StatisticAverage, types.StatisticMinimum, types.StatisticMaximum, types.StatisticSampleCount:
		return statistic{basic: basic}, ""
	}
	if match := percentilePattern.FindStringSubmatch(stat); match != nil {
		if percentile, err := strconv.ParseFloat(match[1], 64); err == nil {
			return statistic{percentile: percentile}, ""
		}
	}
	if trimmedPattern.MatchString(stat) {
		return statistic{}, fmt.Sprintf("the statistic %s is not simulated; use Sum, Average, Minimum, Maximum, SampleCount or a percentile such as p99", stat)
	}
	return statistic{}, fmt.Sprintf("the value %s is not a valid statistic", stat)
}

// of returns the statistic of aggregated data points; false when it does not exist.
func (st statistic) of(b *bucket) (float64, bool) {
	if b == nil || b.count == 0 {
		return 0, false
	}
	switch st.basic {
	case types.StatisticSum:
		return b.sum, true
	case types.StatisticAverage:
		return b.sum / b.count, true
	case types.StatisticMinimum:
		return b.min, true
	case types.StatisticMaximum:
		return b.max, true
	case types.StatisticSampleCount:
		return b.count, true
	default:
		return b.percentile(st.percentile)
	}
}

// percentile returns the smallest recorded value that at least p percent of the values do not exceed
// (nearest rank). AWS defines percentiles only as "the relative standing of a value in a dataset" and
// publishes no interpolation. It is undefined for statistic sets without single values and "when any
// of the metric values are negative numbers" (API reference, GetMetricStatistics).
func (b *bucket) percentile(p float64) (float64, bool) {
	if b.opaque || b.min < 0 {
		return 0, false
	}
	b.compact()
	rank := math.Ceil(p*b.count/100 - 1e-9) // whole ranks stay whole in spite of rounding
	var cumulated float64
	for _, s := range b.samples {
		cumulated += s.count
		if cumulated >= rank {
			return s.value, true
		}
	}
	return b.max, true
}

// minimumSamples is the number of samples below which a percentile is not statistically significant:
// fewer than 10/(1-percentile) for percentiles from 0.5, fewer than 10/percentile below 0.5
// (CloudWatch User Guide, "Percentile-based alarms and low data samples").
func (st statistic) minimumSamples() float64 {
	fraction := st.percentile / 100
	if st.basic != "" || fraction <= 0 || fraction >= 1 {
		return 0
	}
	tail := min(fraction, 1-fraction)
	return math.Round(10/tail*1e6) / 1e6 // 1 - 0.999 is not exactly 0.001
}
