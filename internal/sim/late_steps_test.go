package sim_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	lm "github.com/aws/aws-sdk-go-v2/service/lambda"
	sqssdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	. "github.com/onsi/gomega"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/sqs"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
)

// abandon makes a call that takes effect so much later, and gives up as soon as it is in the ledger.
func (h *harness) abandon(action string, late time.Duration, call func(context.Context) error) {
	h.t.Helper()
	h.Faults().Add(faults.Rule{Action: action, Times: 1, Effect: faults.HangThenApply(late)})
	ctx, cancel := context.WithCancel(h.t.Context())
	defer cancel()
	done := make(chan error, 1)
	before := h.Ledger().Len()
	go func() { done <- call(ctx) }()
	h.g.Eventually(h.Ledger().Len).Should(Equal(before + 1))
	cancel()
	h.g.Expect(<-done).To(MatchError(context.Canceled))
}

// messages are the first messages of a queue with all that is told of them.
func (h *harness) messages(queue string) string {
	h.t.Helper()
	out, err := sqssdk.NewFromConfig(h.cfg).ReceiveMessage(h.t.Context(), &sqssdk.ReceiveMessageInput{
		QueueUrl: aws.String(h.QueueURL(queue)), MaxNumberOfMessages: 10,
		MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{sqstypes.MessageSystemAttributeNameSentTimestamp},
	})
	h.g.Expect(err).NotTo(HaveOccurred())
	text := ""
	for _, m := range out.Messages {
		text += fmt.Sprintln(m.Attributes, aws.ToString(m.Body))
	}
	return text
}

// firstDifference is the first line in which two texts differ.
func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			same := 0
			for same < min(len(a[i]), len(b[i])) && a[i][same] == b[i][same] {
				same++
			}
			a[i], b[i] = a[i][max(0, same-100):], b[i][max(0, same-100):]
			return fmt.Sprintf("- %.400s\n+ %.400s", a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, %d lines", len(a), len(b))
}

func TestLateCallsLeaveTheSameHistoryWhateverTheSteps(t *testing.T) {
	run := func(seed uint64, step func() time.Duration) string {
		random := rand.New(rand.NewPCG(seed, 1))
		late := func() time.Duration {
			return time.Minute + time.Duration(random.Int64N(int64(4*time.Minute))).Round(time.Second/20)
		}
		h := newHarness(t, sim.Options{Seed: 17, Start: start.Add(300 * time.Millisecond)}, lambda.Function{})
		h.Quotas().Disable()
		h.CreateQueue(sqs.Queue{Name: "alarms"})
		h.Subscribe(topic, "alarms")
		h.g.Expect(h.PutMetricAlarm(t.Context(), &cw.PutMetricAlarmInput{
			AlarmName: aws.String("drilled"), Namespace: aws.String("Nothing"), MetricName: aws.String("Nothing"),
			Statistic: cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(0),
			ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("ignore"),
			AlarmActions: []string{topic},
		})).To(Succeed())
		h.arrive(traffic.Workload{Arrivals: traffic.Steady(200).WithNoise(0.05), Duration: traffic.Steady(0.5)})
		h.abandon("lambda:PutFunctionConcurrency", late(), func(ctx context.Context) error {
			_, err := h.lambda.PutFunctionConcurrency(ctx, &lm.PutFunctionConcurrencyInput{
				FunctionName: aws.String(function), ReservedConcurrentExecutions: aws.Int32(60),
			})
			return err
		})
		h.abandon("lambda:UpdateFunctionConfiguration", late(), func(ctx context.Context) error {
			_, err := h.lambda.UpdateFunctionConfiguration(ctx, &lm.UpdateFunctionConfigurationInput{
				FunctionName: aws.String(function), Timeout: aws.Int32(1),
			})
			return err
		})
		h.abandon("cloudwatch:SetAlarmState", late(), func(ctx context.Context) error {
			_, err := h.cloudwatch.SetAlarmState(ctx, &cw.SetAlarmStateInput{
				AlarmName: aws.String("drilled"), StateValue: cwtypes.StateValueAlarm, StateReason: aws.String("drill"),
			})
			return err
		})
		_, err := h.cloudwatch.PutAlarmMuteRule(t.Context(), &cw.PutAlarmMuteRuleInput{
			Name: aws.String("maintenance"), MuteTargets: &cwtypes.MuteTargets{AlarmNames: []string{"drilled"}},
			Rule:       &cwtypes.Rule{Schedule: &cwtypes.Schedule{Expression: aws.String("at(2026-11-23T09:00)"), Duration: aws.String("PT2H")}},
			ExpireDate: aws.Time(start.Add(6*time.Minute + 700*time.Millisecond)),
		})
		h.g.Expect(err).NotTo(HaveOccurred())
		h.abandon("cloudwatch:DeleteAlarmMuteRule", late(), func(ctx context.Context) error {
			_, err := h.cloudwatch.DeleteAlarmMuteRule(ctx, &cw.DeleteAlarmMuteRuleInput{AlarmMuteRuleName: aws.String("maintenance")})
			return err
		})
		end := start.Add(8 * time.Minute)
		for now := h.Now(); now.Before(end); {
			if now = now.Add(step()); now.After(end) {
				now = end
			}
			h.AdvanceTo(now)
		}
		out := h.history()
		for _, e := range h.Ledger().Entries() {
			out += fmt.Sprintln(e.Action(), e.At, e.Late, e.Changed)
		}
		return out + h.messages("alarms")
	}
	for seed := range uint64(3) {
		jump := run(seed, func() time.Duration { return time.Hour })
		random := rand.New(rand.NewPCG(seed, 2))
		for name, step := range map[string]func() time.Duration{
			"seconds":         func() time.Duration { return time.Second },
			"quarter seconds": func() time.Duration { return 250 * time.Millisecond },
			"drawn":           func() time.Duration { return time.Duration(random.Int64N(int64(3 * time.Second))) },
		} {
			if got := run(seed, step); got != jump {
				t.Errorf("seed %d: steps of %s leave another history than one jump:\n%s", seed, name, firstDifference(jump, got))
			}
		}
	}
}
