package detection_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var _ = Describe("An operator that was down", func() {
	It("opens an Incident for an alarm that fired and recovered meanwhile, once, and follows it to its recovery", func() {
		s := watched(nil)
		s.pass(2 * time.Minute)
		s.down(4 * time.Minute)
		s.fires("throttled", backend, "Throttles")
		s.down(2 * time.Minute)
		s.recovers("throttled", backend, "Throttles")
		s.down(2 * time.Minute)
		s.start()
		s.pass(time.Minute)

		incident := s.incident()
		Expect(incident.Spec.Signal.AlarmName).To(Equal("throttled"))
		Expect(states(incident)).To(Equal(map[string]v1alpha1.AlarmState{"throttled": v1alpha1.AlarmOK}))
		Expect(incident.Status.Signals[0].TransitionedAt.After(incident.Spec.Signal.TransitionedAt.Time)).To(BeTrue())

		s.resolve(incident)
		s.start()
		s.pass(time.Minute)
		Expect(s.incidents()).To(HaveLen(1), "the next start reads the same history, and knows the transition")
	})

	It("finds what fired and recovered in less than the status shows", func() {
		s := watched(nil)
		s.fires("throttled", backend, "Throttles")
		s.down(70 * time.Second)
		s.recovers("throttled", backend, "Throttles")
		s.down(70 * time.Second)
		s.start()
		s.pass(time.Minute)
		Expect(s.incidents()).To(HaveLen(1))
	})

	It("opens nothing for what was over before an application was watched", func() {
		s := drive(nil)
		s.fires("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)
		s.recovers("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(), builder.Runbook(s.Namespace), builder.ServerlessApplication(s.Namespace))
		s.pass(time.Minute)
		s.down(10 * time.Minute)
		s.start()
		s.pass(time.Minute)
		Expect(s.incidents()).To(BeEmpty())
		Expect(s.application().Status.PreexistingAlarms).To(BeEmpty())
	})

	It("looks back again when it may, and reads alarms meanwhile", func() {
		s := watched(nil)
		s.pass(time.Minute)
		s.fires("throttled", backend, "Throttles")
		s.down(2 * time.Minute)
		s.recovers("throttled", backend, "Throttles")
		s.fires("throttled too", worker, "Throttles")
		s.down(10 * time.Minute)
		policy := iam.Allow("sts:*", "cloudwatch:DescribeAlarms")
		s.World.IAM().SetRolePolicy(reactstocks.AccountRoleARN, &policy)
		s.start()
		s.pass(time.Minute)
		Expect(states(s.incident())).To(HaveLen(1), "what is in ALARM is seen without the history")
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionDetecting, metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))

		s.World.IAM().SetRolePolicy(reactstocks.AccountRoleARN, nil)
		s.pass(time.Minute)
		Expect(states(s.incident())).To(Equal(map[string]v1alpha1.AlarmState{
			"throttled": v1alpha1.AlarmOK, "throttled too": v1alpha1.AlarmFiring,
		}))
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionDetecting, metav1.ConditionTrue, v1alpha1.ReasonAlarmsRead))
	})

	It("asks for the history once at the start, and not at all while it reads", func() {
		s := watched(nil)
		s.pass(20 * time.Minute)
		asked := ledger.ByAction("cloudwatch:DescribeAlarmHistory")
		Expect(s.World.Ledger().Count(asked)).To(BeZero())
		s.start()
		s.pass(20 * time.Minute)
		Expect(s.World.Ledger().Count(asked)).To(Equal(1))
	})
})

var _ = Describe("More alarms than the budget of calls", func() {
	It("are all read, a few pages a second, and opened as one Incident", func() {
		s := watched(nil)
		for i := range 1000 {
			s.fires(fmt.Sprintf("throttled-%04d", i), backend, "Throttles")
		}
		s.pass(2 * time.Minute)
		Expect(states(s.incident())).To(HaveLen(32))
		Expect(s.application().Status.UnmatchedAlarms.Count).To(BeEquivalentTo(1000-32), "the others are shown")
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionDetecting, metav1.ConditionTrue, v1alpha1.ReasonAlarmsRead))
	})
})
