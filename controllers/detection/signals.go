package detection

import (
	"slices"
	"strings"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
)

// current returns a signal with its alarm's present state. Where the alarm was not read, or an answer is older than
// what is recorded, the signal stays as it is. An alarm that was asked for and does not exist is Deleted.
func current(signal v1alpha1.SignalStatus, f *facts, app *v1alpha1.ServerlessApplication, accountID string, now time.Time) v1alpha1.SignalStatus {
	if !of(signal.AlarmARN, string(app.Spec.AWS.Region), accountID) {
		return signal // the application moved, and nothing was asked about its former alarms
	}
	if alarm, seen := f.named[signal.AlarmName]; seen {
		at := second(alarm.TransitionedAt)
		if signal.State != v1alpha1.AlarmDeleted && at.Before(&signal.TransitionedAt) {
			return signal
		}
		signal.State, signal.TransitionedAt, signal.Silenced = known(alarm), at, alarm.Silenced()
		signal.OtherFunctions = others(alarm.Functions(app.Spec.Functions), signal.FunctionName)
		return signal
	}
	if f.gone[signal.AlarmName] && signal.State != v1alpha1.AlarmDeleted {
		signal.State, signal.TransitionedAt = v1alpha1.AlarmDeleted, second(now)
	}
	return signal
}

// known is the state of an alarm as far as it is known: that nothing is wrong is not, where CloudWatch could not evaluate
// the alarm as it should.
func known(alarm alarms.Alarm) v1alpha1.AlarmState {
	if alarm.State == v1alpha1.AlarmOK && alarm.EvaluationState != "" {
		return v1alpha1.AlarmInsufficientData
	}
	return alarm.State
}

// mostOthers is how many further functions a signal names.
const mostOthers = 16

// others are the functions that an alarm names beside the signal's own.
func others(functions []v1alpha1.FunctionName, own v1alpha1.FunctionName) []v1alpha1.FunctionName {
	functions = slices.DeleteFunc(functions, func(name v1alpha1.FunctionName) bool { return name == own })
	return functions[:min(mostOthers, len(functions))]
}

// sameSignal says whether two signals are written alike.
func sameSignal(a, b v1alpha1.SignalStatus) bool {
	return a.AlarmName == b.AlarmName && a.AlarmARN == b.AlarmARN && a.FunctionName == b.FunctionName &&
		slices.Equal(a.OtherFunctions, b.OtherFunctions) && slices.Equal(a.Runbooks, b.Runbooks) && a.Silenced == b.Silenced && a.State == b.State && a.TransitionedAt.Equal(&b.TransitionedAt)
}

// of says whether an alarm is of a Region and account: arn:<partition>:cloudwatch:<region>:<account>:alarm:<name>
// (Service Authorization Reference, Amazon CloudWatch).
func of(arn, region, accountID string) bool {
	parts := strings.SplitN(arn, ":", 6)
	return len(parts) == 6 && parts[3] == region && parts[4] == accountID
}
