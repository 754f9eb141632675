//go:build fault

package truth_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

// throttleNews gives the news worker an alarm on throttles, and a reserved concurrency that it exceeds.
func (s *story) throttleNews() {
	GinkgoHelper()
	_, err := s.functions().PutFunctionConcurrency(s.ctx, &lambda.PutFunctionConcurrencyInput{
		FunctionName: aws.String(reactstocks.NewsSyncFunction), ReservedConcurrentExecutions: aws.Int32(5),
	})
	Expect(err).NotTo(HaveOccurred())
	_, err = s.alarms().PutMetricAlarm(s.ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("news throttles"), Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Throttles"),
		Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(reactstocks.NewsSyncFunction)}},
		Statistic:  types.StatisticSum, Period: aws.Int32(60), Threshold: aws.Float64(0),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		EvaluationPeriods:  aws.Int32(3), DatapointsToAlarm: aws.Int32(2), TreatMissingData: aws.String("notBreaching"),
	})
	Expect(err).NotTo(HaveOccurred())
}

// news sets the arrivals of the news worker, a second.
func (s *story) news(arrivals float64) {
	s.World.SetTraffic(traffic.Workload{
		Function: reactstocks.NewsSyncFunction, Arrivals: traffic.Steady(arrivals), Duration: traffic.Steady(3), Spread: 0.3, ErrorRate: traffic.Steady(0.001),
	})
}

func (s *story) reject(rem *v1alpha1.Remediation) {
	GinkgoHelper()
	person := environment.As(GinkgoTB(), rest.ImpersonationConfig{UserName: alice, Groups: []string{"system:authenticated"}})
	Expect(person.Create(s.ctx, builder.Approval(rem, func(a *v1alpha1.Approval) { a.Spec.Decision = v1alpha1.DecisionRejected }))).To(Succeed())
}

func (s *story) remediations() []v1alpha1.Remediation {
	GinkgoHelper()
	var list v1alpha1.RemediationList
	Expect(s.Admin.List(s.ctx, &list, client.InNamespace(s.Namespace))).To(Succeed())
	return list.Items
}

var _ = Describe("An Incident of two functions", func() {
	It("that a person opened is not over when one of them is well: the other gets a proposal of its own", func() {
		s := &story{ctx: GinkgoT().Context(), Fixture: environment.NewFixture(GinkgoTB(), env.Options{
			Controllers: controllers.All, Scenario: reactstocks.Throttling,
		})}
		s.Bind(alice, "runbook-operator-approver")
		s.InstallLibrary()
		s.throttleNews()
		s.pass(10 * time.Minute) // both alarms are in ALARM before anybody watches
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(), builder.ServerlessApplication(s.Namespace))
		s.pass(2 * time.Minute)
		ExpectApplied(s.ctx, s.Admin, builder.Incident(s.Namespace, func(i *v1alpha1.Incident) {
			i.Spec.RunbookRefs, i.Spec.Functions = []v1alpha1.LocalReference{{Name: "lambda-throttling"}}, nil
		}))
		first := s.proposed()
		s.approve(first)
		s.until("the first change is proved", over, func() bool {
			return conditions.IsTrue(ExpectExists(s.ctx, s.Admin, first).Status.Conditions, v1alpha1.ConditionSucceeded)
		})
		second := s.proposed()
		Expect(second.Spec.Target.FunctionName).NotTo(Equal(first.Spec.Target.FunctionName))
		Expect(s.resolved()).To(BeFalse())
		s.approve(second)
		s.until("the Incident is over", over, s.resolved)
		Expect(s.incident()).To(HaveCondition(v1alpha1.ConditionResolved, "True", v1alpha1.ReasonRemediated))
		Expect(s.changes()).To(HaveLen(2))
	})

	It("lets go of the plan for the one that recovered, and answers the other", func() {
		s := begin(reactstocks.Throttling)
		s.throttleNews()
		first := s.proposed()
		Expect(first.Spec.Target.FunctionName).To(BeEquivalentTo(reactstocks.NewsSyncFunction))
		s.news(0.3)
		s.until("the plan is withdrawn", time.Hour, func() bool {
			return conditions.Reason(ExpectExists(s.ctx, s.Admin, first).Status.Conditions, v1alpha1.ConditionSucceeded) == v1alpha1.ReasonWithdrawn
		})
		Expect(s.proposed().Spec.Target.FunctionName).To(BeEquivalentTo(reactstocks.BackendFunction))
		s.pass(30 * time.Minute)
		Expect(s.remediations()).To(HaveLen(2), "the one that is quiet is not proposed again")
	})

	It("that a person opened for one of them looks at the other too when its alarm joins", func() {
		s := begin(reactstocks.Steady)
		s.pass(2 * time.Minute)
		ExpectApplied(s.ctx, s.Admin, builder.Incident(s.Namespace, func(i *v1alpha1.Incident) {
			i.Spec.RunbookRefs = []v1alpha1.LocalReference{{Name: "lambda-timeouts"}}
			i.Spec.Functions = []v1alpha1.FunctionName{reactstocks.NewsSyncFunction}
		}))
		s.pass(5 * time.Minute)
		s.offer(150)
		Expect(s.proposed().Spec.Target.FunctionName).To(BeEquivalentTo(reactstocks.BackendFunction))
	})

	It("takes no credit for what a person changes elsewhere in its name", func() {
		s := begin(reactstocks.Throttling)
		s.reject(s.proposed())
		s.pass(time.Minute)
		inc := s.incident()
		ExpectApplied(s.ctx, s.Admin, builder.Remediation(s.Namespace, func(r *v1alpha1.Remediation) {
			r.Name = "zz-elsewhere"
			r.Spec.IncidentRef = &v1alpha1.UIDReference{Name: inc.Name, UID: string(inc.UID)}
			r.Spec.Target.FunctionName = reactstocks.NewsSyncFunction
			r.Spec.Action = v1alpha1.Action{SetTimeout: &v1alpha1.SetTimeout{Seconds: 45}}
		}))
		s.approve(s.proposed())
		Expect(s.ended()).To(HaveCondition(v1alpha1.ConditionSucceeded, "True", v1alpha1.ReasonSucceeded))
		s.offer(60)
		s.until("the Incident is over", time.Hour, s.resolved)
		Expect(s.incident()).To(HaveCondition(v1alpha1.ConditionResolved, "True", v1alpha1.ReasonRecoveredWithoutChange))
	})
})

var _ = Describe("An Incident that goes on", func() {
	It("is diagnosed anew: what explained it may be over", func() {
		s := begin(reactstocks.Steady)
		s.reserve(0)
		s.until("the stop is noticed", patient, func() bool {
			return conditions.Reason(s.incidentOrNone().Status.Conditions, v1alpha1.ConditionResolved) == v1alpha1.ReasonInstructed
		})
		s.reserve(40)
		s.proposed()
		Expect(conditions.Reason(s.incident().Status.Conditions, v1alpha1.ConditionDiagnosed)).To(Equal("ReservedConcurrencyTooLow"))
	})

	It("is over when its alarms recover after a plan was rejected, and the next outage is a new one", func() {
		s := begin(reactstocks.RecoversByItself)
		s.reject(s.proposed())
		s.until("the Incident is over", time.Hour, s.resolved)
		Expect(s.incident()).To(HaveCondition(v1alpha1.ConditionResolved, "True", v1alpha1.ReasonRecoveredWithoutChange))
		s.pass(time.Hour)
		s.offer(300)
		s.until("a second Incident proposes", patient, func() bool { return len(s.remediations()) == 2 })
	})

	It("tells when its alarm is in ALARM again while a change is held for a person", func() {
		s := changed()
		s.offer(0) // nobody can tell whether it helped
		s.ended()
		s.offer(60)
		s.until("the alarm is OK", time.Hour, func() bool { return s.incident().Status.RecoveredSince != nil })
		s.pass(30 * time.Minute)
		read := s.incident().Status.Evidence[0].At
		s.offer(400)
		s.pass(20 * time.Minute)
		inc := s.incident()
		Expect(inc).To(HaveCondition(v1alpha1.ConditionResolved, "False", v1alpha1.ReasonHeldForPerson))
		Expect(ExpectEvents(s.ctx, s.Admin, inc, v1alpha1.ReasonFiringAgain)).NotTo(BeEmpty())
		Expect(inc.Status.Evidence[0].At.Time).To(BeTemporally(">", read.Time), "what is shown is of now")
		Expect(s.changes()).To(HaveLen(1))
	})
})

// incidentOrNone returns the Incident, or an empty one before there is any.
func (s *story) incidentOrNone() *v1alpha1.Incident {
	GinkgoHelper()
	var list v1alpha1.IncidentList
	Expect(s.Admin.List(s.ctx, &list, client.InNamespace(s.Namespace))).To(Succeed())
	if len(list.Items) == 0 {
		return &v1alpha1.Incident{}
	}
	return &list.Items[0]
}
