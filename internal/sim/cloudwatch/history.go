package cloudwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// maxRecords is the largest and the default page of DescribeAlarms and DescribeAlarmHistory
// (API reference, MaxRecords: "Maximum value of 100").
const maxRecords = 100

// historyItem is an alarm history item and its position: items are numbered as they were written, so
// that their order is fixed also where time stamps are equal.
type historyItem struct {
	sequence int
	item     types.AlarmHistoryItem
}

// stateUpdateDocument is the history data of a state transition.
type stateUpdateDocument struct {
	Version  string        `json:"version"`
	OldState stateDocument `json:"oldState"`
	NewState stateDocument `json:"newState"`
}

type stateDocument struct {
	StateValue      string          `json:"stateValue"`
	StateReason     string          `json:"stateReason"`
	StateReasonData json.RawMessage `json:"stateReasonData,omitempty"`
}

// configurationDocument is the history data of a configuration update.
type configurationDocument struct {
	Version       string         `json:"version"`
	Type          string         `json:"type"`
	CreatedAlarm  *alarmDocument `json:"createdAlarm,omitempty"`
	OriginalAlarm *alarmDocument `json:"originalAlarm,omitempty"`
	UpdatedAlarm  *alarmDocument `json:"updatedAlarm,omitempty"`
	DeletedAlarm  *alarmDocument `json:"deletedAlarm,omitempty"`
}

func (s *Service) recordStateUpdate(before, after types.MetricAlarm) {
	state := func(a types.MetricAlarm) stateDocument {
		return stateDocument{
			StateValue:      string(a.StateValue),
			StateReason:     aws.ToString(a.StateReason),
			StateReasonData: json.RawMessage(aws.ToString(a.StateReasonData)),
		}
	}
	s.recordHistory(aws.ToString(after.AlarmName), types.HistoryItemTypeStateUpdate,
		fmt.Sprintf("Alarm updated from %s to %s", before.StateValue, after.StateValue),
		stateUpdateDocument{Version: "1.0", OldState: state(before), NewState: state(after)})
}

// recordConfigurationUpdate writes the item of a creation (before is nil), deletion (after is nil) or update.
func (s *Service) recordConfigurationUpdate(before, after *types.MetricAlarm) {
	document := configurationDocument{Version: "1.0"}
	var name, done string
	switch {
	case before == nil:
		name, done, document.Type = aws.ToString(after.AlarmName), "created", "Create"
		document.CreatedAlarm = new(newAlarmDocument(after))
	case after == nil:
		name, done, document.Type = aws.ToString(before.AlarmName), "deleted", "Delete"
		document.DeletedAlarm = new(newAlarmDocument(before))
	default:
		name, done, document.Type = aws.ToString(after.AlarmName), "updated", "Update"
		document.OriginalAlarm = new(newAlarmDocument(before))
		document.UpdatedAlarm = new(newAlarmDocument(after))
	}
	s.recordHistory(name, types.HistoryItemTypeConfigurationUpdate, fmt.Sprintf("Alarm %q %s", name, done), document)
}

func (s *Service) recordHistory(name string, kind types.HistoryItemType, summary string, data any) {
	s.sequence++
	s.history = append(s.history, historyItem{sequence: s.sequence, item: types.AlarmHistoryItem{
		AlarmName:       new(name),
		AlarmType:       types.AlarmTypeMetricAlarm,
		HistoryItemType: kind,
		HistorySummary:  new(summary),
		HistoryData:     new(string(marshal(data))),
		Timestamp:       new(s.now),
	}})
}

// DescribeAlarmHistory returns history items, the newest first unless ScanBy is TimestampAscending.
// "CloudWatch retains the history of an alarm even if you delete the alarm"; without AlarmTypes only
// metric alarms are returned (API reference, DescribeAlarmHistory).
func (s *Service) DescribeAlarmHistory(_ context.Context, in *cw.DescribeAlarmHistoryInput) (*cw.DescribeAlarmHistoryOutput, error) {
	limit, err := recordLimit(in.MaxRecords)
	if err != nil {
		return nil, err
	}
	switch {
	case !isOneOf(in.ScanBy, in.ScanBy.Values()):
		return nil, validationError("The value %s for parameter ScanBy is not valid.", in.ScanBy)
	case !isOneOf(in.HistoryItemType, in.HistoryItemType.Values()):
		return nil, validationError("The value %s for parameter HistoryItemType is not valid.", in.HistoryItemType)
	}
	request := fmt.Sprintf("%q %q %q %q %v %v %s", aws.ToString(in.AlarmName), aws.ToString(in.AlarmContributorId),
		in.AlarmTypes, in.HistoryItemType, in.StartDate, in.EndDate, in.ScanBy)
	ascending := in.ScanBy == types.ScanByTimestampAscending
	after := 0
	if in.NextToken != nil {
		position, err := decodeToken("DescribeAlarmHistory", request, *in.NextToken)
		if err != nil {
			return nil, err
		}
		if after, err = strconv.Atoi(position); err != nil {
			return nil, invalidNextToken()
		}
	}

	items := slices.Clone(s.history)
	if !ascending {
		slices.Reverse(items)
	}
	out := &cw.DescribeAlarmHistoryOutput{AlarmHistoryItems: []types.AlarmHistoryItem{}}
	last := 0
	for _, h := range items {
		done := after > 0 && (ascending && h.sequence <= after || !ascending && h.sequence >= after)
		if done || !matchesHistory(in, h.item) {
			continue
		}
		if len(out.AlarmHistoryItems) == limit {
			out.NextToken = encodeToken("DescribeAlarmHistory", request, strconv.Itoa(last))
			break
		}
		out.AlarmHistoryItems = append(out.AlarmHistoryItems, h.item)
		last = h.sequence
	}
	return out, nil
}

func matchesHistory(in *cw.DescribeAlarmHistoryInput, item types.AlarmHistoryItem) bool {
	at := aws.ToTime(item.Timestamp)
	switch {
	case in.AlarmName != nil && *in.AlarmName != *item.AlarmName:
		return false
	case in.AlarmContributorId != nil: // only Metrics Insights alarms have contributors
		return false
	case len(in.AlarmTypes) > 0 && !slices.Contains(in.AlarmTypes, types.AlarmTypeMetricAlarm):
		return false
	case in.HistoryItemType != "" && in.HistoryItemType != item.HistoryItemType:
		return false
	case in.StartDate != nil && at.Before(*in.StartDate):
		return false
	}
	return in.EndDate == nil || !at.After(*in.EndDate)
}

func recordLimit(requested *int32) (int, error) {
	switch {
	case requested == nil:
		return maxRecords, nil
	case *requested < 1 || *requested > maxRecords:
		return 0, validationError("The parameter MaxRecords must be between 1 and %d.", maxRecords)
	}
	return int(*requested), nil
}
