package signal

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

const (
	account = "111122223333"
	region  = "eu-west-1"
)

// changed is an event of EventBridge in which some text was replaced.
func changed(replacements ...string) string {
	return strings.NewReplacer(replacements...).Replace(`{
  "version": "0", "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
  "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
  "account": "111122223333", "time": "2026-11-23T03:17:05Z", "region": "eu-west-1",
  "resources": ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:pay-throttles"],
  "detail": {
    "alarmName": "pay-throttles",
    "configuration": {"metrics": [{"id": "m1", "metricStat": {"metric": {"name": "Throttles"}}}]},
    "previousState": {"value": "OK", "timestamp": "2026-11-23T03:01:05.000+0000"},
    "state": {"value": "ALARM", "reason": "Threshold Crossed", "timestamp": "2026-11-23T03:17:05.985+0000"}
  }
}`)
}

// notified is the notification of an alarm's action in which some text was replaced.
func notified(replacements ...string) string {
	return strings.NewReplacer(replacements...).Replace(`{
  "AlarmName": "pay-throttles", "AlarmDescription": null, "AWSAccountId": "111122223333",
  "NewStateValue": "ALARM", "NewStateReason": "Threshold Crossed", "StateChangeTime": "2026-11-23T03:17:05.985+0000",
  "Region": "EU (Ireland)", "AlarmArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:pay-throttles",
  "OldStateValue": "OK", "Trigger": {"MetricName": "Throttles"}
}`)
}

// enveloped is a message in the envelope of SNS.
func enveloped(message string) string {
	body, err := json.Marshal(map[string]string{
		"Type": "Notification", "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
		"TopicArn": "arn:aws:sns:eu-west-1:111122223333:alarms", "Subject": `ALARM: "pay-throttles"`, "Message": message,
		"Timestamp": "2026-11-23T03:17:06.100Z", "SignatureVersion": "1", "Signature": "c2lnbmF0dXJl",
	})
	if err != nil {
		panic(err)
	}
	return string(body)
}

func TestEveryFormGivesTheSameHint(t *testing.T) {
	for name, body := range map[string]string{
		"an event":                              changed(),
		"an alarm's action through SNS":         enveloped(notified()),
		"an alarm's action, delivered raw":      notified(),
		"an event through SNS":                  enveloped(changed()),
		"a time with a colon in its offset":     changed("03:17:05.985+0000", "04:17:05.985+01:00"),
		"a time without milliseconds":           changed("03:17:05.985+0000", "03:17:05+0000"),
		"an event with members that are new":    changed(`"version": "0"`, `"version": "1", "new": {"deep": [1, 2]}`),
		"a notification with members of no use": notified(`"AlarmDescription": null`, `"AlarmDescription": "a\nb", "Dimensions": 7`),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			h, reason := Parse(body, account, region)
			g.Expect(reason).To(BeEmpty())
			g.Expect(h).To(Equal(Hint{
				AccountID: account, Region: region, Name: "pay-throttles",
				ARN:   "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:pay-throttles",
				State: v1alpha1.AlarmFiring, TransitionedAt: time.Date(2026, 11, 23, 3, 17, 5, 0, time.UTC),
			}))
		})
	}
}

func TestWhatIsNoHintHasAReason(t *testing.T) {
	other := strings.ReplaceAll
	for name, c := range map[string]struct {
		body   string
		reason Reason
		named  bool
	}{
		"nothing":                     {"", Malformed, false},
		"text":                        {"pay-throttles is in ALARM", Malformed, false},
		"a list":                      {"[" + changed() + "]", Malformed, false},
		"null":                        {"null", OtherSource, false},
		"an empty object":             {"{}", OtherSource, false},
		"half an event":               {changed()[:300], Malformed, false},
		"two events":                  {changed() + changed(), Malformed, false},
		"bytes that are no text":      {changed("pay", "\xff\xfe"), Malformed, false},
		"more than a message can be":  {changed(`"version"`, `"`+strings.Repeat("x", mostBytes)+`"`), Malformed, false},
		"a deep event":                {changed(`"Threshold Crossed"`, strings.Repeat("[", 20000)+strings.Repeat("]", 20000)), Malformed, false},
		"a number for a name":         {changed(`"alarmName": "pay-throttles"`, `"alarmName": 7`), Malformed, false},
		"a number for a source":       {changed(`"aws.cloudwatch"`, `7`), Malformed, false},
		"text for the details":        {changed(`"detail": {`, `"detail": "x", "else": {`), Malformed, false},
		"no ARN":                      {changed(`"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:pay-throttles"`, ``), Malformed, false},
		"two ARNs":                    {changed(`"resources": [`, `"resources": ["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:x",`), Malformed, false},
		"an ARN of another alarm":     {changed(`alarm:pay-throttles`, `alarm:get-throttles`), Malformed, false},
		"an ARN of a function":        {changed(`cloudwatch:eu-west-1:111122223333:alarm:`, `lambda:eu-west-1:111122223333:function:`), Malformed, false},
		"no name":                     {changed(`pay-throttles`, ``), Malformed, false},
		"a name with a control":       {changed(`pay-throttles`, `pay\u0007throttles`), Malformed, false},
		"a name that is too long":     {changed(`pay-throttles`, strings.Repeat("p", mostName+1)), Malformed, false},
		"a state that is none":        {changed(`"ALARM"`, `"FIRING"`), Malformed, false},
		"no state":                    {changed(`"state"`, `"condition"`), Malformed, false},
		"a time that is none":         {changed(`2026-11-23T03:17:05.985+0000`, `yesterday`), Malformed, false},
		"a time beyond all":           {changed(`2026-11-23T03:17:05.985+0000`, `0001-01-01T00:00:00.000+0000`), Malformed, false},
		"a change of configuration":   {changed(`Alarm State Change`, `Alarm Configuration Change`), OtherSource, false},
		"an event of another service": {changed(`aws.cloudwatch`, `aws.health`), OtherSource, false},
		"a custom event":              {`{"detail-type": "CloudWatch Alarm State Change", "source": "me", "detail": 7}`, OtherSource, false},
		"a subscription to confirm":   {other(enveloped("x"), `"Notification"`, `"SubscriptionConfirmation"`), OtherSource, false},
		"a notification for people":   {enveloped("Your budget is used up."), OtherSource, false},
		"a notification of a budget":  {enveloped(`{"budgetName": "x"}`), OtherSource, false},
		"an envelope in an envelope":  {enveloped(enveloped(notified())), OtherSource, false},
		"an envelope without text":    {`{"Type": "Notification", "TopicArn": "x", "Message": {}}`, Malformed, false},
		"an event of another account": {changed(`cloudwatch:eu-west-1:111122223333`, `cloudwatch:eu-west-1:999999999999`), OtherAccount, true},
		"an event of another Region":  {changed(`cloudwatch:eu-west-1`, `cloudwatch:eu-west-2`), OtherRegion, true},
		"an alarm that is OK":         {changed(`"value": "ALARM"`, `"value": "OK"`), NotFiring, true},
		"an alarm without data":       {notified(`"ALARM"`, `"INSUFFICIENT_DATA"`), NotFiring, true},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			h, reason := Parse(c.body, account, region)
			g.Expect(reason).To(Equal(c.reason))
			if c.named {
				g.Expect(h.Name).NotTo(BeEmpty())
			} else {
				g.Expect(h).To(BeZero())
			}
		})
	}
}

func TestAnAlarmMayHaveAnyNameThatCloudWatchAllows(t *testing.T) {
	for _, name := range []string{"a:b:c", "Zahlung ⚡ gedrosselt", strings.Repeat("ü", mostName), "x/y z", "{}", "a\u2028b"} {
		g := NewWithT(t)
		quoted, err := json.Marshal(name)
		g.Expect(err).NotTo(HaveOccurred())
		h, reason := Parse(changed("pay-throttles", strings.Trim(string(quoted), `"`)), account, region)
		g.Expect(reason).To(BeEmpty(), name)
		g.Expect(h.Name).To(Equal(name))
	}
}

// FuzzParse: whatever the body, there is an answer, and a hint that is to be confirmed is one that can be.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", "[]", "7", `"x"`, changed(), notified(), enveloped(notified()), enveloped(changed()), enveloped("x"),
		changed("ALARM", "OK"), changed("pay", "\xff"), changed("pay", "ü"), changed("2026", "20260"), changed("alarm:", "alarm"),
		changed("111122223333", "999999999999"), notified("AlarmArn", "alarmarn"), `{"detail-type": null, "source": null}`,
		`{"TopicArn": 7, "Type": []}`, strings.Repeat("[", 4096), strings.Repeat(`{"AlarmName":`, 512),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		h, reason := Parse(body, account, region)
		switch reason {
		case Malformed, OtherSource:
			if h != (Hint{}) {
				t.Fatalf("%s with a hint: %+v", reason, h)
			}
			return
		case "", OtherAccount, OtherRegion, NotFiring:
		default:
			t.Fatalf("a reason that is none: %q", reason)
		}
		if h.Name == "" || utf8.RuneCountInString(h.Name) > mostName || !utf8.ValidString(h.Name) || !strings.HasSuffix(h.ARN, ":alarm:"+h.Name) {
			t.Fatalf("an alarm that cannot be asked for: %+v", h)
		}
		if reason == "" && (h.AccountID != account || h.Region != region || h.State != v1alpha1.AlarmFiring ||
			!h.TransitionedAt.Equal(h.TransitionedAt.Truncate(time.Second)) || h.TransitionedAt.Year() < 2000) {
			t.Fatalf("a hint that says nothing: %+v", h)
		}
	})
}
