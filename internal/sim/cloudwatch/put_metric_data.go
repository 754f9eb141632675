package cloudwatch

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	// maxData is how many metrics one PutMetricData call can have (API reference).
	maxData = 1000
	// maxDataValues is how many values one metric of a call can have (API reference).
	maxDataValues = 150
	// Time stamps can be "as much as two weeks before the current date, and as much as 2 hours after".
	oldestData = 14 * 24 * time.Hour
	newestData = 2 * time.Hour
)

// PutMetricData stores data points, all of them or none (API reference, PutMetricData). Entities of
// EntityMetricData are not kept. A metric can be read at once; AWS takes up to 15 minutes to list it.
func (s *Service) PutMetricData(_ context.Context, in *cw.PutMetricDataInput) (*cw.PutMetricDataOutput, error) {
	namespace := aws.ToString(in.Namespace)
	data := in.MetricData
	for _, entity := range in.EntityMetricData {
		data = append(data[:len(data):len(data)], entity.MetricData...)
	}
	switch {
	case namespace == "":
		return nil, missingParameter("Namespace")
	case strings.HasPrefix(namespace, "AWS/"):
		return nil, invalidParameterValue("The value AWS/ for parameter Namespace is invalid.")
	case len(data) == 0:
		return nil, missingParameter("MetricData")
	case len(data) > maxData:
		return nil, invalidParameterValue("The collection MetricData must not have a size greater than %d.", maxData)
	}
	for i, datum := range data {
		if err := s.checkDatum(i+1, datum); err != nil {
			return nil, err
		}
	}
	for _, datum := range data {
		s.store(namespace, datum)
	}
	return &cw.PutMetricDataOutput{}, nil
}

func (s *Service) checkDatum(member int, datum types.MetricDatum) error {
	if aws.ToString(datum.MetricName) == "" {
		return missingParameter("MetricData.member." + strconv.Itoa(member) + ".MetricName")
	}
	if message := checkDimensions(datum.Dimensions); message != "" {
		return invalidParameterValue("The parameter MetricData.member.%d.Dimensions %s", member, message)
	}
	forms := 0
	for _, given := range []bool{datum.Value != nil, len(datum.Values) > 0, datum.StatisticValues != nil} {
		if given {
			forms++
		}
	}
	at := s.timeOf(datum)
	switch {
	case forms == 0:
		return missingParameter("MetricData.member." + strconv.Itoa(member) + ".Value")
	case forms > 1:
		return invalidCombination("The parameters MetricData.member.%d.Value, Values and StatisticValues are mutually exclusive.", member)
	case len(datum.Values) > maxDataValues:
		return invalidParameterValue("The collection MetricData.member.%d.Values must not have a size greater than %d.", member, maxDataValues)
	case len(datum.Counts) > 0 && len(datum.Counts) != len(datum.Values):
		return invalidParameterValue("The parameters MetricData.member.%d.Values and Counts must be of the same size.", member)
	case at.Before(s.now.Add(-oldestData)) || at.After(s.now.Add(newestData)):
		return invalidParameterValue("The parameter MetricData.member.%d.Timestamp must specify a time within the past two weeks and the next two hours.", member)
	case !isOneOf(datum.Unit, datum.Unit.Values()):
		return invalidParameterValue("The value %s for parameter MetricData.member.%d.Unit is not valid.", datum.Unit, member)
	case datum.StorageResolution != nil && *datum.StorageResolution != 60:
		return invalidParameterValue("The parameter MetricData.member.%d.StorageResolution must be 60: high-resolution metrics are not simulated.", member)
	}
	return checkNumbers(member, datum)
}

func checkNumbers(member int, datum types.MetricDatum) error {
	numbers := append([]float64{aws.ToFloat64(datum.Value)}, datum.Values...)
	counts := datum.Counts
	if set := datum.StatisticValues; set != nil {
		if set.SampleCount == nil || set.Sum == nil || set.Minimum == nil || set.Maximum == nil {
			return missingParameter("MetricData.member." + strconv.Itoa(member) + ".StatisticValues.SampleCount, Sum, Minimum and Maximum")
		}
		if *set.Minimum > *set.Maximum {
			return invalidParameterValue("The parameter MetricData.member.%d.StatisticValues.Maximum must be greater than or equal to Minimum.", member)
		}
		numbers = append(numbers, *set.Sum, *set.Minimum, *set.Maximum)
		counts = []float64{*set.SampleCount}
	}
	for _, number := range numbers {
		if message := checkValue(number); message != "" {
			return invalidParameterValue("The parameter MetricData.member.%d is invalid: %s", member, message)
		}
	}
	for _, count := range counts {
		if message := checkValue(count); message != "" || count <= 0 {
			return invalidParameterValue("The parameter MetricData.member.%d has the count %v, which must be greater than 0.", member, count)
		}
	}
	return nil
}

func (s *Service) store(namespace string, datum types.MetricDatum) {
	dims := make(map[string]string, len(datum.Dimensions))
	for _, dimension := range datum.Dimensions {
		dims[*dimension.Name] = *dimension.Value
	}
	b := s.bucketFor(namespace, *datum.MetricName, dims, string(datum.Unit), s.timeOf(datum))
	switch {
	case datum.Value != nil:
		b.add(*datum.Value, 1)
	case datum.StatisticValues != nil:
		set := datum.StatisticValues
		b.addSet(*set.Sum, *set.Minimum, *set.Maximum, *set.SampleCount)
	}
	for i, value := range datum.Values {
		count := 1.0
		if len(datum.Counts) > 0 {
			count = datum.Counts[i]
		}
		b.add(value, count)
	}
}

// timeOf returns the time stamp of a data point, the present time by default.
func (s *Service) timeOf(datum types.MetricDatum) time.Time {
	if datum.Timestamp != nil {
		return datum.Timestamp.UTC()
	}
	return s.now
}
