package alarms

import (
	"fmt"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// mute puts a rule from a moment on, for a time; the world's time is Monday, 23 November 2026, 09:00 UTC.
func (w *world) mute(t *testing.T, rule, expression, duration string, names ...string) {
	t.Helper()
	_, err := w.person().PutAlarmMuteRule(t.Context(), &cloudwatch.PutAlarmMuteRuleInput{
		Name: &rule, MuteTargets: &types.MuteTargets{AlarmNames: names},
		Rule: &types.Rule{Schedule: &types.Schedule{Expression: &expression, Duration: &duration}},
	})
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
}

func (w *world) calls(action string) int {
	return w.Ledger().Count(ledger.ByAction("cloudwatch:" + action))
}

func TestAnAlarmIsMutedWhileARuleForItIsActive(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	rules := &MuteRules{}
	read := func() Muting {
		muting, err := rules.Read(t.Context(), w.session, w.clock.Now())
		g.Expect(err).NotTo(HaveOccurred())
		return muting
	}
	g.Expect(read()).To(BeEmpty())
	g.Expect(read()).NotTo(BeNil(), "it is known that none is muted")

	w.mute(t, "maintenance: weekly", "at(2026-11-23T09:05)", "PT10M", reactstocks.ThrottlesAlarm, reactstocks.DurationAlarm)
	w.mute(t, "tomorrow", "at(2026-11-24T09:00)", "PT1H", reactstocks.ErrorRateAlarm)
	g.Expect(read()).To(BeEmpty(), "neither has begun")

	w.clock.Step(5 * time.Minute)
	g.Expect(read()).To(Equal(Muting{reactstocks.ThrottlesAlarm: "maintenance: weekly", reactstocks.DurationAlarm: "maintenance: weekly"}))
	w.mute(t, "a second", "cron(* * * * *)", "PT1M", reactstocks.DurationAlarm)
	g.Expect(read()).To(HaveKeyWithValue(reactstocks.DurationAlarm, "a second"), "of several rules the first by name is said")

	found, err := ByName(t.Context(), w.session, []string{reactstocks.ThrottlesAlarm, reactstocks.ErrorRateAlarm})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found[reactstocks.ThrottlesAlarm].Silenced()).To(BeFalse(), "DescribeAlarms says nothing of it")
	muted := read().Mark(found[reactstocks.ThrottlesAlarm])
	g.Expect(muted.Silenced()).To(BeTrue())
	g.Expect(muted.MutedBy).To(Equal("maintenance: weekly"))
	g.Expect(read().Mark(found[reactstocks.ErrorRateAlarm]).Silenced()).To(BeFalse())
	g.Expect(Muting(nil).Mark(found[reactstocks.ThrottlesAlarm]).Silenced()).To(BeFalse(), "what is not known counts as not muted")

	w.clock.Step(10 * time.Minute)
	g.Expect(read()).NotTo(HaveKey(reactstocks.ThrottlesAlarm), "the window is over")
	g.Expect(w.Ledger().Count(ledger.ByClass(ledger.Change), ledger.ByRole(reactstocks.GrantRole))).To(BeZero())
}

func TestAReadingCostsOneCallUntilARuleIsUpdated(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	rules := &MuteRules{}
	read := func() Muting {
		muting, err := rules.Read(t.Context(), w.session, w.clock.Now())
		g.Expect(err).NotTo(HaveOccurred())
		return muting
	}
	w.mute(t, "always", "cron(* * * * *)", "PT1M", reactstocks.ThrottlesAlarm)
	read()
	read()
	g.Expect(w.calls("GetAlarmMuteRule")).To(Equal(2), "a rule that was updated a moment ago is asked again")
	w.clock.Step(2 * time.Minute)
	for range 5 {
		g.Expect(read()).To(HaveKey(reactstocks.ThrottlesAlarm))
	}
	g.Expect(w.calls("GetAlarmMuteRule")).To(Equal(3), "and then once")
	g.Expect(w.calls("ListAlarmMuteRules")).To(Equal(7))

	w.mute(t, "always", "cron(* * * * *)", "PT1M", reactstocks.DurationAlarm)
	g.Expect(read()).To(And(HaveKey(reactstocks.DurationAlarm), Not(HaveKey(reactstocks.ThrottlesAlarm))), "another update, other alarms")
	w.clock.Step(2 * time.Minute)
	read()
	g.Expect(rules.targets).To(HaveLen(1), "what the rule was before is forgotten")
	_, err := w.person().DeleteAlarmMuteRule(t.Context(), &cloudwatch.DeleteAlarmMuteRuleInput{AlarmMuteRuleName: awssdk.String("always")})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(read()).To(BeEmpty())
	g.Expect(rules.targets).To(BeEmpty())
}

func TestMoreRulesThanTheBudgetAllowsAreReadInSeveralGoes(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	w.Quotas().Disable() // for the person who makes so many at once
	for i := range 60 {
		w.mute(t, fmt.Sprintf("rule %02d", i), "cron(* * * * *)", "PT1M", reactstocks.ThrottlesAlarm)
	}
	w.clock.Step(2 * time.Minute)
	rules, goes := &MuteRules{}, 0
	for {
		muting, err := rules.Read(t.Context(), w.session, w.clock.Now())
		goes++
		if err == nil {
			g.Expect(muting).To(Equal(Muting{reactstocks.ThrottlesAlarm: "rule 00"}))
			break
		}
		g.Expect(fault.From(err).Class).To(Equal(fault.Waiting))
		w.clock.Step(time.Second)
	}
	g.Expect(goes).To(BeNumerically("~", 10, 3))
	g.Expect(w.calls("GetAlarmMuteRule")).To(Equal(60), "each once")
	w.clock.Step(time.Second)
	_, err := rules.Read(t.Context(), w.session, w.clock.Now())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(w.calls("GetAlarmMuteRule")).To(Equal(60))
}

func TestWithoutARightNothingIsKnownOfMuting(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	w.mute(t, "always", "cron(* * * * *)", "PT1M", reactstocks.ThrottlesAlarm)
	w.clock.Step(time.Second)
	g.Expect(MutePermissions()).To(HaveLen(2))
	for i, missing := range MutePermissions() {
		rest := iam.Allow(MutePermissions()[1-i])
		w.IAM().SetRolePolicy(reactstocks.GrantRoleARN, &rest)
		muting, err := (&MuteRules{}).Read(t.Context(), w.session, w.clock.Now())
		g.Expect(muting).To(BeNil())
		f := fault.From(err)
		g.Expect(f.NeedsPerson()).To(BeTrue())
		g.Expect(f.Message).To(Equal("reading alarm mute rules: the role may not call " + missing + ": allow it in the role's IAM policy"))
	}
	all := iam.Allow(MutePermissions()...)
	w.IAM().SetRolePolicy(reactstocks.GrantRoleARN, &all)
	_, err := (&MuteRules{}).Read(t.Context(), w.session, w.clock.Now())
	g.Expect(err).NotTo(HaveOccurred(), "both rights are enough")
}

func TestARuleWithoutANameIsNoRuleToConcludeFrom(t *testing.T) {
	g := NewWithT(t)
	name, err := ruleName("arn:aws:cloudwatch:us-east-1:123456789012:alarm-mute-rule:a: b")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(name).To(Equal("a: b"))
	for _, arn := range []string{"", "arn:aws:cloudwatch:us-east-1:123456789012:alarm-mute-rule", "arn:aws:cloudwatch:us-east-1:123456789012:alarm-mute-rule:"} {
		_, err = ruleName(arn)
		g.Expect(fault.From(err).Class).To(Equal(fault.Transient), arn)
	}
}
