package cloudwatch

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	// maxQueries is how many queries one GetMetricData call can have (API reference).
	maxQueries = 500
	// maxDatapoints is the default and the largest number of data points in one answer (API reference).
	maxDatapoints = 100800
)

// timezone is the form of LabelOptions.Timezone, which only dynamic labels use: "+ or - followed by four digits" (API
// reference, LabelOptions).
var timezone = regexp.MustCompile(`^([+-]\d{4})?$`)

// GetMetricData returns data points of metrics and metric math (API reference, GetMetricData). The
// status code of a result is Complete, or PartialData when MaxDatapoints cut it off.
func (s *Service) GetMetricData(_ context.Context, in *cw.GetMetricDataInput) (*cw.GetMetricDataOutput, error) {
	switch {
	case in.StartTime == nil:
		return nil, validationError("The parameter StartTime is required.")
	case in.EndTime == nil:
		return nil, validationError("The parameter EndTime is required.")
	case len(in.MetricDataQueries) == 0:
		return nil, validationError("The parameter MetricDataQueries is required.")
	case len(in.MetricDataQueries) > maxQueries:
		return nil, validationError("The collection MetricDataQueries must not have a size greater than %d.", maxQueries)
	case !in.StartTime.Before(*in.EndTime):
		return nil, validationError("The parameter StartTime must be less than the parameter EndTime.")
	case !isOneOf(in.ScanBy, in.ScanBy.Values()):
		return nil, validationError("The value %s for parameter ScanBy is not valid.", in.ScanBy)
	case in.LabelOptions != nil && !timezone.MatchString(aws.ToString(in.LabelOptions.Timezone)):
		return nil, validationError("The value %s for parameter LabelOptions.Timezone is not valid.", aws.ToString(in.LabelOptions.Timezone))
	case in.MaxDatapoints != nil && (*in.MaxDatapoints < 1 || *in.MaxDatapoints > maxDatapoints):
		return nil, validationError("The parameter MaxDatapoints must be between 1 and %d.", maxDatapoints)
	}
	for i, query := range in.MetricDataQueries {
		if strings.Contains(aws.ToString(query.Label), "${") {
			return nil, validationError("The parameter MetricDataQueries.member.%d.Label has a dynamic expression, which is not simulated.", i+1)
		}
	}
	p, err := s.newPlan("MetricDataQueries", in.MetricDataQueries)
	if err != nil {
		return nil, err
	}
	if err := p.checkPeriods(); err != nil {
		return nil, err
	}
	start, end := bounds(*in.StartTime, *in.EndTime, s.now)
	values := s.compute(p, start, end)

	var results []types.MetricDataResult
	expressions := false
	for _, n := range p.nodes {
		expressions = expressions || n.expression != nil
		if n.query.ReturnData == nil || *n.query.ReturnData {
			results = append(results, n.result(values[aws.ToString(n.query.Id)], in.ScanBy))
		}
	}
	return pageResults(in, results, expressions)
}

// result renders a series, the newest data point first unless scanBy says otherwise.
func (n node) result(data series, scanBy types.ScanBy) types.MetricDataResult {
	label := aws.ToString(n.query.Label)
	switch {
	case label != "":
	case n.expression != nil:
		label = aws.ToString(n.query.Id)
	default:
		label = aws.ToString(n.query.MetricStat.Metric.MetricName)
	}
	result := types.MetricDataResult{
		Id:         n.query.Id,
		Label:      new(label),
		StatusCode: types.StatusCodeComplete,
		Timestamps: []time.Time{},
		Values:     []float64{},
	}
	grid := data.timestamps()
	if scanBy != types.ScanByTimestampAscending {
		slices.Reverse(grid)
	}
	for _, t := range grid {
		if value, ok := data.values[t.Unix()]; ok {
			result.Timestamps = append(result.Timestamps, t)
			result.Values = append(result.Values, value)
		}
	}
	return result
}

// pageResults cuts the results into pages of at most MaxDatapoints data points. The first page names
// every result, later pages those that continue. "NextToken is not returned if you are performing a
// math expression" (API reference, MetricDataResult): then what is cut off stays PartialData.
func pageResults(in *cw.GetMetricDataInput, results []types.MetricDataResult, expressions bool) (*cw.GetMetricDataOutput, error) {
	request := metricDataRequest(in)
	first := 0
	if in.NextToken != nil {
		position, err := decodeToken("GetMetricData", request, *in.NextToken)
		if err != nil {
			return nil, err
		}
		if first, err = strconv.Atoi(position); err != nil {
			return nil, invalidNextToken()
		}
	}
	last := first + maxDatapoints
	if in.MaxDatapoints != nil {
		last = first + int(*in.MaxDatapoints)
	}

	out := &cw.GetMetricDataOutput{MetricDataResults: []types.MetricDataResult{}, Messages: []types.MessageData{}}
	offset := 0
	for _, result := range results {
		size := len(result.Values)
		from := min(max(first-offset, 0), size)
		to := min(max(last-offset, 0), size)
		if to < size {
			result.StatusCode = types.StatusCodePartialData
		}
		if first == 0 || from < to {
			result.Timestamps, result.Values = result.Timestamps[from:to], result.Values[from:to]
			out.MetricDataResults = append(out.MetricDataResults, result)
		}
		offset += size
	}
	if last < offset && !expressions {
		out.NextToken = encodeToken("GetMetricData", request, strconv.Itoa(last))
	}
	return out, nil
}

// metricDataRequest renders what must not change between the pages of one request.
func metricDataRequest(in *cw.GetMetricDataInput) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %d %s", in.StartTime.UnixNano(), in.EndTime.UnixNano(), in.ScanBy)
	for _, query := range in.MetricDataQueries {
		b.WriteString(" ")
		b.Write(marshal(newQueryDocument(query)))
	}
	return b.String()
}
