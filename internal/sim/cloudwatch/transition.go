package cloudwatch

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Transition is a change of an alarm's state.
type Transition struct {
	// At is when the state changed.
	At time.Time
	// Before and After are the alarm.
	Before, After types.MetricAlarm
}

// actions are the ARNs of the actions that the new state carries out: none while ActionsEnabled is false (API
// reference, PutMetricAlarm).
func (t Transition) actions() []string {
	if !aws.ToBool(t.After.ActionsEnabled) {
		return nil
	}
	switch t.After.StateValue {
	case types.StateValueOk:
		return t.After.OKActions
	case types.StateValueAlarm:
		return t.After.AlarmActions
	default:
		return t.After.InsufficientDataActions
	}
}
