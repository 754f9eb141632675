package remediation_test

import (
	"fmt"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
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
