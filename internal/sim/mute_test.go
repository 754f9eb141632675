package sim_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	simsqs "github.com/runbook-operator/runbook-operator/internal/sim/sqs"
)

const muted = "alarm 0000"

// mute puts a rule through the SDK that mutes an alarm.
func (m *mailbox) mute(expression, duration string) error {
	_, err := m.cloudwatch.PutAlarmMuteRule(m.t.Context(), &cw.PutAlarmMuteRuleInput{
		Name: aws.String("maintenance"), MuteTargets: &cwtypes.MuteTargets{AlarmNames: []string{muted}},
		Rule: &cwtypes.Rule{Schedule: &cwtypes.Schedule{Expression: &expression, Duration: &duration}},
	})
	return err
}

func (m *mailbox) muteStatus() cwtypes.AlarmMuteRuleStatus {
	out, err := m.cloudwatch.GetAlarmMuteRule(m.t.Context(), &cw.GetAlarmMuteRuleInput{AlarmMuteRuleName: aws.String("maintenance")})
	m.g.Expect(err).NotTo(HaveOccurred())
	return out.Status
}

// load holds an alarm in a state by the metric that it watches, for so many minutes.
func (m *mailbox) load(value float64, minutes int) {
	m.t.Helper()
	for range minutes {
		_, err := m.cloudwatch.PutMetricData(m.t.Context(), &cw.PutMetricDataInput{Namespace: aws.String("Shop"), MetricData: []cwtypes.MetricDatum{
			{MetricName: aws.String("Load"), Value: &value},
		}})
		m.g.Expect(err).NotTo(HaveOccurred())
		m.pass(time.Minute)
	}
}

func TestAMutedAlarmChangesItsStateAndActsWhenItIsMutedNoLonger(t *testing.T) {
	m := newMailbox(t, sim.Options{}, simsqs.Queue{})
	m.putAlarms(1, topic)
	m.Subscribe(topic, events)
	m.pass(10 * time.Second)
	m.g.Expect(m.mute("at(2026-11-23T09:01)", "PT5M")).To(Succeed())
	m.g.Expect(m.muteStatus()).To(Equal(cwtypes.AlarmMuteRuleStatusScheduled))
	m.rule()
	m.load(2, 2)
	m.g.Expect(m.muteStatus()).To(Equal(cwtypes.AlarmMuteRuleStatusActive))
	got := m.told()
	m.g.Expect(got).To(HaveLen(1))
	m.g.Expect(got[0]).To(HaveKey("detail"), "EventBridge is told, the topic is not")
	m.load(2, 3)
	m.g.Expect(m.told()).To(BeEmpty())
	m.load(2, 1)
	m.g.Expect(m.muteStatus()).To(Equal(cwtypes.AlarmMuteRuleStatusExpired))
	got = m.told()
	m.g.Expect(got).To(HaveLen(1))
	m.g.Expect(got[0]).To(HaveKeyWithValue("Timestamp", "2026-11-23T09:06:00.000Z"), "the action follows when the window ends")
	m.g.Expect(m.read(got[0]["Message"].(string))).To(HaveKeyWithValue("StateChangeTime", "2026-11-23T09:01:05.000+0000"))
}

func TestAnAlarmThatRecoveredWhileItWasMutedNeverActs(t *testing.T) {
	m := newMailbox(t, sim.Options{}, simsqs.Queue{})
	m.putAlarms(1, topic)
	m.Subscribe(topic, events)
	m.pass(10 * time.Second)
	m.g.Expect(m.mute("cron(* * * * MON)", "PT1M")).To(Succeed())
	m.load(2, 2)
	m.load(0, 2)
	_, err := m.cloudwatch.DeleteAlarmMuteRule(t.Context(), &cw.DeleteAlarmMuteRuleInput{AlarmMuteRuleName: aws.String("maintenance")})
	m.g.Expect(err).NotTo(HaveOccurred())
	m.g.Expect(m.told()).To(BeEmpty())
	m.g.Expect(m.mute("cron(0-30 * * * *)", "PT1M")).To(Succeed())
	m.load(2, 2)
	m.g.Expect(m.told()).To(BeEmpty())
	_, err = m.cloudwatch.DeleteAlarmMuteRule(t.Context(), &cw.DeleteAlarmMuteRuleInput{AlarmMuteRuleName: aws.String("maintenance")})
	m.g.Expect(err).NotTo(HaveOccurred())
	m.g.Expect(m.told()).To(HaveLen(1), "deleting the rule of an alarm in ALARM lets it act at once")
}

func TestSchedulesOfMuteRulesAreRecurringOrOnceInTheirTimeZone(t *testing.T) {
	// The world's time is Monday, 23 November 2026, 09:00 UTC, which is 10:00 in Berlin.
	for _, test := range []struct {
		expression, duration, zone string
		want                       cwtypes.AlarmMuteRuleStatus
	}{
		{"at(2026-11-23T09:00)", "PT1M", "", cwtypes.AlarmMuteRuleStatusActive},
		{"at(2026-11-23T08:00)", "PT1H", "", cwtypes.AlarmMuteRuleStatusExpired},
		{"at(2026-11-23T09:00)", "PT1M", "Europe/Berlin", cwtypes.AlarmMuteRuleStatusExpired},
		{"at(2026-11-23T10:00)", "PT1M", "Europe/Berlin", cwtypes.AlarmMuteRuleStatusActive},
		{"cron(0 2 * * *)", "PT8H", "", cwtypes.AlarmMuteRuleStatusActive},
		{"cron(0 2 * * *)", "PT7H", "", cwtypes.AlarmMuteRuleStatusScheduled},
		{"cron(0 18 * * FRI)", "P2DT15H", "", cwtypes.AlarmMuteRuleStatusScheduled},
		{"cron(0 18 * * FRI)", "P2DT15H1M", "", cwtypes.AlarmMuteRuleStatusActive},
		{"cron(0 9 1,23 NOV SUN)", "PT1H", "", cwtypes.AlarmMuteRuleStatusActive},
		{"cron(0 9 * DEC *)", "PT1H", "", cwtypes.AlarmMuteRuleStatusScheduled},
	} {
		m := newMailbox(t, sim.Options{}, simsqs.Queue{})
		in := &cw.PutAlarmMuteRuleInput{Name: aws.String("maintenance"), Rule: &cwtypes.Rule{Schedule: &cwtypes.Schedule{
			Expression: &test.expression, Duration: &test.duration,
		}}}
		if test.zone != "" {
			in.Rule.Schedule.Timezone = &test.zone
		}
		_, err := m.cloudwatch.PutAlarmMuteRule(t.Context(), in)
		m.g.Expect(err).NotTo(HaveOccurred())
		m.g.Expect(m.muteStatus()).To(Equal(test.want), "%s %s %s", test.expression, test.duration, test.zone)
		in.StartDate = aws.Time(start.Add(time.Minute))
		_, err = m.cloudwatch.PutAlarmMuteRule(t.Context(), in)
		m.g.Expect(err).NotTo(HaveOccurred())
		m.g.Expect(m.muteStatus()).NotTo(Equal(cwtypes.AlarmMuteRuleStatusActive), "it has not started")
		in.StartDate, in.ExpireDate = nil, aws.Time(start)
		_, err = m.cloudwatch.PutAlarmMuteRule(t.Context(), in)
		m.g.Expect(err).NotTo(HaveOccurred())
		m.g.Expect(m.muteStatus()).To(Equal(cwtypes.AlarmMuteRuleStatusExpired))
	}
}

func TestMuteRulesAreCheckedListedAndPermitted(t *testing.T) {
	m := newMailbox(t, sim.Options{}, simsqs.Queue{})
	m.Quotas().Disable()
	m.putAlarms(1)
	for _, bad := range [][2]string{
		{"at(tomorrow)", "PT1M"}, {"cron(* * *)", "PT1M"}, {"cron(99 * * * *)", "PT1M"}, {"rate(5 minutes)", "PT1M"},
		{"cron(* * * * *)", "PT30S"}, {"cron(* * * * *)", "P16D"}, {"cron(* * * * *)", "an hour"},
	} {
		m.g.Expect(code(m.mute(bad[0], bad[1]))).To(Equal("InvalidParameterValue"), "%v", bad)
	}
	_, err := m.cloudwatch.GetAlarmMuteRule(t.Context(), &cw.GetAlarmMuteRuleInput{AlarmMuteRuleName: aws.String("maintenance")})
	var missing *cwtypes.ResourceNotFoundException
	m.g.Expect(errors.As(err, &missing)).To(BeTrue())
	before := m.StateHash()
	m.g.Expect(m.mute("cron(0 2 * * *)", "PT1H")).To(Succeed())
	m.g.Expect(m.StateHash()).NotTo(Equal(before))
	m.g.Expect(m.Ledger().Entries(ledger.Changed())[0].Resource).To(Equal(
		"arn:aws:cloudwatch:us-east-1:123456789012:alarm-mute-rule:maintenance," + m.AlarmARN(muted)))
	list := func(in cw.ListAlarmMuteRulesInput) []cwtypes.AlarmMuteRuleSummary {
		out, err := m.cloudwatch.ListAlarmMuteRules(t.Context(), &in)
		m.g.Expect(err).NotTo(HaveOccurred())
		return out.AlarmMuteRuleSummaries
	}
	found := list(cw.ListAlarmMuteRulesInput{AlarmName: aws.String(muted)})
	m.g.Expect(found).To(HaveLen(1))
	m.g.Expect(aws.ToString(found[0].MuteType)).To(Equal("RECURRING"))
	m.g.Expect(list(cw.ListAlarmMuteRulesInput{AlarmName: aws.String(alarm)})).To(BeEmpty())
	m.g.Expect(list(cw.ListAlarmMuteRulesInput{Statuses: []cwtypes.AlarmMuteRuleStatus{cwtypes.AlarmMuteRuleStatusActive}})).To(BeEmpty())
	p := iam.Policy{Statements: []iam.Statement{{
		Effect: "Allow", Actions: []string{"cloudwatch:PutAlarmMuteRule"}, Resources: []string{"arn:aws:cloudwatch:*:*:alarm-mute-rule:*"},
	}}}
	m.IAM().SetRolePolicy(m.IAM().RoleARN(role), &p)
	m.g.Expect(code(m.mute("cron(0 2 * * *)", "PT1H"))).To(Equal("AccessDenied"), "the alarm must be permitted too")
}
