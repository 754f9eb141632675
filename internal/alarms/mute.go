package alarms

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

const (
	// mostMutePages bounds one reading of mute rules, of 50 rules each (CloudWatch API reference, ListAlarmMuteRules).
	mostMutePages = 20
	// ruleSettles is how long after its last update a rule is asked anew: the list and the rule are two answers.
	ruleSettles = time.Minute
	// readingRules begins the message of a fault.
	readingRules = "reading alarm mute rules"
)

// MutePermissions are the IAM actions that reading mute rules needs.
func MutePermissions() []string {
	return []string{"cloudwatch:GetAlarmMuteRule", "cloudwatch:ListAlarmMuteRules"}
}

// Muting is which alarms are muted now: the name of a mute rule for the name of each. Without an entry an alarm is not
// muted. Nil says nothing of any alarm.
type Muting map[string]string

// Mark returns the alarm with the rule that mutes it.
func (m Muting) Mark(a Alarm) Alarm {
	a.MutedBy = m[a.Name]
	return a
}

// MuteRules reads which alarms mute rules mute. The list of rules does not say which alarms they are for, so it remembers
// what each rule said of itself until that rule is updated: one reading costs one call, however many alarms and rules
// there are. It is ready for use, and many goroutines may use it.
type MuteRules struct {
	mu      sync.Mutex
	targets map[ruleVersion][]string
}

// ruleVersion is a rule as it was updated last.
type ruleVersion struct {
	arn     string
	updated time.Time
}

// Read returns which alarms of the session's account and Region are muted now. After a fault of the class Waiting, the
// next Read goes on: it knows the rules that were read.
func (m *MuteRules) Read(ctx context.Context, s *aws.Session, now time.Time) (Muting, error) {
	active, err := listActive(ctx, s)
	if err != nil {
		return nil, err
	}
	muting := Muting{}
	for _, rule := range active {
		name, err := ruleName(rule.arn)
		if err != nil {
			return nil, err
		}
		targets, known := m.recall(rule)
		if !known {
			if targets, err = targetsOf(ctx, s, name); err != nil {
				return nil, err
			}
			if now.Sub(rule.updated) > ruleSettles {
				m.remember(rule, targets)
			}
		}
		for _, alarm := range targets {
			if first, muted := muting[alarm]; !muted || name < first {
				muting[alarm] = name
			}
		}
	}
	m.forgetOthers(s.Access(), active)
	return muting, nil
}

// listActive lists the rules that mute now.
func listActive(ctx context.Context, s *aws.Session) ([]ruleVersion, error) {
	in := &cloudwatch.ListAlarmMuteRulesInput{Statuses: []types.AlarmMuteRuleStatus{types.AlarmMuteRuleStatusActive}}
	var active []ruleVersion
	for range mostMutePages {
		out, err := s.CloudWatch.ListAlarmMuteRules(ctx, in)
		if err != nil {
			return nil, aws.Fault(err, readingRules)
		}
		for _, r := range out.AlarmMuteRuleSummaries {
			if r.Status == types.AlarmMuteRuleStatusActive {
				active = append(active, ruleVersion{arn: awssdk.ToString(r.AlarmMuteRuleArn), updated: awssdk.ToTime(r.LastUpdatedTimestamp).UTC()})
			}
		}
		if in.NextToken = out.NextToken; awssdk.ToString(in.NextToken) == "" {
			return active, nil
		}
	}
	return nil, fault.New(fault.Transient, v1alpha1.ReasonAWSUnavailable, "%s: CloudWatch gave more than %d pages", readingRules, mostMutePages)
}

// targetsOf returns the alarms that a rule mutes now: none where it was deleted or its time is over meanwhile.
func targetsOf(ctx context.Context, s *aws.Session, name string) ([]string, error) {
	out, err := s.CloudWatch.GetAlarmMuteRule(ctx, &cloudwatch.GetAlarmMuteRuleInput{AlarmMuteRuleName: &name})
	err = aws.Fault(err, readingRules)
	switch {
	case fault.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, err
	case out.Status != types.AlarmMuteRuleStatusActive || out.MuteTargets == nil:
		return nil, nil
	}
	return out.MuteTargets.AlarmNames, nil
}

// ruleName returns the name in arn:<partition>:cloudwatch:<region>:<account>:alarm-mute-rule:<name> (Service
// Authorization Reference, Amazon CloudWatch): the list has no other.
func ruleName(arn string) (string, error) {
	parts := strings.SplitN(arn, ":", 7)
	if len(parts) < 7 || parts[6] == "" {
		return "", fault.New(fault.Transient, v1alpha1.ReasonAWSUnavailable, "%s: CloudWatch listed a rule without a name", readingRules)
	}
	return parts[6], nil
}

func (m *MuteRules) recall(rule ruleVersion) ([]string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	targets, known := m.targets[rule]
	return targets, known
}

func (m *MuteRules) remember(rule ruleVersion, targets []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.targets == nil {
		m.targets = map[ruleVersion][]string{}
	}
	m.targets[rule] = targets
}

// forgetOthers drops the rules of an account and Region that do not mute now.
func (m *MuteRules) forgetOthers(a aws.Access, active []ruleVersion) {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.targets, func(rule ruleVersion, _ []string) bool {
		return strings.Contains(rule.arn, ":cloudwatch:"+a.Region+":"+a.AccountID+":") && !slices.Contains(active, rule)
	})
}
