package cloudwatch

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// metric is one metric: a namespace, a name and one exact set of dimensions. "CloudWatch treats each
// unique combination of dimensions as a separate metric" (API reference, GetMetricStatistics).
type metric struct {
	namespace  string
	name       string
	dimensions []types.Dimension // sorted by name
	units      map[types.StandardUnit]minutes
	last       time.Time // time stamp of the newest data point
}

// minutes are the data points of one unit by the Unix minute in which they lie.
type minutes map[int64]*bucket

// bucket aggregates the data points of one minute.
type bucket struct {
	sum, min, max, count float64

	samples  []sample // for percentiles; sorted and without duplicates up to index distinct
	distinct int
	opaque   bool // holds a statistic set whose single values are unknown
}

// sample is a value and how often it was recorded.
type sample struct{ value, count float64 }

// Record stores single values of a metric, each with the count 1. An empty unit is None.
func (s *Service) Record(namespace, name string, dims map[string]string, unit string, at time.Time, values []float64) {
	if len(values) == 0 {
		return
	}
	b := s.bucketFor(namespace, name, dims, unit, at)
	for _, value := range values {
		b.add(value, 1)
	}
}

// RecordCount stores one value of a metric that occurred count times, as PutMetricData does with
// Values and Counts. A count of zero or less stores nothing. An empty unit is None.
func (s *Service) RecordCount(namespace, name string, dims map[string]string, unit string, at time.Time, value float64, count float64) {
	if count <= 0 {
		return
	}
	s.bucketFor(namespace, name, dims, unit, at).add(value, count)
}

func (s *Service) bucketFor(namespace, name string, dims map[string]string, unit string, at time.Time) *bucket {
	names := make([]string, 0, len(dims))
	for dimension := range dims {
		names = append(names, dimension)
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString(namespace)
	b.WriteByte(0)
	b.WriteString(name)
	for _, dimension := range names {
		b.WriteByte(0)
		b.WriteString(dimension)
		b.WriteByte(0)
		b.WriteString(dims[dimension])
	}
	key := b.String()

	m, ok := s.metrics[key]
	if !ok {
		m = &metric{namespace: namespace, name: name, units: map[types.StandardUnit]minutes{}}
		for _, dimension := range names {
			m.dimensions = append(m.dimensions, types.Dimension{Name: new(dimension), Value: new(dims[dimension])})
		}
		s.metrics[key] = m
	}
	if at.After(m.last) {
		m.last = at
	}
	standardUnit := types.StandardUnit(unit)
	if unit == "" {
		standardUnit = types.StandardUnitNone
	}
	data, ok := m.units[standardUnit]
	if !ok {
		data = minutes{}
		m.units[standardUnit] = data
	}
	minute := unixMinute(at)
	stored, ok := data[minute]
	if !ok {
		stored = &bucket{}
		data[minute] = stored
	}
	return stored
}

// find returns the metric with exactly these dimensions, or nil.
func (s *Service) find(namespace, name string, dimensions []types.Dimension) *metric {
	return s.metrics[metricKey(namespace, name, dimensions)]
}

func metricKey(namespace, name string, dimensions []types.Dimension) string {
	sorted := sortedDimensions(dimensions)
	parts := make([]string, 0, 2+2*len(sorted))
	parts = append(parts, namespace, name)
	for _, dimension := range sorted {
		parts = append(parts, aws.ToString(dimension.Name), aws.ToString(dimension.Value))
	}
	return strings.Join(parts, "\x00")
}

func sortedDimensions(dimensions []types.Dimension) []types.Dimension {
	return slices.SortedFunc(slices.Values(dimensions), func(a, b types.Dimension) int {
		return cmp.Compare(aws.ToString(a.Name), aws.ToString(b.Name))
	})
}

// aggregate merges the minutes from start (inclusive) to end (exclusive), with the samples only for
// percentiles. Without a unit the data of all units are merged; AWS leaves that case undefined when
// several units were published (API reference, PutMetricAlarm). It returns nil without data points.
func (m *metric) aggregate(unit types.StandardUnit, start, end time.Time, samples bool) *bucket {
	if m == nil {
		return nil
	}
	var merged *bucket
	for _, name := range slices.Sorted(maps.Keys(m.units)) {
		if unit != "" && unit != name {
			continue
		}
		for minute := unixMinute(start); minute*60 < end.Unix(); minute++ {
			if stored, ok := m.units[name][minute]; ok {
				if merged == nil {
					merged = &bucket{}
				}
				merged.merge(stored, samples)
			}
		}
	}
	return merged
}

func (b *bucket) add(value, count float64) {
	b.extend(value*count, value, value, count)
	if n := len(b.samples); n > 0 && b.samples[n-1].value == value {
		b.samples[n-1].count += count
		return
	}
	b.samples = append(b.samples, sample{value: value, count: count})
	if n := len(b.samples); n >= 64 && n > 2*b.distinct {
		b.compact()
	}
}

// addSet adds a statistic set. "CloudWatch needs raw data points to calculate percentile statistics",
// except when all values of the set are equal (API reference, PutMetricData).
func (b *bucket) addSet(sum, lowest, highest, count float64) {
	if lowest == highest && sum == lowest*count {
		b.add(lowest, count)
		return
	}
	b.extend(sum, lowest, highest, count)
	b.opaque = true
}

func (b *bucket) merge(other *bucket, samples bool) {
	b.extend(other.sum, other.min, other.max, other.count)
	if samples {
		b.samples = append(b.samples, other.samples...)
		b.distinct = 0
	}
	b.opaque = b.opaque || other.opaque
}

func (b *bucket) extend(sum, lowest, highest, count float64) {
	if b.count == 0 {
		b.min, b.max = lowest, highest
	} else {
		b.min, b.max = min(b.min, lowest), max(b.max, highest)
	}
	b.sum += sum
	b.count += count
}

// compact sorts the samples by value and joins equal values.
func (b *bucket) compact() {
	slices.SortStableFunc(b.samples, func(x, y sample) int { return cmp.Compare(x.value, y.value) })
	joined := b.samples[:0]
	for _, next := range b.samples {
		if n := len(joined); n > 0 && joined[n-1].value == next.value {
			joined[n-1].count += next.count
			continue
		}
		joined = append(joined, next)
	}
	b.samples = joined
	b.distinct = len(joined)
}

// expireMetrics drops data points past their retention, and metrics without any data point.
func (s *Service) expireMetrics() {
	oldest := unixMinute(s.now.Add(-metricRetention))
	for key, m := range s.metrics {
		for unit, data := range m.units {
			maps.DeleteFunc(data, func(minute int64, _ *bucket) bool { return minute < oldest })
			if len(data) == 0 {
				delete(m.units, unit)
			}
		}
		if len(m.units) == 0 {
			delete(s.metrics, key)
		}
	}
}

func unixMinute(t time.Time) int64 {
	seconds := t.Unix()
	if seconds < 0 {
		seconds -= 59
	}
	return seconds / 60
}
