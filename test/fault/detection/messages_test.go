//go:build fault

package detection_test

import (
	"encoding/json"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/controllers"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/sim/sqs"
	"github.com/runbook-operator/runbook-operator/test/builder"
)

// event is what EventBridge sends of an alarm, for messages that it does not send.
func event(account, region, name, state string, at time.Time) string {
	body, err := json.Marshal(map[string]any{
		"version": "0", "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch", "account": account, "region": region,
		"time": at.UTC().Format(time.RFC3339), "resources": []string{fmt.Sprintf("arn:aws:cloudwatch:%s:%s:alarm:%s", region, account, name)},
		"detail": map[string]any{"alarmName": name, "state": map[string]any{
			"value": state, "timestamp": at.UTC().Format("2006-01-02T15:04:05.000-0700"),
		}},
	})
	Expect(err).NotTo(HaveOccurred())
	return string(body)
}

var _ = DescribeTable("However messages come, every fire has one Incident, and no message is left",
	func(how reactstocks.Delivery, d sqs.Delivery) {
		s := watched()
		reactstocks.Deliver(s.World, how)
		Expect(s.World.SetDelivery(reactstocks.AlarmQueue, d)).To(BeTrue())
		a, b := s.alarm("a throttled", backend, "Throttles"), s.alarm("b failing", worker, "Errors")
		for range 3 {
			s.to(firing, a)
			s.pass(17 * time.Second)
			s.to(firing, b)
			s.pass(shown)
			s.to(fine, a, b)
			s.pass(shown)
			s.resolve()
			s.pass(7 * time.Second)
		}
		s.pass(shown)
		s.expectJust(s.Namespace, builder.Application, a, b)
		Expect(s.incidents()).To(HaveLen(3))
		Expect(s.left()).To(BeZero())
		Expect(s.ignored()).To(BeEmpty())
	},
	Entry("once, by EventBridge", reactstocks.EventBridge, sqs.Delivery{}),
	Entry("once, by SNS", reactstocks.SNS, sqs.Delivery{}),
	Entry("by both, twice and in any order", reactstocks.Both, sqs.Delivery{Duplicate: 1, Reorder: true}),
	Entry("a third of them never", reactstocks.EventBridge, sqs.Delivery{Lose: 0.33, Duplicate: 0.5}),
	Entry("never", reactstocks.Nothing, sqs.Delivery{}),
)

var _ = Describe("Push and poll", func() {
	It("see one transition at once, in either order and in the same second, and open one Incident", func() {
		s := watched()
		a := s.alarm("a throttled", backend, "Throttles")
		for i, before := range []time.Duration{0, time.Millisecond, 500 * time.Millisecond, time.Second, 5 * time.Second} {
			// The next reading of all alarms is due at a moment that the last one says.
			s.pass(s.untilReading() - before)
			s.to(firing, a)
			s.pass(before + time.Millisecond)
			s.pass(told)
			Expect(s.incidents()).To(HaveLen(i+1), "%s before the reading", before)
			s.to(fine, a)
			s.pass(shown)
			s.resolve()
		}
		s.expectJust(s.Namespace, builder.Application, a)
	})

	It("do not open a second Incident for an alarm that fires and recovers within one second", func() {
		s := watched()
		a := s.alarm("a throttled", backend, "Throttles")
		s.pass(s.untilReading() + 100*time.Millisecond)
		s.Clock.SetTime(s.Clock.Now().Truncate(time.Second).Add(1100 * time.Millisecond))
		s.World.AdvanceTo(s.Clock.Now())
		s.to(firing, a)
		s.pass(300 * time.Millisecond)
		s.to(fine, a)
		s.pass(shown)
		Expect(s.incidents()).To(HaveLen(1))
		s.resolve()
		for _, f := range s.fires(a) {
			s.send(event(reactstocks.AccountID, reactstocks.Region, a, "ALARM", f.at))
		}
		s.pass(shown)
		s.start() // and looks back
		s.pass(shown)
		s.expectJust(s.Namespace, builder.Application, a)
	})
})

// untilReading is how long it is until all alarms are read again.
func (s *story) untilReading() time.Duration {
	GinkgoHelper()
	trace := s.Driver.Trace()
	for i := len(trace) - 1; i >= 0; i-- {
		if trace[i].Controller == "detection" && trace[i].Result.RequeueAfter > 0 {
			return trace[i].At.Add(trace[i].Result.RequeueAfter).Sub(s.Clock.Now())
		}
	}
	Fail("the alarms were never read")
	return 0
}

var _ = Describe("A message that means nothing", func() {
	It("is counted by its reason and deleted, whatever it is, and keeps no other from being followed", func() {
		s := watched()
		a := s.alarm("a throttled", backend, "Throttles")
		stranger := s.alarm("stranger", "somebody-elses-function", "Errors")
		s.pass(told)
		now := s.Clock.Now()
		s.send("{", `"text"`, "null", "[]", `{"detail-type": 7}`, `{"TopicArn": "t", "Type": "Notification", "Message": "{\"AlarmName\": 7}"}`,
			`{"source": "aws.health", "detail-type": "AWS Health Event"}`, `{"TopicArn": "t", "Type": "SubscriptionConfirmation", "Message": "x"}`,
			event("999999999999", reactstocks.Region, a, "ALARM", now), event(reactstocks.AccountID, "eu-west-1", a, "ALARM", now),
			event(reactstocks.AccountID, reactstocks.Region, "never heard of it", "ALARM", now),
			event(reactstocks.AccountID, reactstocks.Region, a, "ALARM", now.Add(-30*time.Hour)),
			event(reactstocks.AccountID, reactstocks.Region, a, "ALARM", now.Add(-10*time.Minute)))
		s.to(firing, a, stranger)
		s.pass(told)
		Expect(s.incidents()).To(HaveLen(1), "as fast as ever")
		s.pass(7 * time.Minute)
		s.expectJust(s.Namespace, builder.Application, a)
		Expect(s.left()).To(BeZero())
		ignored := s.ignored()
		Expect(ignored["Malformed"]+ignored["OtherSource"]).To(BeEquivalentTo(8), "%v", ignored)
		Expect(ignored).To(HaveKeyWithValue("OtherAccount", BeEquivalentTo(1)))
		Expect(ignored).To(HaveKeyWithValue("OtherRegion", BeEquivalentTo(1)))
		Expect(ignored).To(HaveKeyWithValue("NotConfirmed", BeEquivalentTo(1)))
		Expect(ignored).To(HaveKeyWithValue("Unmatched", BeEquivalentTo(1)))
	})

	It("opens nothing while CloudWatch does not confirm it", func() {
		s := watched()
		a := s.alarm("a throttled", backend, "Throttles")
		s.pass(told)
		s.send(event(reactstocks.AccountID, reactstocks.Region, a, "ALARM", s.Clock.Now()))
		s.pass(6 * time.Minute)
		Expect(s.incidents()).To(BeEmpty())
		Expect(s.ignored()).To(Equal(map[string]int64{"NotConfirmed": 1}))
		Expect(s.left()).To(BeZero())
	})

	It("and that can never be deleted, does not keep the others from being followed", func() {
		s := watched()
		a := s.alarm("a throttled", backend, "Throttles")
		s.send("poison")
		poison := s.World.Faults().Add(faults.Rule{Action: "sqs:DeleteMessageBatch", Effect: faults.InternalError()})
		s.to(firing, a)
		s.pass(2 * time.Minute)
		s.expectJust(s.Namespace, builder.Application, a)
		Expect(s.left()).NotTo(BeZero())
		s.World.Faults().Remove(poison)
		s.pass(2 * time.Minute)
		Expect(s.left()).To(BeZero())
		Expect(s.incidents()).To(HaveLen(1))
	})
})

var _ = Describe("The whole operator", func() {
	It("opens an Incident when an alarm fires, resolves it when it recovers, and opens another for the next time", func() {
		s := watchedBy(controllers.All)
		reactstocks.Deliver(s.World, reactstocks.Both)
		a := s.alarm("a throttled", backend, "Throttles")
		for i := range 2 {
			s.to(firing, a)
			s.pass(told)
			Expect(s.incidents()).To(HaveLen(i + 1))
			s.to(fine, a)
			Expect(s.Driver.RunUntil(s.ctx, 40*time.Minute, func() bool { return !overAt(s.incidents()[i]).IsZero() })).To(Succeed())
		}
		s.expectJust(s.Namespace, builder.Application, a)
	})
})
