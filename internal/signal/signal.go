// Package signal owns what a message about an alarm says: which alarm, which account and Region, which state, since
// when. It is pure, and it must not believe a message: a hint is confirmed by reading the alarm before anything follows.
package signal

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

const (
	// mostBytes is the longest body that is looked at: the longest message of SQS (Amazon SQS quotas, 1 MiB).
	mostBytes = 1 << 20
	// mostName is the longest name of an alarm, in characters (CloudWatch API reference, PutMetricAlarm).
	mostName = 255
	// mostARN is the longest ARN of an alarm, in characters (CloudWatch API reference, MetricAlarm).
	mostARN = 1600
)

// Hint is what a message says of an alarm.
type Hint struct {
	// AccountID and Region of the alarm, from its ARN.
	AccountID, Region string
	// Name of the alarm, at most 255 characters, none of them a control character.
	Name string
	// ARN of the alarm, which ends in its name.
	ARN string
	// State that the alarm came to: OK, ALARM or INSUFFICIENT_DATA.
	State v1alpha1.AlarmState
	// TransitionedAt is when it came to the state, to the second.
	TransitionedAt time.Time
}

// Reason says why nothing follows from a message. The empty reason is that of a hint to confirm.
type Reason string

const (
	// Malformed is a body that is no message about an alarm in any form that is known, or contradicts itself.
	Malformed Reason = "Malformed"
	// OtherSource is a well-formed event or notification about something else.
	OtherSource Reason = "OtherSource"
	// OtherAccount is a message about an alarm of another account.
	OtherAccount Reason = "OtherAccount"
	// OtherRegion is a message about an alarm of another Region.
	OtherRegion Reason = "OtherRegion"
	// NotFiring is a message about an alarm that came to OK or INSUFFICIENT_DATA: the poll follows open Incidents.
	NotFiring Reason = "NotFiring"
)

// Parse reads the body of a message from the queue of an account and Region. It knows three forms: the EventBridge
// event "CloudWatch Alarm State Change", the notification of an alarm action in the envelope of SNS, and the same with
// raw message delivery. A body of any size and content gives an answer. The hint is filled as far as it could be read
// also where there is a reason, so that the alarm can be named.
func Parse(body, accountID, region string) (Hint, Reason) {
	if len(body) > mostBytes || !utf8.ValidString(body) {
		return Hint{}, Malformed
	}
	h, reason := read([]byte(body))
	if reason != "" {
		return Hint{}, reason
	}
	switch {
	case h.AccountID != accountID:
		return h, OtherAccount
	case h.Region != region:
		return h, OtherRegion
	case h.State != v1alpha1.AlarmFiring:
		return h, NotFiring
	}
	return h, ""
}

// hint makes a hint of what a message says, or says that it makes no sense. Name and ARN have to agree:
// arn:<partition>:cloudwatch:<region>:<account>:alarm:<name> (Service Authorization Reference, Amazon CloudWatch).
func hint(name, arn, state, at string) (Hint, Reason) {
	parts := strings.SplitN(arn, ":", 7)
	if len(parts) != 7 || parts[0] != "arn" || parts[2] != "cloudwatch" || parts[5] != "alarm" || parts[6] != name {
		return Hint{}, Malformed
	}
	transitioned, known := parseTime(at)
	if !known || !nameable(name) || utf8.RuneCountInString(arn) > mostARN {
		return Hint{}, Malformed
	}
	switch s := v1alpha1.AlarmState(state); s {
	case v1alpha1.AlarmOK, v1alpha1.AlarmFiring, v1alpha1.AlarmInsufficientData:
		return Hint{AccountID: parts[4], Region: parts[3], Name: name, ARN: arn, State: s, TransitionedAt: transitioned}, ""
	}
	return Hint{}, Malformed
}

// nameable says whether text can be the name of an alarm.
func nameable(name string) bool {
	return name != "" && utf8.RuneCountInString(name) <= mostName && !strings.ContainsFunc(name, unicode.IsControl)
}

// timeFormats of the state's time stamp: CloudWatch writes 2019-10-02T17:04:40.985+0000, without a colon in the
// offset (CloudWatch User Guide, "Alarm events and EventBridge").
var timeFormats = []string{"2006-01-02T15:04:05.999999999-0700", time.RFC3339Nano}

func parseTime(text string) (time.Time, bool) {
	for _, format := range timeFormats {
		if at, err := time.Parse(format, text); err == nil && at.Year() >= 2000 && at.Year() < 3000 {
			return at.UTC().Truncate(time.Second), true
		}
	}
	return time.Time{}, false
}
