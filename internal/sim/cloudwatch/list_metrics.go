package cloudwatch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	// maxListed is the page size of ListMetrics (API reference).
	maxListed = 500
	// listedFor is how long a metric is listed after its last data point: "ListMetrics doesn't return
	// information about metrics if those metrics haven't reported data in the past two weeks".
	listedFor = 14 * 24 * time.Hour
	// recentlyActive is the only value of RecentlyActive, PT3H.
	recentlyActive = 3 * time.Hour
)

// ListMetrics returns each metric once, in the order of namespace, name and dimensions.
func (s *Service) ListMetrics(_ context.Context, in *cw.ListMetricsInput) (*cw.ListMetricsOutput, error) {
	if !isOneOf(in.RecentlyActive, in.RecentlyActive.Values()) {
		return nil, invalidParameterValue("The value %s for parameter RecentlyActive is not valid. Valid values: PT3H.", in.RecentlyActive)
	}
	request := fmt.Sprintf("%q %q %s", aws.ToString(in.Namespace), aws.ToString(in.MetricName), in.RecentlyActive)
	for _, filter := range in.Dimensions {
		if aws.ToString(filter.Name) == "" {
			return nil, missingParameter("Dimensions.member.Name")
		}
		request += fmt.Sprintf(" %q=%q", *filter.Name, aws.ToString(filter.Value))
	}
	after := ""
	if in.NextToken != nil {
		var err error
		// ListMetrics declares InvalidParameterValueException and not InvalidNextToken.
		if after, err = decodeToken("ListMetrics", request, *in.NextToken); err != nil {
			return nil, invalidParameterValue("The value of parameter NextToken is invalid for this request.")
		}
	}

	oldest := s.now.Add(-listedFor)
	if in.RecentlyActive != "" {
		oldest = s.now.Add(-recentlyActive)
	}
	out := &cw.ListMetricsOutput{Metrics: []types.Metric{}}
	last := ""
	for _, key := range slices.Sorted(maps.Keys(s.metrics)) {
		m := s.metrics[key]
		if key <= after || m.last.Before(oldest) || !matchesMetric(in, m) {
			continue
		}
		if len(out.Metrics) == maxListed {
			out.NextToken = encodeToken("ListMetrics", request, last)
			break
		}
		out.Metrics = append(out.Metrics, types.Metric{
			Namespace: new(m.namespace), MetricName: new(m.name), Dimensions: slices.Clone(m.dimensions),
		})
		last = key
	}
	return out, nil
}

// matchesMetric applies the filters. "If you specify one dimension name and a metric has that dimension
// and also other dimensions, it will be returned" (API reference, ListMetrics).
func matchesMetric(in *cw.ListMetricsInput, m *metric) bool {
	if in.Namespace != nil && *in.Namespace != m.namespace || in.MetricName != nil && *in.MetricName != m.name {
		return false
	}
	for _, filter := range in.Dimensions {
		has := slices.ContainsFunc(m.dimensions, func(dimension types.Dimension) bool {
			return *dimension.Name == *filter.Name && (filter.Value == nil || *dimension.Value == *filter.Value)
		})
		if !has {
			return false
		}
	}
	return true
}
