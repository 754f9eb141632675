package cloudwatch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// muteRule mutes the actions of its targets while its schedule says so.
type muteRule struct {
	in       *cw.PutAlarmMuteRuleInput
	schedule *schedule
	updated  time.Time
}

func (r *muteRule) targets(alarm string) bool {
	return r.in.MuteTargets != nil && slices.Contains(r.in.MuteTargets.AlarmNames, alarm)
}

// Limits of mute rules (API reference, PutAlarmMuteRule, MuteTargets and ListAlarmMuteRules).
const (
	maxMuteTargets   = 100
	defaultMuteRules = 50
)

// PutAlarmMuteRule creates or replaces a rule. Alarms that it no longer mutes are unmuted at once.
func (s *Service) PutAlarmMuteRule(_ context.Context, in *cw.PutAlarmMuteRuleInput) (*cw.PutAlarmMuteRuleOutput, error) {
	name := aws.ToString(in.Name)
	switch {
	case name == "":
		return nil, validationError("The parameter Name is required.")
	case len(name) > maxNameLength:
		return nil, validationError("The parameter Name must not be longer than %d characters.", maxNameLength)
	case in.Rule == nil:
		return nil, validationError("The parameter Rule is required.")
	case len(in.Tags) > 0:
		return nil, invalidParameterValue("The simulator does not keep tags of mute rules.")
	case in.StartDate != nil && in.ExpireDate != nil && !in.StartDate.Before(*in.ExpireDate):
		return nil, invalidParameterValue("The parameter ExpireDate must be after StartDate.")
	}
	when, err := newSchedule(in.Rule.Schedule)
	if err != nil {
		return nil, err
	}
	if in.MuteTargets != nil {
		if n := len(in.MuteTargets.AlarmNames); n == 0 || n > maxMuteTargets {
			return nil, validationError("The collection AlarmNames must have 1 to %d members.", maxMuteTargets)
		}
		for _, alarm := range in.MuteTargets.AlarmNames {
			if s.alarms[alarm] == nil {
				return nil, missingResource("alarm", alarm)
			}
		}
	}
	s.muteRules[name] = &muteRule{in: in, schedule: when, updated: s.now}
	s.unmute()
	return &cw.PutAlarmMuteRuleOutput{}, nil
}

// DeleteAlarmMuteRule deletes a rule, or nothing: "This operation is idempotent". "If those alarms are in an ALARM
// state, their configured actions will trigger" (API reference, DeleteAlarmMuteRule).
func (s *Service) DeleteAlarmMuteRule(_ context.Context, in *cw.DeleteAlarmMuteRuleInput) (*cw.DeleteAlarmMuteRuleOutput, error) {
	if aws.ToString(in.AlarmMuteRuleName) == "" {
		return nil, validationError("The parameter AlarmMuteRuleName is required.")
	}
	delete(s.muteRules, *in.AlarmMuteRuleName)
	s.unmute()
	return &cw.DeleteAlarmMuteRuleOutput{}, nil
}

// GetAlarmMuteRule returns a rule with its status now.
func (s *Service) GetAlarmMuteRule(_ context.Context, in *cw.GetAlarmMuteRuleInput) (*cw.GetAlarmMuteRuleOutput, error) {
	name := aws.ToString(in.AlarmMuteRuleName)
	r, ok := s.muteRules[name]
	if !ok {
		return nil, missingResource("alarm-mute-rule", name)
	}
	return &cw.GetAlarmMuteRuleOutput{
		AlarmMuteRuleArn: new(s.muteRuleARN(name)), Name: &name, Description: r.in.Description, Rule: r.in.Rule, MuteTargets: r.in.MuteTargets,
		StartDate: r.in.StartDate, ExpireDate: r.in.ExpireDate, LastUpdatedTimestamp: &r.updated,
		MuteType: new(r.schedule.kind()), Status: r.status(s.now),
	}, nil
}

// ListAlarmMuteRules lists rules in the order of their names, by the alarm that they target and their status now.
func (s *Service) ListAlarmMuteRules(_ context.Context, in *cw.ListAlarmMuteRulesInput) (*cw.ListAlarmMuteRulesOutput, error) {
	limit := defaultMuteRules
	if in.MaxRecords != nil {
		limit = int(*in.MaxRecords)
	}
	if limit < 1 || limit > maxRecords {
		return nil, validationError("The parameter MaxRecords must be between 1 and %d.", maxRecords)
	}
	request := fmt.Sprintf("%q %q", aws.ToString(in.AlarmName), in.Statuses)
	after := ""
	if in.NextToken != nil {
		var err error
		if after, err = decodeToken("ListAlarmMuteRules", request, *in.NextToken); err != nil {
			return nil, err
		}
	}
	out, last := &cw.ListAlarmMuteRulesOutput{AlarmMuteRuleSummaries: []types.AlarmMuteRuleSummary{}}, ""
	for _, name := range slices.Sorted(maps.Keys(s.muteRules)) {
		r := s.muteRules[name]
		if name <= after || in.AlarmName != nil && !r.targets(*in.AlarmName) ||
			len(in.Statuses) > 0 && !slices.Contains(in.Statuses, r.status(s.now)) {
			continue
		}
		if len(out.AlarmMuteRuleSummaries) == limit {
			out.NextToken = encodeToken("ListAlarmMuteRules", request, last)
			break
		}
		last = name
		out.AlarmMuteRuleSummaries = append(out.AlarmMuteRuleSummaries, types.AlarmMuteRuleSummary{
			AlarmMuteRuleArn: new(s.muteRuleARN(name)), ExpireDate: r.in.ExpireDate, LastUpdatedTimestamp: &r.updated,
			MuteType: new(r.schedule.kind()), Status: r.status(s.now),
		})
	}
	return out, nil
}

func (s *Service) muteRuleARN(name string) string {
	return "arn:aws:cloudwatch:" + s.region + ":" + s.accountID + ":alarm-mute-rule:" + name
}

// muted says whether a rule mutes the actions of an alarm now.
func (s *Service) muted(alarm string) bool {
	for _, r := range s.muteRules {
		if r.targets(alarm) && r.status(s.now) == types.AlarmMuteRuleStatusActive {
			return true
		}
	}
	return false
}

// act lets the actions of a transition be carried out, or owes those of an ALARM while the alarm is muted.
func (s *Service) act(t Transition) {
	name := aws.ToString(t.After.AlarmName)
	delete(s.owed, name)
	switch {
	case !s.muted(name):
		s.carryOut(t)
	case t.After.StateValue == types.StateValueAlarm:
		s.owed[name] = t
	}
}

// unmute carries out the actions of alarms that are muted no longer and still in ALARM.
func (s *Service) unmute() {
	for _, name := range slices.Sorted(maps.Keys(s.owed)) {
		if s.muted(name) {
			continue
		}
		t := s.owed[name]
		delete(s.owed, name)
		if a, ok := s.alarms[name]; ok && a.description.StateValue == types.StateValueAlarm {
			s.carryOut(t)
		}
	}
}

func (s *Service) carryOut(t Transition) {
	if s.actions == nil {
		return
	}
	for _, arn := range t.actions() {
		s.actions(t, arn, s.now)
	}
}

func missingResource(kind, name string) error {
	return &types.ResourceNotFoundException{
		Message: new("The " + kind + " " + name + " does not exist."), ResourceType: &kind, ResourceId: &name,
		ErrorCodeOverride: new("ResourceNotFoundException"),
	}
}
