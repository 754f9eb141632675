package detection_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

// withQueue gives the account a queue.
func withQueue(a *v1alpha1.AWSAccount) {
	a.Spec.Queues = []v1alpha1.AlarmQueue{{Region: reactstocks.Region, URL: queueURL}}
}

// receiving is a story with React Stocks being watched, a queue that is received from, and nothing in ALARM.
func receiving(through func(client.Client) client.Client) (*story, *queue) {
	GinkgoHelper()
	q := serveQueue()
	s := drive(through, q.route())
	q.clock = s.Clock
	ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(withQueue), builder.Runbook(s.Namespace, throttlingAndErrors), builder.ServerlessApplication(s.Namespace))
	s.pass(20 * time.Second)
	Expect(s.application().Status.WatchedSince).NotTo(BeNil())
	Expect(s.account()).To(HaveCondition(v1alpha1.ConditionReceiving, metav1.ConditionTrue, v1alpha1.ReasonQueuesRead))
	return s, q
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
		s, q := receiving(nil)
		s.fires("throttled", backend, "Throttles")
		for s.Clock.Now().Second() != 6 {
			s.pass(time.Second)
		}
		Expect(s.incidents()).To(BeEmpty(), "the poll has not looked yet")
		before := s.World.Ledger().Len()
		q.send(s.fired("throttled", s.Clock.Now().Add(-time.Second)))
		s.pass(6 * time.Second)
		Expect(s.incident().Spec.Signal.TransitionedAt.Second()).To(Equal(5), "confirmed: the alarm's own time")
		Expect(q.left()).To(BeZero())
		Expect(s.World.Ledger().Count(ledger.ByAction("cloudwatch:DescribeAlarms"), ledger.After(before))).To(Equal(1))

		s.pass(2 * time.Minute)
		Expect(s.incidents()).To(HaveLen(1), "the poll sees the same transition")
		Expect(s.ignored()).To(BeEmpty())
	})

	It("opens the Incident of a muted alarm as one that nobody is to be woken for", func() {
		s, q := receiving(nil)
		s.fires("throttled", backend, "Throttles")
		s.mute("throttled", time.Hour)
		for s.Clock.Now().Second() != 6 {
			s.pass(time.Second)
		}
		Expect(s.incidents()).To(BeEmpty(), "the poll has not looked yet")
		q.send(s.fired("throttled", s.Clock.Now().Add(-time.Second)))
		s.pass(6 * time.Second)
		Expect(s.incident().Spec.Signal.Silenced).To(BeTrue())
	})

	It("opens nothing twice, however often and in whatever order it comes, also after the Incident is resolved", func() {
		s, q := receiving(nil)
		first := s.firesUnseen("throttled", backend, "Throttles")
		second := s.firesUnseen("failing", worker, "Errors")
		messages := []string{s.fired("failing", second), s.fired("throttled", first), s.fired("throttled", first), s.fired("failing", second)}
		q.send(messages...)
		s.pass(time.Minute)
		Expect(states(s.incident())).To(HaveLen(2))

		s.resolve(s.incident())
		q.send(messages...)
		s.pass(2 * time.Minute)
		Expect(s.incidents()).To(HaveLen(1))
		Expect(q.left()).To(BeZero())
	})

	It("opens an Incident for an alarm that recovered before it was received, which then shows the recovery", func() {
		s, q := receiving(nil)
		at := s.firesUnseen("throttled", backend, "Throttles")
		s.recovers("throttled", backend, "Throttles")
		s.down(time.Minute)
		s.start()
		q.send(s.fired("throttled", at), event(s.World.AlarmARN("throttled"), "throttled", "OK", at.Add(time.Minute)))
		s.pass(10 * time.Second)
		incident := s.incident()
		Expect(incident.Spec.Signal.TransitionedAt.Time).To(Equal(at.Local()))
		Expect(states(incident)).To(Equal(map[string]v1alpha1.AlarmState{"throttled": v1alpha1.AlarmOK}))
		Expect(q.left()).To(BeZero())
	})

	It("is ignored with a reason that is counted, and never poisons the queue", func() {
		s, q := receiving(nil)
		at := s.firesUnseen("orders fail", orders, "Errors")
		q.send("{", "canary-text-of-a-stranger", `{"detail-type": "x", "source": "aws.health"}`,
			event("arn:aws:cloudwatch:us-east-1:999999999999:alarm:canary", "canary", "ALARM", at),
			event("arn:aws:cloudwatch:eu-west-1:"+reactstocks.AccountID+":alarm:canary", "canary", "ALARM", at),
			event(s.World.AlarmARN("orders fail"), "orders fail", "OK", at),
			s.fired("orders fail", at), s.fired("canary that is not there", at),
			s.fired("throttles of yesterday", at.Add(-25*time.Hour)))
		s.pass(4 * time.Minute)
		Expect(q.left()).To(Equal(1), "CloudWatch may be behind the message about an alarm that it does not know")
		s.pass(3 * time.Minute)
		Expect(q.left()).To(BeZero())
		Expect(s.incidents()).To(BeEmpty())
		Expect(s.ignored()).To(Equal(map[string]int64{
			"Malformed": 2, "OtherSource": 1, "OtherAccount": 1, "OtherRegion": 1, "Unmatched": 1, "NotConfirmed": 1, "TooOld": 1,
		}))
		Expect(fmt.Sprint(s.account().Status)).NotTo(ContainSubstring("canary"), "what a stranger writes is not shown")
		Expect(fmt.Sprint(s.account().Status.IgnoredMessages)).To(ContainSubstring("orders fail"))
	})

	It("comes again when the operator stops between receive, create and delete, and opens nothing twice", func() {
		crashed := false
		s, q := receiving(func(c client.Client) client.Client { return &crashingClient{Client: c, crashed: &crashed} })
		at := s.firesUnseen("throttled", backend, "Throttles")
		q.send(s.fired("throttled", at))
		Expect(s.Driver.Settle(s.ctx)).To(Succeed())
		s.pass(6 * time.Second)
		Expect(crashed).To(BeTrue())
		s.start()
		s.pass(time.Minute)
		Expect(s.incidents()).To(HaveLen(1))
		Expect(q.left()).To(BeZero())

		q.loseNext = true
		again := q.deliveries()
		q.send(s.fired("throttled", at))
		s.pass(time.Minute)
		Expect(q.deliveries()-again).To(Equal(2), "the deletion failed, and it came again")
		Expect(q.left()).To(BeZero())
		Expect(s.incidents()).To(HaveLen(1))
	})

	It("of one application is deleted while nothing can be written for another", func() {
		crashing := false
		s, q := receiving(func(c client.Client) client.Client {
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
		first := s.firesUnseen("throttled", backend, "Throttles")
		second := s.firesUnseen("throttled too", worker, "Throttles")
		q.send(s.fired("throttled", first), s.fired("throttled too", second))
		Expect(s.Driver.Settle(s.ctx)).To(Succeed())
		s.pass(time.Minute)
		Expect(s.incidents()).To(HaveLen(1))
		Expect(q.left()).To(Equal(1), "the other message waits until its Incident can be opened")

		crashing = false
		s.pass(2 * time.Minute)
		Expect(q.left()).To(BeZero())
		list := &v1alpha1.IncidentList{}
		Expect(s.Admin.List(s.ctx, list, client.InNamespace(other))).To(Succeed())
		Expect(list.Items).To(HaveLen(1))
	})

	It("waits for the first reading of an application, which says what fired before", func() {
		q := serveQueue()
		s := drive(nil, q.route())
		q.clock = s.Clock
		at := s.firesUnseen("throttled", backend, "Throttles")
		q.send(s.fired("throttled", at))
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(withQueue), builder.Runbook(s.Namespace), builder.ServerlessApplication(s.Namespace))
		s.pass(2 * time.Minute)
		Expect(s.incidents()).To(BeEmpty())
		Expect(s.application().Status.PreexistingAlarms).To(HaveLen(1))
		Expect(q.left()).To(BeZero())
	})

	It("of a function of two applications is shown by the reading, and opens nothing", func() {
		s, q := receiving(nil)
		other := s.AddNamespace("other", map[string]string{"team": "react-stocks"})
		ExpectApplied(s.ctx, s.Admin, builder.Runbook(other), builder.ServerlessApplication(other))
		s.pass(10 * time.Second)
		at := s.firesUnseen("throttled", backend, "Throttles")
		q.send(s.fired("throttled", at))
		s.pass(time.Minute)
		Expect(s.incidents()).To(BeEmpty())
		Expect(q.left()).To(BeZero())
		Expect(s.ignored()).To(Equal(map[string]int64{"Ambiguous": 1}))
	})

	It("is one of a thousand in one second: one Incident, nothing lost, no message left", func() {
		s, q := receiving(nil)
		for i := range 1000 {
			s.fires(fmt.Sprintf("throttled-%04d", i), backend, "Throttles")
		}
		at := s.firesUnseen("throttled", backend, "Throttles")
		for i := range 1000 {
			q.send(s.fired(fmt.Sprintf("throttled-%04d", i), at))
		}
		s.pass(2 * time.Minute)
		Expect(states(s.incident())).To(HaveLen(32))
		Expect(s.application().Status.UnmatchedAlarms.Count).To(BeEquivalentTo(1001 - 32))
		Expect(q.left()).To(BeZero())
	})
})

var _ = Describe("A queue that cannot be received from", func() {
	It("does not keep alarms from being read, and says what to do", func() {
		s, q := receiving(nil)
		for code, reason := range map[string]string{
			"QueueDoesNotExist": v1alpha1.ReasonQueueNotFound, "AccessDeniedException": v1alpha1.ReasonAccessDenied,
		} {
			q.refuse = code
			s.pass(time.Minute)
			Expect(s.account()).To(HaveCondition(v1alpha1.ConditionReceiving, metav1.ConditionFalse, reason))
			Expect(s.account()).To(HaveCondition(v1alpha1.ConditionDetecting, metav1.ConditionTrue, v1alpha1.ReasonAlarmsRead))
			Expect(fmt.Sprint(s.account().Status)).NotTo(ContainSubstring("canary"))
		}
		s.fires("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)
		Expect(s.incidents()).To(HaveLen(1))

		q.refuse = ""
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
