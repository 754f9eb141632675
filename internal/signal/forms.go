package signal

import "encoding/json"

// event is an event of EventBridge (EventBridge User Guide, "Event structure"), with the details of a state change
// (CloudWatch User Guide, "Alarm events and EventBridge").
type event struct {
	Source     string   `json:"source"`
	DetailType string   `json:"detail-type"`
	Resources  []string `json:"resources"`
	Detail     struct {
		AlarmName string `json:"alarmName"`
		State     struct {
			Value     string `json:"value"`
			Timestamp string `json:"timestamp"`
		} `json:"state"`
	} `json:"detail"`
}

// notification is what an alarm's action sends to SNS (CloudWatch User Guide, "Notifying users on alarm changes"). Its
// Region is a name for people; that of the ARN counts.
type notification struct {
	AlarmName       string `json:"AlarmName"`
	AlarmARN        string `json:"AlarmArn"`
	NewStateValue   string `json:"NewStateValue"`
	StateChangeTime string `json:"StateChangeTime"`
}

// envelope is how SNS delivers to a queue unless raw message delivery is on (SNS Developer Guide, "Amazon SNS message
// formats").
type envelope struct {
	Type    string `json:"Type"`
	Message string `json:"Message"`
}

// read tells the three forms apart by members that only one of them has.
func read(body []byte) (Hint, Reason) {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return Hint{}, Malformed
	}
	switch {
	case has(members, "detail-type"):
		return ofEvent(body)
	case has(members, "TopicArn"):
		return ofEnvelope(body)
	}
	return ofNotification(body, members)
}

func has(members map[string]json.RawMessage, name string) bool {
	_, ok := members[name]
	return ok
}

func ofEvent(body []byte) (Hint, Reason) {
	var kind struct {
		Source     string `json:"source"`
		DetailType string `json:"detail-type"`
	}
	if json.Unmarshal(body, &kind) != nil {
		return Hint{}, Malformed
	}
	if kind.Source != "aws.cloudwatch" || kind.DetailType != "CloudWatch Alarm State Change" {
		return Hint{}, OtherSource
	}
	var e event
	if json.Unmarshal(body, &e) != nil || len(e.Resources) != 1 {
		return Hint{}, Malformed
	}
	return hint(e.Detail.AlarmName, e.Resources[0], e.Detail.State.Value, e.Detail.State.Timestamp)
}

func ofEnvelope(body []byte) (Hint, Reason) {
	var e envelope
	if json.Unmarshal(body, &e) != nil {
		return Hint{}, Malformed
	}
	if e.Type != "Notification" {
		return Hint{}, OtherSource
	}
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(e.Message), &members) != nil {
		return Hint{}, OtherSource // a notification for people
	}
	if has(members, "detail-type") {
		return ofEvent([]byte(e.Message)) // a rule of EventBridge with the topic as its target
	}
	return ofNotification([]byte(e.Message), members)
}

func ofNotification(body []byte, members map[string]json.RawMessage) (Hint, Reason) {
	if !has(members, "AlarmName") && !has(members, "AlarmArn") {
		return Hint{}, OtherSource
	}
	var n notification
	if json.Unmarshal(body, &n) != nil {
		return Hint{}, Malformed
	}
	return hint(n.AlarmName, n.AlarmARN, n.NewStateValue, n.StateChangeTime)
}
