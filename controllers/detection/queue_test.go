package detection_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/sim/sqs"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

// withQueue gives the account the queue to which its alarms tell their states.
func withQueue(a *v1alpha1.AWSAccount) {
	a.Spec.Queues = []v1alpha1.AlarmQueue{{Region: reactstocks.Region, URL: reactstocks.AlarmQueueURL}}
}

// receiving is a story with React Stocks being watched, a queue that is received from, and nothing in ALARM.
func receiving(through func(client.Client) client.Client) *story {
	GinkgoHelper()
	s := drive(through)
	ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(withQueue), builder.Runbook(s.Namespace, throttlingAndErrors), builder.ServerlessApplication(s.Namespace))
	s.pass(20 * time.Second)
	Expect(s.application().Status.WatchedSince).NotTo(BeNil())
	Expect(s.account()).To(HaveCondition(v1alpha1.ConditionReceiving, metav1.ConditionTrue, v1alpha1.ReasonQueuesRead))
	return s
}

// send puts messages into the queue that nobody but a test sends.
func (s *story) send(bodies ...string) {
	GinkgoHelper()
	for _, body := range bodies {
		Expect(s.World.SendMessage(s.ctx, reactstocks.AlarmQueue, body)).To(Succeed())
	}
}

// left is how many messages are not deleted.
func (s *story) left() int {
	c := s.World.Queue(reactstocks.AlarmQueue)
	return c.Visible + c.InFlight + c.Delayed
}

// deletions counts the calls that delete messages.
func (s *story) deletions() int {
	return s.World.Ledger().Count(ledger.ByAction("sqs:DeleteMessageBatch"))
}

// deny takes the account role's permission to do anything with the queue.
func (s *story) deny() {
	policy := iam.Allow("sts:*", "cloudwatch:*")
	s.World.IAM().SetRolePolicy(reactstocks.AccountRoleARN, &policy)
}

// event is what EventBridge sends when an alarm came to a state, for messages that nobody sends by himself.
func event(arn, name, state string, at time.Time) string {
	body, err := json.Marshal(map[string]any{
		"version": "0", "id": "x", "detail-type": "CloudWatch Alarm State Change", "source": "aws.cloudwatch",
		"account": reactstocks.AccountID, "region": reactstocks.Region, "time": at.UTC().Format(time.RFC3339), "resources": []string{arn},
		"detail": map[string]any{"alarmName": name, "state": map[string]any{
			"value": state, "timestamp": at.UTC().Format("2006-01-02T15:04:05.000-0700"),
		}},
	})
	Expect(err).NotTo(HaveOccurred())
	return string(body)
}

// firesUnseen lets an alarm fire while no operator runs, and returns when.
func (s *story) firesUnseen(name, function, metric string) time.Time {
	s.fires(name, function, metric)
	s.down(time.Minute - s.Clock.Now().Sub(s.Clock.Now().Truncate(time.Minute)) + 6*time.Second)
	return s.Clock.Now().Truncate(time.Minute).Add(5 * time.Second)
}

func (s *story) fired(name string, at time.Time) string {
	return event(s.World.AlarmARN(name), name, "ALARM", at)
}

// ignored are the counts of messages that were ignored, by reason.
func (s *story) ignored() map[string]int64 {
	counts := map[string]int64{}
	for _, m := range s.account().Status.IgnoredMessages {
		counts[m.Reason] = m.Count
	}
	return counts
}

var _ = Describe("A message about an alarm", func() {
	It("opens the Incident before the next reading, and is deleted", func() {
		s := receiving(nil)
		s.fires("throttled", backend, "Throttles")
		for s.Clock.Now().Second() != 5 {
			Expect(s.incidents()).To(BeEmpty())
			s.pass(time.Second)
		}
		s.pass(5 * time.Second)
		Expect(s.incident().Spec.Signal.TransitionedAt.Second()).To(Equal(5), "confirmed: the alarm's own time")
		Expect(s.left()).To(BeZero())
		asked := s.World.Ledger().Entries(ledger.ByAction("cloudwatch:DescribeAlarms"), func(e ledger.Entry) bool {
			return !e.At.Before(s.incident().Spec.Signal.TransitionedAt.Time)
		})
		Expect(asked).To(HaveLen(1), "the poll has not looked yet")
		Expect(asked[0].Input).To(HaveField("AlarmNames", ConsistOf("throttled")))

		s.pass(2 * time.Minute)
		Expect(s.incidents()).To(HaveLen(1), "the poll sees the same transition")
		Expect(s.ignored()).To(BeEmpty())
	})

	It("opens the Incident of a muted alarm as one that nobody is to be woken for", func() {
		s := receiving(nil)
		s.fires("throttled", backend, "Throttles")
		s.mute("throttled", time.Hour)
		for s.Clock.Now().Second() != 5 {
			Expect(s.incidents()).To(BeEmpty())
			s.pass(time.Second)
		}
		s.pass(5 * time.Second)
		Expect(s.incident().Spec.Signal.Silenced).To(BeTrue())
	})

	It("opens nothing twice, however often and in whatever order it comes, also after the Incident is resolved", func() {
		s := receiving(nil)
		reactstocks.Deliver(s.World, reactstocks.Both)
		Expect(s.World.SetDelivery(reactstocks.AlarmQueue, sqs.Delivery{Duplicate: 1, Reorder: true})).To(BeTrue())
		first := s.firesUnseen("throttled", backend, "Throttles")
		second := s.firesUnseen("failing", worker, "Errors")
		Expect(s.left()).To(BeNumerically(">=", 8), "each of two transitions came by EventBridge and by SNS, and everything twice")
		s.pass(time.Minute)
		Expect(states(s.incident())).To(HaveLen(2))

		s.resolve(s.incident())
		s.send(s.fired("failing", second), s.fired("throttled", first))
		s.pass(2 * time.Minute)
		Expect(s.incidents()).To(HaveLen(1))
		Expect(s.left()).To(BeZero())
	})

	It("opens an Incident for an alarm that recovered before it was received, which then shows the recovery", func() {
		s := receiving(nil)
		at := s.firesUnseen("throttled", backend, "Throttles")
		s.recovers("throttled", backend, "Throttles")
		s.down(time.Minute)
		s.start()
		Expect(s.left()).To(BeNumerically(">=", 2), "its ALARM, and its OK")
		s.pass(10 * time.Second)
		incident := s.incident()
		Expect(incident.Spec.Signal.TransitionedAt.Time).To(Equal(at.Local()))
		Expect(states(incident)).To(Equal(map[string]v1alpha1.AlarmState{"throttled": v1alpha1.AlarmOK}))
		Expect(s.left()).To(BeZero())
	})

	It("is ignored with a reason that is counted, and never poisons the queue", func() {
		s := receiving(nil)
		reactstocks.Deliver(s.World, reactstocks.Nothing)
		at := s.firesUnseen("orders fail", orders, "Errors")
		s.send("{", "canary-text-of-a-stranger", `{"detail-type": "x", "source": "aws.health"}`,
			event("arn:aws:cloudwatch:us-east-1:999999999999:alarm:canary", "canary", "ALARM", at),
			event("arn:aws:cloudwatch:eu-west-1:"+reactstocks.AccountID+":alarm:canary", "canary", "ALARM", at),
			event(s.World.AlarmARN("orders fail"), "orders fail", "OK", at),
			s.fired("orders fail", at), s.fired("canary that is not there", at),
			s.fired("throttles of yesterday", at.Add(-25*time.Hour)), s.fired(reactstocks.ThrottlesAlarm, at.AddDate(1, 0, 0)))
		s.pass(4 * time.Minute)
		Expect(s.left()).To(Equal(1), "CloudWatch may be behind the message about an alarm that it does not know")
		s.pass(3 * time.Minute)
		Expect(s.left()).To(BeZero())
		Expect(s.incidents()).To(BeEmpty())
		Expect(s.ignored()).To(Equal(map[string]int64{
			"Malformed": 2, "OtherSource": 1, "OtherAccount": 1, "OtherRegion": 1, "Unmatched": 1, "NotConfirmed": 2, "TooOld": 1,
		}))
		Expect(fmt.Sprint(s.account().Status)).NotTo(ContainSubstring("canary"), "what a stranger writes is not shown")
		Expect(fmt.Sprint(s.account().Status.IgnoredMessages)).To(ContainSubstring("orders fail"))
	})

	It("comes again when the operator stops between receive, create and delete, and opens nothing twice", func() {
		crashed := false
		s := receiving(func(c client.Client) client.Client { return &crashingClient{Client: c, crashed: &crashed} })
		at := s.firesUnseen("throttled", backend, "Throttles")
		Expect(s.Driver.Settle(s.ctx)).To(Succeed())
		s.pass(6 * time.Second)
		Expect(crashed).To(BeTrue())
		s.start()
		s.pass(time.Minute)
		Expect(s.incidents()).To(HaveLen(1))
		Expect(s.left()).To(BeZero())

		s.World.Faults().Add(faults.Rule{Action: "sqs:DeleteMessageBatch", Times: 1, Effect: faults.InternalError()})
		before := s.deletions()
		s.send(s.fired("throttled", at))
		s.pass(time.Minute)
		Expect(s.deletions()-before).To(Equal(2), "the deletion failed, and it came again")
		Expect(s.left()).To(BeZero())
		Expect(s.incidents()).To(HaveLen(1))
	})

	It("of one application is deleted while nothing can be written for another", func() {
		crashing := false
		s := receiving(func(c client.Client) client.Client {
			return &refusingClient{Client: c, application: "orders", refuse: &crashing}
		})
		other := s.AddNamespace("other", map[string]string{"team": "react-stocks"})
		ExpectApplied(s.ctx, s.Admin, builder.Runbook(other), builder.ServerlessApplication(other, func(a *v1alpha1.ServerlessApplication) {
			a.Name, a.Spec.Functions = "orders", []v1alpha1.ApplicationFunction{{Name: worker}}
		}), builder.ServerlessApplication(s.Namespace, func(a *v1alpha1.ServerlessApplication) {
			a.Spec.Functions = []v1alpha1.ApplicationFunction{{Name: backend}}
		}))
		s.pass(10 * time.Second)
		crashing = true
		s.firesUnseen("throttled", backend, "Throttles")
		s.firesUnseen("throttled too", worker, "Throttles")
		Expect(s.Driver.Settle(s.ctx)).To(Succeed())
		s.pass(time.Minute)
		Expect(s.incidents()).To(HaveLen(1))
		Expect(s.left()).To(Equal(1), "the other message waits until its Incident can be opened")

		crashing = false
		s.pass(2 * time.Minute)
		Expect(s.left()).To(BeZero())
		list := &v1alpha1.IncidentList{}
		Expect(s.Admin.List(s.ctx, list, client.InNamespace(other))).To(Succeed())
		Expect(list.Items).To(HaveLen(1))
	})

	It("waits while a Runbook was edited and the application's list does not show it yet", func() {
		s := receiving(nil)
		s.Driver.Restart(s.controllers()[3:]) // of all controllers those of detection only: the list stays as it is
		runbook := ExpectExists(s.ctx, s.Admin, builder.Runbook(s.Namespace))
		runbook.Spec.Title = "Throttling, edited"
		Expect(s.Admin.Update(s.ctx, runbook)).To(Succeed())
		s.firesUnseen("throttled", backend, "Throttles")
		s.pass(10 * time.Second)
		s.recovers("throttled", backend, "Throttles")
		s.down(time.Minute)
		Expect(s.incidents()).To(BeEmpty())
		Expect(s.left()).NotTo(BeZero())
		Expect(s.ignored()).To(BeEmpty())

		s.start()
		s.pass(time.Minute)
		Expect(s.incidents()).To(HaveLen(1))
		Expect(s.left()).To(BeZero())
	})

	It("waits for the first reading of an application, which says what fired before", func() {
		s := drive(nil)
		s.firesUnseen("throttled", backend, "Throttles")
		Expect(s.left()).NotTo(BeZero())
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(withQueue), builder.Runbook(s.Namespace), builder.ServerlessApplication(s.Namespace))
		s.pass(2 * time.Minute)
		Expect(s.incidents()).To(BeEmpty())
		Expect(s.application().Status.PreexistingAlarms).To(HaveLen(1))
		Expect(s.left()).To(BeZero())
	})

	It("of a function of two applications is shown by the reading, and opens nothing", func() {
		s := receiving(nil)
		other := s.AddNamespace("other", map[string]string{"team": "react-stocks"})
		ExpectApplied(s.ctx, s.Admin, builder.Runbook(other), builder.ServerlessApplication(other))
		s.pass(10 * time.Second)
		s.firesUnseen("throttled", backend, "Throttles")
		s.pass(time.Minute)
		Expect(s.incidents()).To(BeEmpty())
		Expect(s.left()).To(BeZero())
		Expect(s.ignored()).To(Equal(map[string]int64{"Ambiguous": 1}))
	})

	It("is one of a thousand in one second: one Incident, nothing lost, no message left", func() {
		s := receiving(nil)
		for i := range 1000 {
			s.fires(fmt.Sprintf("throttled-%04d", i), backend, "Throttles")
		}
		s.firesUnseen("throttled", backend, "Throttles")
		Expect(s.left()).To(BeNumerically(">", 1000))
		s.pass(2 * time.Minute)
		Expect(states(s.incident())).To(HaveLen(32))
		Expect(s.application().Status.UnmatchedAlarms.Count).To(BeEquivalentTo(1001 - 32))
		Expect(s.left()).To(BeZero())
	})
})

var _ = Describe("A queue that cannot be received from", func() {
	It("does not keep alarms from being read, and says what to do", func() {
		s := receiving(nil)
		for reason, trouble := range map[string]func(){
			v1alpha1.ReasonQueueNotFound: func() { s.World.DeleteQueue(reactstocks.AlarmQueue) },
			v1alpha1.ReasonAccessDenied:  s.deny,
		} {
			s.World.CreateQueue(sqs.Queue{Name: reactstocks.AlarmQueue})
			s.World.IAM().SetRolePolicy(reactstocks.AccountRoleARN, nil)
			trouble()
			s.pass(time.Minute)
			Expect(s.account()).To(HaveCondition(v1alpha1.ConditionReceiving, metav1.ConditionFalse, reason))
			Expect(s.account()).To(HaveCondition(v1alpha1.ConditionDetecting, metav1.ConditionTrue, v1alpha1.ReasonAlarmsRead))
			Expect(fmt.Sprint(s.account().Status)).NotTo(ContainSubstring("specified queue"), "what AWS writes is not shown")
			Expect(fmt.Sprint(s.account().Status)).To(ContainSubstring("; the condition Detecting says whether alarms are read meanwhile"))
		}
		s.fires("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)
		Expect(s.incidents()).To(HaveLen(1))

		s.World.IAM().SetRolePolicy(reactstocks.AccountRoleARN, nil)
		s.World.CreateQueue(sqs.Queue{Name: reactstocks.AlarmQueue})
		s.pass(time.Minute)
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionReceiving, metav1.ConditionTrue, v1alpha1.ReasonQueuesRead))

		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount())
		s.pass(time.Second)
		Expect(s.account()).To(HaveNoCondition(v1alpha1.ConditionReceiving))
	})
})

// refusingClient creates no Incident of an application while it refuses.
type refusingClient struct {
	client.Client
	application string
	refuse      *bool
}

func (c *refusingClient) Create(ctx context.Context, o client.Object, options ...client.CreateOption) error {
	if incident, ok := o.(*v1alpha1.Incident); ok && *c.refuse && incident.Spec.ApplicationRef.Name == c.application {
		return errors.New("the API server refuses it")
	}
	return c.Client.Create(ctx, o, options...)
}
