//go:build fault

package detection_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/sim/sqs"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var _ = DescribeTable("An operator that is away while an alarm fires and recovers finds it when it is back, once",
	func(how reactstocks.Delivery, away time.Duration) {
		s := watched()
		a, b := s.alarm("a throttled", backend, "Throttles"), s.alarm("b failing", worker, "Errors")
		s.pass(2 * time.Minute)
		reactstocks.Deliver(s.World, how)
		s.gone(func() {
			s.down(away / 2)
			s.to(firing, a)
			s.down(20 * time.Second)
			s.to(fine, a)
			s.to(firing, b)
			s.down(30 * time.Second)
			s.to(fine, b)
			s.to(firing, a)
			s.down(away / 2)
			s.to(fine, a)
		})
		s.start()
		s.pass(shown)
		s.resolve()
		s.start()
		s.pass(shown)
		s.expectJust(s.Namespace, builder.Application, a, b)
		Expect(s.incidents()).To(HaveLen(1))
		Expect(s.left()).To(BeZero())
	},
	Entry("for a minute, told by the queue", reactstocks.EventBridge, time.Minute),
	Entry("for ten minutes, told by both", reactstocks.Both, 10*time.Minute),
	Entry("for ten minutes, told by nobody", reactstocks.Nothing, 10*time.Minute),
	Entry("for five hours, told by nobody", reactstocks.Nothing, 5*time.Hour),
)

var _ = Describe("An operator that is away for longer than it looks back", func() {
	It("opens what goes on, leaves what is more than a day ago, and says that more happened than it looks up", func() {
		s := watched()
		a, b := s.alarm("a throttled", backend, "Throttles"), s.alarm("b failing", worker, "Errors")
		s.pass(2 * time.Minute)
		reactstocks.Deliver(s.World, reactstocks.Nothing)
		s.to(firing, a)
		s.down(10 * time.Second)
		s.to(fine, a)
		s.down(25 * time.Hour)
		for range 5 { // two changes of 501 alarms each; 5,000 are looked up
			storm := s.storm("somebody else's", 501, "somebody-elses-function", "Errors")
			s.down(time.Minute)
			s.calm(storm, "somebody-elses-function", "Errors")
			s.down(time.Minute)
		}
		s.to(firing, b)
		s.start()
		s.pass(2 * time.Minute)
		s.expectJust(s.Namespace, builder.Application, b)
		Expect(s.incidents()).To(HaveLen(1))
		Expect(ExpectEvents(s.ctx, s.Admin, s.account(), v1alpha1.ReasonHistoryTruncated)).NotTo(BeEmpty())
	})
})

var _ = DescribeTable("While the queue cannot be received from alarms are read, and what it kept is followed afterwards",
	func(reason string, begin func(*story), end func(*story)) {
		s := watched()
		a, b := s.alarm("a throttled", backend, "Throttles"), s.alarm("b failing", worker, "Errors")
		s.pass(told)
		begin(s)
		s.to(firing, a)
		s.pass(shown)
		Expect(s.incidents()).To(HaveLen(1), "by the reading of all alarms")
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionReceiving, metav1.ConditionFalse, reason))
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionDetecting, metav1.ConditionTrue, v1alpha1.ReasonAlarmsRead))
		s.to(fine, a)
		s.pass(10 * time.Minute)
		s.resolve()
		end(s)
		s.pass(time.Minute)
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionReceiving, metav1.ConditionTrue, v1alpha1.ReasonQueuesRead))
		s.to(firing, b)
		s.pass(told)
		Expect(s.incidents()).To(HaveLen(2), "as fast as ever")
		s.expectJust(s.Namespace, builder.Application, a, b)
		Expect(s.left()).To(BeZero())
	},
	Entry("it was deleted, and is made again", v1alpha1.ReasonQueueNotFound,
		func(s *story) { s.World.DeleteQueue(reactstocks.AlarmQueue) },
		func(s *story) { s.World.CreateQueue(sqs.Queue{Name: reactstocks.AlarmQueue}) }),
	Entry("the role may not, and then may", v1alpha1.ReasonAccessDenied,
		func(s *story) {
			policy := iam.Allow("sts:*", "cloudwatch:*")
			s.World.IAM().SetRolePolicy(reactstocks.AccountRoleARN, &policy)
		},
		func(s *story) { s.World.IAM().SetRolePolicy(reactstocks.AccountRoleARN, nil) }),
	Entry("SQS is away for ten minutes", v1alpha1.ReasonAWSUnavailable,
		func(s *story) { s.World.Outage("sqs", 10*time.Minute, faults.Unavailable()) }, func(*story) {}),
)

var _ = Describe("CloudWatch away for ten minutes", func() {
	It("keeps every message until it confirms them", func() {
		s := watched()
		a := s.alarm("a throttled", backend, "Throttles")
		s.pass(told)
		s.gone(func() {
			s.to(firing, a)
			outage := s.World.Faults().Add(faults.Rule{Action: "cloudwatch:DescribeAlarm*", Effect: faults.Unavailable()})
			s.pass(5 * time.Minute)
			s.to(fine, a)
			s.pass(5 * time.Minute)
			Expect(s.incidents()).To(BeEmpty())
			Expect(s.left()).NotTo(BeZero())
			s.World.Faults().Remove(outage)
		})
		s.pass(2 * time.Minute)
		s.expectJust(s.Namespace, builder.Application, a)
		Expect(s.left()).To(BeZero(), fmt.Sprint(s.ignored()))
	})
})
