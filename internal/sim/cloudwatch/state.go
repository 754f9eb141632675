package cloudwatch

import (
	"io"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
)

// stateText is what WriteState writes of one alarm.
type stateText struct {
	Alarm  alarmDocument     `json:"alarm"`
	Tags   map[string]string `json:"tags"`
	Manual *stateDocument    `json:"manualState,omitempty"`
}

// muteRuleText is what WriteState writes of one mute rule.
type muteRuleText struct {
	MuteRule *cw.PutAlarmMuteRuleInput `json:"muteRule"`
	Updated  string                    `json:"updated"`
}

// WriteState writes the configuration of the service as canonical text, one JSON object a line in the
// order of alarm names, then of mute rules: definitions with the time of their last change, action flags, tags, and
// states that SetAlarmState set and no evaluation replaced yet. Metric data, evaluated states and
// history are left out, so the text changes only with calls that change something. The writer is a
// hash or a buffer; what it fails to take is lost.
func (s *Service) WriteState(w io.Writer) {
	for _, name := range slices.Sorted(maps.Keys(s.alarms)) {
		a := s.alarms[name]
		text := stateText{Alarm: newAlarmDocument(&a.description), Tags: a.tags}
		if a.manual {
			text.Manual = &stateDocument{
				StateValue:  string(a.description.StateValue),
				StateReason: aws.ToString(a.description.StateReason),
			}
		}
		_, _ = w.Write(append(marshal(text), '\n'))
	}
	for _, name := range slices.Sorted(maps.Keys(s.muteRules)) {
		r := s.muteRules[name]
		_, _ = w.Write(append(marshal(muteRuleText{MuteRule: r.in, Updated: timestamp(r.updated)}), '\n'))
	}
}
