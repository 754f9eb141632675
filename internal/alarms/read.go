package alarms

import (
	"context"
	"slices"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

const (
	// namesPerCall and recordsPerPage are the most that DescribeAlarms takes and gives (CloudWatch API reference).
	namesPerCall   = 100
	recordsPerPage = 100
	// maxPages bounds one read: an account has at most thousands of alarms.
	maxPages = 1000
)

// Permissions are the IAM actions that reading alarms needs.
func Permissions() []string { return []string{"cloudwatch:DescribeAlarms"} }

// Firing returns every alarm in the state ALARM, sorted by name.
func Firing(ctx context.Context, s *aws.Session) ([]Alarm, error) {
	return read(ctx, s, &cloudwatch.DescribeAlarmsInput{StateValue: types.StateValueAlarm})
}

// All returns every alarm of the account and Region, sorted by name.
func All(ctx context.Context, s *aws.Session) ([]Alarm, error) {
	return read(ctx, s, &cloudwatch.DescribeAlarmsInput{})
}

// ByName returns the alarms of these names. One that is absent from the result was deleted.
func ByName(ctx context.Context, s *aws.Session, names []string) (map[string]Alarm, error) {
	unique := slices.Compact(slices.Sorted(slices.Values(names)))
	found := make(map[string]Alarm, len(unique))
	for chunk := range slices.Chunk(unique, namesPerCall) {
		list, err := read(ctx, s, &cloudwatch.DescribeAlarmsInput{AlarmNames: chunk})
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			found[a.Name] = a
		}
	}
	return found, nil
}

// read follows every page. The alarm types are named, as DescribeAlarms leaves out all but metric alarms otherwise
// (CloudWatch API reference, AlarmTypes).
func read(ctx context.Context, s *aws.Session, in *cloudwatch.DescribeAlarmsInput) ([]Alarm, error) {
	const doing = "reading alarms"
	in.AlarmTypes = []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm, types.AlarmTypeLogAlarm}
	in.MaxRecords = awssdk.Int32(recordsPerPage)
	var list []Alarm
	for range maxPages {
		out, err := s.CloudWatch.DescribeAlarms(ctx, in)
		if err != nil {
			return nil, aws.Fault(err, doing)
		}
		for _, m := range out.MetricAlarms {
			list = append(list, ofMetric(m))
		}
		for _, c := range out.CompositeAlarms {
			list = append(list, ofComposite(c))
		}
		for _, l := range out.LogAlarms {
			list = append(list, ofLog(l))
		}
		if awssdk.ToString(out.NextToken) == "" {
			slices.SortFunc(list, func(a, b Alarm) int { return strings.Compare(a.Name, b.Name) })
			return list, nil
		}
		in.NextToken = out.NextToken
	}
	return nil, fault.New(fault.Transient, v1alpha1.ReasonAWSUnavailable, "%s: CloudWatch gave more than %d pages", doing, maxPages)
}
