package detection_test

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var _ = Describe("A muted alarm", func() {
	It("opens an Incident that says so, and that says when it is muted no longer", func() {
		s := watched(nil)
		s.fires("throttled", backend, "Throttles")
		s.mute("throttled", 3*time.Minute)
		s.pass(2 * time.Minute)
		Expect(s.incident().Spec.Signal.Silenced).To(BeTrue())
		Expect(s.incident().Status.Signals[0].Silenced).To(BeTrue())
		Expect(s.incident().Status.Signals[0].State).To(Equal(v1alpha1.AlarmFiring))

		s.pass(2 * time.Minute)
		Expect(s.incident().Status.Signals[0].Silenced).To(BeFalse(), "the rule's window is over")
		Expect(s.incident().Spec.Signal.Silenced).To(BeTrue(), "as it was when the Incident was opened")
	})

	It("costs one call a reading, however many alarms there are", func() {
		s := watched(nil)
		s.fires("throttled", backend, "Throttles")
		s.mute("throttled", time.Hour)
		s.pass(3 * time.Minute)
		listed, got := s.World.Ledger().Count(ledger.ByAction("cloudwatch:ListAlarmMuteRules")), s.World.Ledger().Count(ledger.ByAction("cloudwatch:GetAlarmMuteRule"))
		s.pass(5 * time.Minute)
		Expect(s.World.Ledger().Count(ledger.ByAction("cloudwatch:ListAlarmMuteRules")) - listed).To(Equal(10))
		Expect(s.World.Ledger().Count(ledger.ByAction("cloudwatch:GetAlarmMuteRule"))).To(Equal(got))
	})

	It("counts as not muted while its rules cannot be read: no Incident waits for them, and the account says what is missing", func() {
		s := watched(nil)
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionDetecting, metav1.ConditionTrue, v1alpha1.ReasonAlarmsRead))
		rest := iam.Allow("sts:*", "cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory", "cloudwatch:GetAlarmMuteRule")
		s.World.IAM().SetRolePolicy(reactstocks.AccountRoleARN, &rest)
		s.fires("throttled", backend, "Throttles")
		s.mute("throttled", time.Hour)
		s.pass(2 * time.Minute)
		Expect(s.incident().Spec.Signal.Silenced).To(BeFalse())
		account := s.account()
		Expect(account).To(HaveCondition(v1alpha1.ConditionDetecting, metav1.ConditionTrue, v1alpha1.ReasonMutingUnknown))
		Expect(messageOf(account.Status.Conditions, v1alpha1.ConditionDetecting)).To(HaveSuffix("none counts as muted: " + reactstocks.Region +
			": reading alarm mute rules: the role may not call cloudwatch:ListAlarmMuteRules: allow it in the role's IAM policy"))
		Expect(ExpectEvents(s.ctx, s.Admin, account, v1alpha1.ReasonMutingUnknown)).To(HaveLen(1))

		s.World.IAM().SetRolePolicy(reactstocks.AccountRoleARN, nil)
		s.pass(time.Minute)
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionDetecting, metav1.ConditionTrue, v1alpha1.ReasonAlarmsRead))
		Expect(s.incident().Status.Signals[0].Silenced).To(BeTrue(), "it is known now")
	})
})

// mute mutes an alarm from now on, for a time.
func (s *story) mute(alarm string, d time.Duration) {
	GinkgoHelper()
	_, err := s.platform().PutAlarmMuteRule(s.ctx, &cloudwatch.PutAlarmMuteRuleInput{
		Name: aws.String("maintenance"), MuteTargets: &types.MuteTargets{AlarmNames: []string{alarm}},
		Rule: &types.Rule{Schedule: &types.Schedule{
			Expression: aws.String(s.Clock.Now().UTC().Format("at(2006-01-02T15:04)")), Duration: aws.String(fmt.Sprintf("PT%dM", int(d.Minutes()))),
		}},
	})
	Expect(err).NotTo(HaveOccurred())
}
