//go:build fault

package truth_test

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

// setState sets the throttle alarm's state by hand. CloudWatch takes it back at its next evaluation.
func (s *story) setState(state types.StateValue) {
	GinkgoHelper()
	_, err := s.alarms().SetAlarmState(s.ctx, &cloudwatch.SetAlarmStateInput{
		AlarmName: aws.String(reactstocks.ThrottlesAlarm), StateValue: state, StateReason: aws.String("by hand"),
	})
	Expect(err).NotTo(HaveOccurred())
}

// mute mutes the throttle alarm from now on, for a time.
func (s *story) mute(rule string, d time.Duration) {
	GinkgoHelper()
	_, err := s.alarms().PutAlarmMuteRule(s.ctx, &cloudwatch.PutAlarmMuteRuleInput{
		Name: &rule, MuteTargets: &types.MuteTargets{AlarmNames: []string{reactstocks.ThrottlesAlarm}},
		Rule: &types.Rule{Schedule: &types.Schedule{
			Expression: aws.String(s.Clock.Now().UTC().Format("at(2006-01-02T15:04)")), Duration: aws.String(fmt.Sprintf("PT%dM", int(d.Minutes()))),
		}},
	})
	Expect(err).NotTo(HaveOccurred())
}

// redefine replaces the throttle alarm by one of the same name.
func (s *story) redefine(change func(*cloudwatch.PutMetricAlarmInput)) {
	GinkgoHelper()
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(reactstocks.ThrottlesAlarm), Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Throttles"),
		Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(reactstocks.BackendFunction)}},
		Statistic:  types.StatisticSum, Period: aws.Int32(60), Threshold: aws.Float64(0),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		EvaluationPeriods:  aws.Int32(3), DatapointsToAlarm: aws.Int32(2), TreatMissingData: aws.String("notBreaching"),
	}
	change(in)
	_, err := s.alarms().PutMetricAlarm(s.ctx, in)
	Expect(err).NotTo(HaveOccurred())
}

// reserving lets the Runbook of the namespace propose another number, instead of the shipped one.
func (s *story) reserving(rule string) {
	GinkgoHelper()
	ExpectApplied(s.ctx, s.Admin, builder.Runbook(s.Namespace, func(r *v1alpha1.Runbook) {
		r.Name = "lambda-throttling" // takes the place of the shipped one
		r.Spec.Diagnose[0].Respond.Remediate[0].SetReservedConcurrency.Value.Type = 1
		r.Spec.Diagnose[0].Respond.Remediate[0].SetReservedConcurrency.Value.StrVal = rule
	}))
}

var _ = Describe("A true fix", func() {
	It("of throttling is Succeeded and Resolved, or the specs below would prove nothing", func() {
		s := observed()
		Expect(s.ended()).To(HaveCondition(v1alpha1.ConditionSucceeded, "True", v1alpha1.ReasonSucceeded))
		s.until("the Incident is over", patient, s.resolved)
		Expect(s.incident()).To(HaveCondition(v1alpha1.ConditionResolved, "True", v1alpha1.ReasonRemediated))
		v := s.verification()
		GinkgoWriter.Printf("proved by %d observations from %s to %s, largest gap %d s\n", v.Observations,
			v.FirstAt.UTC().Format(time.TimeOnly), v.LastAt.UTC().Format(time.TimeOnly), v.LargestGapSeconds)
	})

	It("of timeouts is Succeeded", func() {
		s := begin(reactstocks.SlowDependency)
		s.pass(10 * time.Minute)
		ExpectApplied(s.ctx, s.Admin, builder.Remediation(s.Namespace, func(r *v1alpha1.Remediation) {
			r.Spec.Target.FunctionName = reactstocks.NewsSyncFunction
			r.Spec.Action = v1alpha1.Action{SetTimeout: &v1alpha1.SetTimeout{Seconds: 45}}
		}))
		s.approve(s.proposed())
		Expect(s.ended()).To(HaveCondition(v1alpha1.ConditionSucceeded, "True", v1alpha1.ReasonSucceeded))
	})
})

var _ = Describe("A verification", func() {
	It("starts anew after one bad evaluation in the middle, and says that the alarm was in ALARM", func() {
		s := observed()
		s.pass(s.verification().LastAt.Add(time.Minute - time.Second).Sub(s.Clock.Now()))
		s.setState(types.StateValueAlarm) // until CloudWatch evaluates it, after the next look
		s.until("one observation was bad", 2*time.Minute, func() bool { return s.verification().Bad == 1 })
		Expect(s.verification().Message).To(Equal(`alarm "` + reactstocks.ThrottlesAlarm + `" is in ALARM`))
		Expect(s.verification().Good).To(BeZero())
		bad := s.verification().LastAt.Time
		rem := s.ended()
		v := s.verification()
		Expect(v.Bad).To(BeZero(), "the alarm was OK at the look after it")
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, "True", v1alpha1.ReasonSucceeded))
		Expect(v.GoodSince.Time).To(BeTemporally(">", bad))
		Expect(v.LastAt.Sub(v.GoodSince.Time)).To(BeNumerically(">=", window), "a whole window after it")
		Expect(v.Good).To(BeNumerically(">=", 6), "both ends of it counted")
	})

	It("counts an alarm that fired between two looks, and says that it was not OK all the time", func() {
		s := observed()
		good := s.verification().Good
		s.pass(5 * time.Second) // between two looks
		s.setState(types.StateValueAlarm)
		s.pass(time.Second)
		s.setState(types.StateValueOk)
		s.until("somebody looked", 2*time.Minute, func() bool { return s.verification().Good != good })
		Expect(s.verification().Good).To(BeZero())
		Expect(s.verification().Message).To(Equal(`alarm "` + reactstocks.ThrottlesAlarm + `" was not OK all the time since the observation before`))
		Expect(s.ended()).To(HaveCondition(v1alpha1.ConditionSucceeded, "True", v1alpha1.ReasonSucceeded))
		Expect(s.verification().LastAt.Sub(s.verification().GoodSince.Time)).To(BeNumerically(">=", window))
	})

	It("does not look before the alarm can have seen the change, whoever sets the alarm to OK, and says Settling", func() {
		s := begin(reactstocks.Throttling)
		s.reserving("110") // too little
		s.approve(s.proposed())
		s.applied()
		rem := s.remediation()
		settled := rem.Status.AppliedAt.Add(5 * time.Minute) // three periods of a minute, and two for the metrics
		for s.Clock.Now().Before(settled.Add(-time.Minute)) {
			s.setState(types.StateValueOk)
			s.pass(time.Minute)
			Expect(s.remediation()).To(HaveCondition(v1alpha1.ConditionVerified, "False", v1alpha1.ReasonSettling))
		}
		for s.remediation().Status.EndedAt == nil {
			s.setState(types.StateValueOk)
			s.pass(10 * time.Second)
			if v := s.verification(); v.FirstAt != nil {
				Expect(v.FirstAt.Time).To(BeTemporally(">=", settled))
			}
		}
		s.expectNeverProved(v1alpha1.ReasonNotFixed, "bad observations in a row")
	})

	It("cannot tell from an alarm that was deleted", func() {
		s := observed()
		_, err := s.alarms().DeleteAlarms(s.ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{reactstocks.ThrottlesAlarm}})
		Expect(err).NotTo(HaveOccurred())
		s.expectNeverProved(v1alpha1.ReasonInconclusive, `alarm "`+reactstocks.ThrottlesAlarm+`" was deleted`)
	})

	It("cannot tell from an alarm whose actions somebody disabled", func() {
		s := observed()
		_, err := s.alarms().DisableAlarmActions(s.ctx, &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{reactstocks.ThrottlesAlarm}})
		Expect(err).NotTo(HaveOccurred())
		s.expectNeverProved(v1alpha1.ReasonInconclusive, "its actions are disabled")
	})

	It("cannot tell from an alarm that a mute rule mutes in the window", func() {
		s := observed()
		s.mute("maintenance", time.Hour)
		s.expectNeverProved(v1alpha1.ReasonInconclusive, `alarm "`+reactstocks.ThrottlesAlarm+`" is muted by alarm mute rule "maintenance"`)
	})

	It("starts anew after an alarm was muted for a part of the window", func() {
		s := observedWith(long)
		s.mute("maintenance", 3*time.Minute)
		s.until("a look met the rule", 2*time.Minute, func() bool { return s.verification().Good == 0 })
		Expect(s.verification().Last).To(Equal(v1alpha1.ObservationInconclusive))
		muted := s.verification().LastAt.Time
		Expect(s.ended()).To(HaveCondition(v1alpha1.ConditionSucceeded, "True", v1alpha1.ReasonSucceeded))
		Expect(s.verification().GoodSince.Time).To(BeTemporally(">", muted))
	})

	It("fails as ever when the alarm fires, muted or not", func() {
		s := changed()
		s.mute("maintenance", time.Hour)
		s.offer(400)
		s.expectNeverProved(v1alpha1.ReasonNotFixed, "bad observations in a row")
	})

	It("cannot tell while the role may not read the mute rules, and says which right is missing", func() {
		s := begin(reactstocks.Throttling)
		rest := iam.Allow("sts:*", "lambda:*", "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:GetAlarmMuteRule")
		s.World.IAM().SetRolePolicy(reactstocks.GrantRoleARN, &rest)
		rem := s.proposed()
		Expect(rem.Status.Plan.Warnings).To(ContainElement("a change is not proved to help while it is not known whether an alarm is muted: " +
			"reading alarm mute rules: the role may not call cloudwatch:ListAlarmMuteRules: allow it in the role's IAM policy"))
		s.approve(rem)
		s.expectNeverProved(v1alpha1.ReasonInconclusive, "the role may not call cloudwatch:ListAlarmMuteRules")
		Expect(s.verification().Last).To(Equal(v1alpha1.ObservationError))
	})

	It("is doubted in the plan already when the alarm is muted then", func() {
		s := begin(reactstocks.Throttling)
		s.mute("maintenance", time.Hour)
		Expect(s.proposed().Status.Plan.Warnings).To(ContainElement(`alarm mute rule "maintenance" mutes alarm "` + reactstocks.ThrottlesAlarm +
			`": while it does, a change is not proved to help`))
		Expect(s.incident().Spec.Signal.Silenced).To(BeTrue(), "and nobody has to be woken for it")
	})

	It("cannot tell from an alarm without data", func() {
		s := observed()
		s.redefine(func(in *cloudwatch.PutMetricAlarmInput) {
			in.Dimensions[0].Value, in.TreatMissingData = aws.String("nobody"), aws.String("missing")
		})
		s.expectNeverProved(v1alpha1.ReasonInconclusive, "has no data")
	})

	It("cannot tell from an alarm that somebody gave a threshold that is never reached", func() {
		s := begin(reactstocks.Throttling)
		s.reserving("110") // too little
		s.approve(s.proposed())
		s.applied()
		s.redefine(func(in *cloudwatch.PutMetricAlarmInput) { in.Threshold = aws.Float64(1e9) })
		s.expectNeverProved(v1alpha1.ReasonInconclusive, `alarm "`+reactstocks.ThrottlesAlarm+`" was edited after the change was planned`)
	})

	It("cannot tell from an alarm that somebody gave such a threshold while the plan waited", func() {
		s := begin(reactstocks.Throttling)
		s.reserving("110") // too little
		rem := s.proposed()
		s.pass(time.Minute)
		s.redefine(func(in *cloudwatch.PutMetricAlarmInput) { in.Threshold = aws.Float64(1e9) })
		s.setState(types.StateValueAlarm) // as it is until CloudWatch evaluates it anew
		s.approve(rem)
		s.applied()
		s.expectNeverProved(v1alpha1.ReasonInconclusive, `alarm "`+reactstocks.ThrottlesAlarm+`" was edited after the change was planned`)
	})

	It("cannot tell from an alarm that is OK while users are turned away as before", func() {
		s := begin(reactstocks.Throttling)
		s.redefine(func(in *cloudwatch.PutMetricAlarmInput) { in.Threshold = aws.Float64(5000) })
		s.reserving("130") // fewer are throttled: the alarm's owner does not mind, those users do
		s.approve(s.proposed())
		s.applied()
		s.expectNeverProved(v1alpha1.ReasonInconclusive, "are still turned away")
	})

	It("sees users turned away in minutes between two looks", func() {
		s := begin(reactstocks.Throttling)
		s.redefine(func(in *cloudwatch.PutMetricAlarmInput) {
			in.Period, in.EvaluationPeriods, in.DatapointsToAlarm, in.Threshold = aws.Int32(300), aws.Int32(1), aws.Int32(1), aws.Float64(30000)
		})
		s.approve(s.proposed())
		s.applied()
		s.until("it looks once", patient, func() bool { return s.verification().Observations == 1 })
		for s.remediation().Status.EndedAt == nil { // two of five minutes, and never the one before a look
			s.offer(300)
			s.pass(2 * time.Minute)
			s.offer(150)
			s.pass(3 * time.Minute)
		}
		Expect(s.remediation()).To(HaveCondition(v1alpha1.ConditionSucceeded, "False", v1alpha1.ReasonHeld))
	})

	It("cannot tell without traffic", func() {
		s := observed()
		s.offer(0)
		s.expectNeverProved(v1alpha1.ReasonInconclusive, "no traffic")
	})

	It("cannot tell when traffic fell to what was served before the change", func() {
		s := changed()
		s.offer(90) // 100 were reserved, and about 150 asked for
		s.expectNeverProved(v1alpha1.ReasonInconclusive, "no more than were served before the change")
	})

	It("cannot tell when traffic halved", func() {
		s := changed()
		s.offer(60)
		s.expectNeverProved(v1alpha1.ReasonInconclusive, "no more than were served before the change")
	})

	It("fails when users are turned away, although somebody keeps the alarm at OK", func() {
		s := changed()
		s.offer(400)
		s.every(12, func() { s.setState(types.StateValueOk) })
		s.expectNeverProved(v1alpha1.ReasonNotFixed, "bad observations in a row")
	})

	It("starts anew when CloudWatch was away for a part of the window", func() {
		s := observedWith(long)
		outage := s.World.Faults().Add(faults.Rule{Action: "cloudwatch:*", Effect: faults.InternalError()})
		s.pass(3 * time.Minute)
		Expect(s.verification().Good).To(BeZero())
		Expect(s.verification().Last).To(Equal(v1alpha1.ObservationError))
		s.World.Faults().Remove(outage)
		back := s.Clock.Now()
		Expect(s.ended()).To(HaveCondition(v1alpha1.ConditionSucceeded, "True", v1alpha1.ReasonSucceeded))
		Expect(s.verification().GoodSince.Time).To(BeTemporally(">=", back))
	})

	It("cannot tell when CloudWatch stays away", func() {
		s := observed()
		s.World.Faults().Add(faults.Rule{Action: "cloudwatch:*", Effect: faults.InternalError()})
		s.expectNeverProved(v1alpha1.ReasonInconclusive, "the observation failed")
	})

	It("starts anew when metrics are missing for a while", func() {
		s := observed()
		s.World.Faults().Add(faults.Rule{Action: "cloudwatch:GetMetricData", Times: 1, Effect: faults.InternalError()})
		missed := s.Clock.Now()
		Expect(s.ended()).To(HaveCondition(v1alpha1.ConditionSucceeded, "True", v1alpha1.ReasonSucceeded))
		Expect(s.verification().GoodSince.Time).To(BeTemporally(">", missed))
	})

	It("starts anew after minutes in which nobody looked", func() {
		s := observedWith(long)
		s.Wall.Step(10 * time.Minute)
		s.Clock.Step(10 * time.Minute)
		s.World.AdvanceTo(s.Clock.Now())
		s.Driver.Restart(s.Driver.Controllers)
		back := s.Clock.Now()
		Expect(s.ended()).To(HaveCondition(v1alpha1.ConditionSucceeded, "True", v1alpha1.ReasonSucceeded))
		Expect(s.verification().GoodSince.Time).To(BeTemporally(">=", back))
		Expect(s.verification().LargestGapSeconds).To(BeNumerically(">=", 600), "the gap is said")
	})
})
