package aws

import (
	"context"
	"fmt"
	"slices"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runbook-operator/runbook-operator/internal/fault"
)

const (
	// queriesPerCall is the most that one GetMetricData call takes (CloudWatch API reference).
	queriesPerCall = 500
	// metricPeriod is the resolution of every query, in seconds: Lambda publishes once a minute.
	metricPeriod = 60
	// maxPages bounds one read, so that a token that never ends cannot hold a Reconcile.
	maxPages = 100
)

// CloudWatch reads alarms and metrics.
type CloudWatch struct{ client *cloudwatch.Client }

// DescribeAlarms makes one DescribeAlarms call. Its errors go through Fault.
func (c CloudWatch) DescribeAlarms(ctx context.Context, in *cloudwatch.DescribeAlarmsInput) (*cloudwatch.DescribeAlarmsOutput, error) {
	return c.client.DescribeAlarms(ctx, in)
}

// DescribeAlarmHistory makes one DescribeAlarmHistory call. Its errors go through Fault.
func (c CloudWatch) DescribeAlarmHistory(ctx context.Context, in *cloudwatch.DescribeAlarmHistoryInput) (*cloudwatch.DescribeAlarmHistoryOutput, error) {
	return c.client.DescribeAlarmHistory(ctx, in)
}

// ListAlarmMuteRules makes one ListAlarmMuteRules call. Its errors go through Fault.
func (c CloudWatch) ListAlarmMuteRules(ctx context.Context, in *cloudwatch.ListAlarmMuteRulesInput) (*cloudwatch.ListAlarmMuteRulesOutput, error) {
	return c.client.ListAlarmMuteRules(ctx, in)
}

// GetAlarmMuteRule makes one GetAlarmMuteRule call. Its errors go through Fault.
func (c CloudWatch) GetAlarmMuteRule(ctx context.Context, in *cloudwatch.GetAlarmMuteRuleInput) (*cloudwatch.GetAlarmMuteRuleOutput, error) {
	return c.client.GetAlarmMuteRule(ctx, in)
}

// MetricQuery asks for one statistic of one metric by the minute. It is comparable, so that equal queries can be
// asked once.
type MetricQuery struct {
	// Namespace of the metric, such as AWS/Lambda.
	Namespace string
	// Name of the metric.
	Name string
	// FunctionName is the dimension of that name. Empty: the metric without dimensions, of all functions.
	FunctionName string
	// Statistic as CloudWatch names it, such as Sum or p99.
	Statistic string
}

// Datapoint is the value of a statistic in one minute.
type Datapoint struct {
	// At is the start of the minute.
	At time.Time
	// Value of the statistic.
	Value float64
}

// Series is the answer to a query: its datapoints, oldest first. A minute without data has none.
type Series []Datapoint

// Metrics reads queries over [start, end), both on a minute, with as few GetMetricData calls as possible: at most
// 500 queries a call, equal ones once. A query that AWS could not answer in full is a fault for all: part of the
// data is no evidence.
func (s *Session) Metrics(ctx context.Context, queries []MetricQuery, start, end time.Time) (map[MetricQuery]Series, error) {
	wanted := map[MetricQuery]bool{}
	var unique []MetricQuery
	for _, q := range queries {
		if !wanted[q] {
			wanted[q] = true
			unique = append(unique, q)
		}
	}
	answers := make(map[MetricQuery]Series, len(unique))
	for chunk := range slices.Chunk(unique, queriesPerCall) {
		if err := s.metrics(ctx, chunk, start, end, answers); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

func (s *Session) metrics(ctx context.Context, queries []MetricQuery, start, end time.Time, answers map[MetricQuery]Series) error {
	const doing = "reading metrics"
	in := &cloudwatch.GetMetricDataInput{StartTime: &start, EndTime: &end, ScanBy: types.ScanByTimestampAscending}
	byID := make(map[string]MetricQuery, len(queries))
	for i, q := range queries {
		id := fmt.Sprintf("q%d", i)
		byID[id] = q
		in.MetricDataQueries = append(in.MetricDataQueries, dataQuery(id, q))
	}
	complete := map[string]bool{}
	for range maxPages {
		out, err := s.CloudWatch.client.GetMetricData(ctx, in)
		if err != nil {
			return Fault(err, doing)
		}
		for _, r := range out.MetricDataResults {
			id := awssdk.ToString(r.Id)
			q, ok := byID[id]
			if !ok || len(r.Timestamps) != len(r.Values) {
				return Fault(errNoAnswer, doing)
			}
			if r.StatusCode == types.StatusCodeForbidden {
				return fault.New(fault.Blocked, reasonAccessDenied, "%s: the role may not call cloudwatch:GetMetricData: allow it in the role's IAM policy", doing)
			}
			complete[id] = r.StatusCode == types.StatusCodeComplete
			for i, at := range r.Timestamps {
				answers[q] = append(answers[q], Datapoint{At: at.UTC(), Value: r.Values[i]})
			}
		}
		if awssdk.ToString(out.NextToken) == "" {
			return finished(complete, byID, answers)
		}
		in.NextToken = out.NextToken
	}
	return Fault(errNoAnswer, doing)
}

// finished checks that every query was answered in full, and sorts the datapoints.
func finished(complete map[string]bool, byID map[string]MetricQuery, answers map[MetricQuery]Series) error {
	for id, q := range byID {
		if !complete[id] {
			return fault.New(fault.Transient, reasonUnavailable, "reading metrics: CloudWatch answered in part only")
		}
		slices.SortFunc(answers[q], func(a, b Datapoint) int { return a.At.Compare(b.At) })
	}
	return nil
}

func dataQuery(id string, q MetricQuery) types.MetricDataQuery {
	m := &types.Metric{Namespace: &q.Namespace, MetricName: &q.Name}
	if q.FunctionName != "" {
		m.Dimensions = []types.Dimension{{Name: awssdk.String("FunctionName"), Value: &q.FunctionName}}
	}
	return types.MetricDataQuery{
		Id:         &id,
		MetricStat: &types.MetricStat{Metric: m, Period: awssdk.Int32(metricPeriod), Stat: &q.Statistic},
		ReturnData: awssdk.Bool(true),
	}
}
