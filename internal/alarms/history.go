package alarms

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
)

// mostHistoryPages bounds one read of history, of 100 changes of state each.
const mostHistoryPages = 50

// HistoryPermissions are the IAM actions that reading the history of alarms needs.
func HistoryPermissions() []string { return []string{"cloudwatch:DescribeAlarmHistory"} }

// Transition is one change of an alarm to the state ALARM.
type Transition struct {
	// Name of the alarm.
	Name string
	// At is when it came to ALARM, to the second.
	At time.Time
}

// History reads the changes of alarms to the state ALARM page by page, the newest first, and goes on where it stopped. It
// is not for more than one goroutine.
type History struct {
	in    *cloudwatch.DescribeAlarmHistoryInput
	found []Transition
	pages int
	done  bool
}

// QueryHistory asks for the changes of every alarm from since to until. CloudWatch keeps 30 days.
func QueryHistory(since, until time.Time) *History {
	return &History{in: &cloudwatch.DescribeAlarmHistoryInput{
		AlarmTypes: kinds(), HistoryItemType: types.HistoryItemTypeStateUpdate, StartDate: &since, EndDate: &until,
		ScanBy: types.ScanByTimestampDescending, MaxRecords: awssdk.Int32(recordsPerPage),
	}}
}

// QueryHistoryOf asks for the changes of one alarm from since to until.
func QueryHistoryOf(name string, since, until time.Time) *History {
	h := QueryHistory(since, until)
	h.in.AlarmName = &name
	return h
}

// Read reads what is left, and returns nil when nothing is. After a fault of the class Waiting, the next Read goes on.
func (h *History) Read(ctx context.Context, s *aws.Session) error {
	for !h.done && h.pages < mostHistoryPages {
		out, err := s.CloudWatch.DescribeAlarmHistory(ctx, h.in)
		if err != nil {
			return aws.Fault(err, "reading the history of alarms")
		}
		h.pages++
		for _, item := range out.AlarmHistoryItems {
			if item.HistoryItemType == types.HistoryItemTypeStateUpdate && cameToAlarm(awssdk.ToString(item.HistoryData)) {
				h.found = append(h.found, Transition{Name: awssdk.ToString(item.AlarmName), At: awssdk.ToTime(item.Timestamp).UTC().Truncate(time.Second)})
			}
		}
		h.in.NextToken = out.NextToken
		h.done = awssdk.ToString(out.NextToken) == ""
	}
	return nil
}

// Transitions returns what was read, the oldest first, each once.
func (h *History) Transitions() []Transition {
	slices.SortFunc(h.found, func(a, b Transition) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return slices.Compact(h.found)
}

// Truncated says that there were more changes than are read: the oldest are missing.
func (h *History) Truncated() bool { return !h.done }

// cameToAlarm says whether the data of a history item is of a change to ALARM. An item is also written where only the
// state's reason changed.
func cameToAlarm(data string) bool {
	var update struct {
		OldState, NewState struct{ StateValue string }
	}
	return json.Unmarshal([]byte(data), &update) == nil &&
		update.NewState.StateValue == string(v1alpha1.AlarmFiring) && update.OldState.StateValue != string(v1alpha1.AlarmFiring)
}
