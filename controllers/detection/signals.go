package detection

import (
	"slices"
	"strings"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// current returns a signal with its alarm's present state. Where the alarm was not read, or an answer is older than
// what is recorded, the signal stays as it is. An alarm that was asked for and does not exist is Deleted.
func current(signal v1alpha1.SignalStatus, f *facts, region, accountID string, now time.Time) v1alpha1.SignalStatus {
	if !of(signal.AlarmARN, region, accountID) {
		return signal // the application moved, and nothing was asked about its former alarms
	}
	if alarm, seen := f.named[signal.AlarmName]; seen {
		at := second(alarm.TransitionedAt)
		if signal.State != v1alpha1.AlarmDeleted && at.Before(&signal.TransitionedAt) {
			return signal
		}
		signal.State, signal.TransitionedAt, signal.Silenced = alarm.State, at, alarm.Silenced()
		return signal
	}
	if f.gone[signal.AlarmName] && signal.State != v1alpha1.AlarmDeleted {
		signal.State, signal.TransitionedAt = v1alpha1.AlarmDeleted, second(now)
	}
	return signal
}

// sameSignal says whether two signals are written alike.
func sameSignal(a, b v1alpha1.SignalStatus) bool {
	return a.AlarmName == b.AlarmName && a.AlarmARN == b.AlarmARN && a.FunctionName == b.FunctionName &&
		slices.Equal(a.Runbooks, b.Runbooks) && a.Silenced == b.Silenced && a.State == b.State && a.TransitionedAt.Equal(&b.TransitionedAt)
}

// of says whether an alarm is of a Region and account: arn:<partition>:cloudwatch:<region>:<account>:alarm:<name>
// (Service Authorization Reference, Amazon CloudWatch).
func of(arn, region, accountID string) bool {
	parts := strings.SplitN(arn, ":", 6)
	return len(parts) == 6 && parts[3] == region && parts[4] == accountID
}
