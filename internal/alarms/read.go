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
	// reading begins the message of a fault.
	reading = "reading alarms"
)

// Permissions are the IAM actions that reading alarms needs.
func Permissions() []string { return []string{"cloudwatch:DescribeAlarms"} }

// kinds are all types of alarms. They are named in every call, as CloudWatch leaves out all but metric alarms otherwise
// (CloudWatch API reference, AlarmTypes).
func kinds() []types.AlarmType {
	return []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm, types.AlarmTypeLogAlarm}
}

// Query reads alarms page by page, and goes on where it stopped: the budget of calls is less than the pages of a bad
// day. It is not for more than one goroutine.
type Query struct {
	todo  []*cloudwatch.DescribeAlarmsInput // the first is under way
	found []Alarm
	pages int
}

// queryAll asks for every alarm.
func queryAll() *Query {
	return &Query{todo: []*cloudwatch.DescribeAlarmsInput{input(&cloudwatch.DescribeAlarmsInput{})}}
}

// QueryFiring asks for every alarm in the state ALARM.
func QueryFiring() *Query {
	return &Query{todo: []*cloudwatch.DescribeAlarmsInput{input(&cloudwatch.DescribeAlarmsInput{StateValue: types.StateValueAlarm})}}
}

// QueryNames asks for the alarms of these names. One that is absent from the answer was deleted.
func QueryNames(names []string) *Query {
	q := &Query{}
	for chunk := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(names))), namesPerCall) {
		q.todo = append(q.todo, input(&cloudwatch.DescribeAlarmsInput{AlarmNames: chunk}))
	}
	return q
}

func input(in *cloudwatch.DescribeAlarmsInput) *cloudwatch.DescribeAlarmsInput {
	in.AlarmTypes, in.MaxRecords = kinds(), awssdk.Int32(recordsPerPage)
	return in
}

// Read reads what is left, and returns nil when nothing is. After a fault of the class Waiting, the next Read goes on.
func (q *Query) Read(ctx context.Context, s *aws.Session) error {
	for len(q.todo) > 0 {
		in := q.todo[0]
		out, err := s.CloudWatch.DescribeAlarms(ctx, in)
		if err != nil {
			return aws.Fault(err, reading)
		}
		for _, m := range out.MetricAlarms {
			q.found = append(q.found, ofMetric(m))
		}
		for _, c := range out.CompositeAlarms {
			q.found = append(q.found, ofComposite(c))
		}
		for _, l := range out.LogAlarms {
			q.found = append(q.found, ofLog(l))
		}
		if q.pages++; q.pages > maxPages {
			return fault.New(fault.Transient, v1alpha1.ReasonAWSUnavailable, "%s: CloudWatch gave more than %d pages", reading, maxPages)
		}
		if in.NextToken = out.NextToken; awssdk.ToString(in.NextToken) == "" {
			q.todo = q.todo[1:]
		}
	}
	return nil
}

// Alarms returns what was read so far, sorted by name.
func (q *Query) Alarms() []Alarm {
	slices.SortFunc(q.found, func(a, b Alarm) int { return strings.Compare(a.Name, b.Name) })
	return q.found
}

// Firing returns every alarm in the state ALARM, sorted by name.
func Firing(ctx context.Context, s *aws.Session) ([]Alarm, error) { return all(ctx, s, QueryFiring()) }

func all(ctx context.Context, s *aws.Session, q *Query) ([]Alarm, error) {
	if err := q.Read(ctx, s); err != nil {
		return nil, err
	}
	return q.Alarms(), nil
}

// ByName returns the alarms of these names. One that is absent from the result was deleted.
func ByName(ctx context.Context, s *aws.Session, names []string) (map[string]Alarm, error) {
	list, err := all(ctx, s, QueryNames(names))
	if err != nil {
		return nil, err
	}
	found := make(map[string]Alarm, len(list))
	for _, a := range list {
		found[a.Name] = a
	}
	return found, nil
}
