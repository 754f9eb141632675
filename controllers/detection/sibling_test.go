package detection_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

const sibling = "prod-too"

// joinedBy makes another AWSAccount of the same account, with an application in a namespace of its own.
func (s *story) joinedBy(functions ...v1alpha1.ApplicationFunction) client.ObjectKey {
	GinkgoHelper()
	namespace := s.AddNamespace("two", map[string]string{"team": "react-stocks"})
	ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(func(a *v1alpha1.AWSAccount) { a.Name = sibling }), builder.Runbook(namespace),
		builder.ServerlessApplication(namespace, func(a *v1alpha1.ServerlessApplication) {
			a.Spec.AWS.AccountRef.Name, a.Spec.Functions = sibling, functions
		}))
	s.pass(time.Minute)
	return client.ObjectKey{Namespace: namespace, Name: builder.Application}
}

func (s *story) get(key client.ObjectKey) *v1alpha1.ServerlessApplication {
	GinkgoHelper()
	return ExpectExists(s.ctx, s.Admin, &v1alpha1.ServerlessApplication{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}})
}

func (s *story) everyIncident() []v1alpha1.Incident {
	GinkgoHelper()
	list := &v1alpha1.IncidentList{}
	Expect(s.Admin.List(s.ctx, list)).To(Succeed())
	return list.Items
}

var _ = Describe("Two AWSAccounts of one account", func() {
	It("are one when it is asked whose function an alarm names", func() {
		s := watched(nil)
		two := s.joinedBy(v1alpha1.ApplicationFunction{Name: backend})
		s.fires("throttled", backend, "Throttles")
		s.pass(3 * time.Minute)

		Expect(s.everyIncident()).To(BeEmpty(), "one function must not get two Incidents, and two changes")
		for _, key := range []client.ObjectKey{{Namespace: s.Namespace, Name: builder.Application}, two} {
			Expect(s.get(key).Status.AmbiguousAlarms).To(Equal(&v1alpha1.UnmatchedAlarms{Count: 1, Names: []string{"throttled"}}), key.String())
		}

		Expect(s.Admin.Delete(s.ctx, s.get(two))).To(Succeed())
		s.pass(time.Minute)
		Expect(s.everyIncident()).To(HaveLen(1), "the function is of one application again")
		Expect(s.get(client.ObjectKey{Namespace: s.Namespace, Name: builder.Application}).Status.AmbiguousAlarms).To(BeNil())
	})

	It("each open the Incidents of their own applications, and have nothing to say of the other's alarms", func() {
		s := watched(nil)
		ExpectApplied(s.ctx, s.Admin, builder.ServerlessApplication(s.Namespace, func(a *v1alpha1.ServerlessApplication) {
			a.Spec.Functions = []v1alpha1.ApplicationFunction{{Name: backend}}
		}))
		two := s.joinedBy(v1alpha1.ApplicationFunction{Name: worker})
		s.fires("throttled", backend, "Throttles")
		s.fires("theirs", worker, "Throttles")
		s.pass(3 * time.Minute)

		list := s.everyIncident()
		Expect(list).To(HaveLen(2))
		for _, i := range list {
			Expect(i.Status.Signals).To(HaveLen(1))
			Expect(i.Spec.Signal.AlarmName).To(Equal(map[string]string{s.Namespace: "throttled", two.Namespace: "theirs"}[i.Namespace]))
		}
		for _, name := range []string{builder.Account, sibling} {
			a := ExpectExists(s.ctx, s.Admin, builder.AWSAccount(func(a *v1alpha1.AWSAccount) { a.Name = name }))
			Expect(a.Status.UnmatchedAlarms).To(BeNil(), name)
		}
	})
})

var _ = Describe("An alarm on a metric of another account", func() {
	It("belongs to nobody, though a function here has the name", func() {
		s := watched(nil)
		s.World.LinkAccount("999999999999")
		Expect(s.World.PutMetricAlarm(s.ctx, &cloudwatch.PutMetricAlarmInput{
			AlarmName: aws.String("staging throttled"), Threshold: aws.Float64(-1), EvaluationPeriods: aws.Int32(1),
			ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, TreatMissingData: aws.String("breaching"),
			Metrics: []types.MetricDataQuery{{
				Id: aws.String("m1"), AccountId: aws.String("999999999999"), ReturnData: aws.Bool(true),
				MetricStat: &types.MetricStat{Stat: aws.String("Sum"), Period: aws.Int32(60), Metric: &types.Metric{
					Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Throttles"),
					Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(backend)}},
				}},
			}},
		})).To(Succeed())
		s.pass(3 * time.Minute)
		Expect(s.incidents()).To(BeEmpty())
		Expect(s.account().Status.UnmatchedAlarms).To(Equal(&v1alpha1.UnmatchedAlarms{Count: 1, Names: []string{"staging throttled"}}))
	})
})
