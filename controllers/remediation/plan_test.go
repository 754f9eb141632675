package remediation_test

import (
	"fmt"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var _ = Describe("A function that more alarms watch than one plan is proved by", func() {
	It("is not changed upon those that have room", func() {
		s := begin()
		for n := range 33 {
			Expect(s.World.PutMetricAlarm(s.ctx, &cloudwatch.PutMetricAlarmInput{
				AlarmName: awssdk.String(fmt.Sprintf("watcher %d", n)), Namespace: awssdk.String("AWS/Lambda"), MetricName: awssdk.String("Errors"),
				Dimensions: []types.Dimension{{Name: awssdk.String("FunctionName"), Value: awssdk.String(reactstocks.BackendFunction)}},
				Statistic:  types.StatisticSum, Period: awssdk.Int32(60), EvaluationPeriods: awssdk.Int32(1), Threshold: awssdk.Float64(1e9),
				ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
			})).To(Succeed())
		}
		rem := builder.Remediation(s.Namespace)
		Expect(s.Admin.Create(s.ctx, rem)).To(Succeed())
		rem = s.ends(rem, patient)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionPlanned, metav1.ConditionFalse, v1alpha1.ReasonTooManyAlarms))
		Expect(s.calls()).To(BeEmpty())
	})
})

var _ = Describe("A timeout whose caller's patience nobody declared", func() {
	declare := func(s *story, callerTimeout string) {
		GinkgoHelper()
		app := ExpectExists(s.ctx, s.Admin, builder.ServerlessApplication(s.Namespace))
		for i := range app.Spec.Functions {
			app.Spec.Functions[i].CallerTimeout = callerTimeout
		}
		Expect(s.Admin.Update(s.ctx, app)).To(Succeed())
	}

	It("waits for the declaration without a word more, and is planned as soon as it is there", func() {
		s := begin()
		declare(s, "")
		rem := builder.Remediation(s.Namespace, timing(reactstocks.NewsSyncFunction, 45))
		Expect(s.Admin.Create(s.ctx, rem)).To(Succeed())
		s.pass(time.Minute)
		rem = s.get(rem.Name)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionPlanned, metav1.ConditionFalse, v1alpha1.ReasonCallerTimeoutUnknown))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonCallerTimeoutUnknown))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonCallerTimeoutUnknown))
		ExpectEvents(s.ctx, s.Admin, rem, v1alpha1.ReasonCallerTimeoutUnknown)
		mark := s.World.Ledger().Len()
		s.pass(time.Hour)
		Expect(s.get(rem.Name).ResourceVersion).To(Equal(rem.ResourceVersion))
		Expect(s.World.Ledger().Count(ledger.After(mark), ledger.ByRole(role), ledger.ByAction("lambda:GetFunction"))).To(BeNumerically("<=", 13), "once in five minutes")

		declare(s, "1m")
		s.until("it is planned", 5*time.Second, func() bool { return s.reason(rem.Name, v1alpha1.ConditionApproved) == v1alpha1.ReasonAwaitingApproval })
		Expect(s.get(rem.Name).Status.Plan.Summary).To(Equal("timeout 10 s → 45 s"))
		Expect(s.get(rem.Name)).To(HaveNoCondition(v1alpha1.ConditionStalled))
	})

	It("ends when its time is over", func() {
		s := begin()
		declare(s, "")
		rem := builder.Remediation(s.Namespace, timing(reactstocks.NewsSyncFunction, 45), func(r *v1alpha1.Remediation) {
			r.Spec.NotAfter = metav1.NewTime(s.Clock.Now().Add(time.Hour))
		})
		Expect(s.Admin.Create(s.ctx, rem)).To(Succeed())
		Expect(s.ends(rem, 2*time.Hour)).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonExpired))
		Expect(s.calls()).To(BeEmpty())
	})

	It("is not made upon an approval while the declaration is gone, and is upon the same plan once it is back", func() {
		s := begin()
		rem := s.asks(timing(reactstocks.NewsSyncFunction, 45))
		declare(s, "")
		s.approves(rem)
		s.pass(10 * time.Minute)
		Expect(s.calls()).To(BeEmpty())
		Expect(s.get(rem.Name)).To(HaveCondition(v1alpha1.ConditionApplied, metav1.ConditionFalse, v1alpha1.ReasonCallerTimeoutUnknown))
		declare(s, "1m")
		s.until("it is applied", patient, func() bool { return s.get(rem.Name).Status.AppliedAt != nil })
		Expect(s.get(rem.Name).Status.Plan.Digest).To(Equal(rem.Status.Plan.Digest))
		Expect(s.changed()).To(HaveLen(1))
	})
})
