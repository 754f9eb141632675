package detection_test

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

const (
	backend = reactstocks.BackendFunction
	worker  = reactstocks.NewsSyncFunction
	orders  = reactstocks.CheckoutFunction
)

// throttlingAndErrors lets the Runbook start for errors as well.
func throttlingAndErrors(b *v1alpha1.Runbook) {
	b.Spec.Triggers = append(b.Spec.Triggers, v1alpha1.Trigger{Metric: &v1alpha1.MetricTrigger{Namespace: "AWS/Lambda", Name: "Errors"}})
}

var _ = Describe("Opening an Incident", func() {
	It("opens one Incident within 30 seconds of an alarm, and no second one while it goes on", func() {
		s := watched(nil)
		s.fires("throttled", backend, "Throttles")
		s.pass(time.Minute + 35*time.Second)

		incident := s.incident()
		Expect(incident.Name).To(Equal("react-stocks-1"))
		Expect(incident.Labels).To(HaveKeyWithValue(v1alpha1.LabelApplication, "react-stocks"))
		Expect(incident.Spec.ApplicationRef.Name).To(Equal("react-stocks"))
		Expect(incident.Spec.Concern).To(Equal(v1alpha1.ConcernAvailability))
		Expect(incident.Spec.Signal.AlarmName).To(Equal("throttled"))
		Expect(incident.Spec.Signal.AlarmARN).To(Equal(s.World.AlarmARN("throttled")))
		Expect(incident.Spec.Signal.FunctionName).To(BeEquivalentTo(backend))
		Expect(incident.Spec.Signal.Runbooks).To(Equal([]string{builder.ThrottlingRunbook}))
		Expect(incident.Spec.Signal.Silenced).To(BeFalse())
		Expect(incident.Status.Signals).To(HaveLen(1))
		Expect(incident.Status.Signals[0].State).To(Equal(v1alpha1.AlarmFiring))
		Expect(incident.Status.Signals[0].TransitionedAt.Second()).To(Equal(5), "the alarm's own time, not the operator's")
		Expect(s.application().Status.Episode).To(BeEquivalentTo(1))
		Expect(ExpectEvents(s.ctx, s.Admin, incident, v1alpha1.ReasonOpened)).To(HaveLen(1))

		version := incident.ResourceVersion
		s.pass(10 * time.Minute)
		Expect(s.incident().ResourceVersion).To(Equal(version), "what does not change is not written")
	})

	It("opens one Incident for two alarms of the same second", func() {
		s := watched(nil)
		ExpectApplied(s.ctx, s.Admin, builder.Runbook(s.Namespace, throttlingAndErrors))
		s.fires("throttled", backend, "Throttles")
		s.fires("failing", backend, "Errors")
		s.pass(3 * time.Minute)

		incident := s.incident()
		Expect(states(incident)).To(Equal(map[string]v1alpha1.AlarmState{"throttled": v1alpha1.AlarmFiring, "failing": v1alpha1.AlarmFiring}))
		Expect(incident.Status.Signals[0].TransitionedAt).To(Equal(incident.Status.Signals[1].TransitionedAt))
	})

	It("lets a later alarm of the same concern join, also while the cache does not show the open Incident", func() {
		blind := false
		s := watched(func(c client.Client) client.Client { return &blindClient{Client: c, blind: &blind} })
		ExpectApplied(s.ctx, s.Admin, builder.Runbook(s.Namespace, throttlingAndErrors))
		s.fires("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)
		Expect(states(s.incident())).To(HaveLen(1))

		blind = true
		s.fires("failing", worker, "Errors")
		s.pass(2 * time.Minute)

		incident := s.incident()
		Expect(states(incident)).To(HaveLen(2))
		Expect(incident.Status.Signals[1].FunctionName).To(BeEquivalentTo(worker))
		Expect(ExpectEvents(s.ctx, s.Admin, incident, v1alpha1.ReasonSignalJoined)).To(HaveLen(1))
	})

	It("opens the Incident under the next number after it stopped between the number and the Incident", func() {
		crashed := false
		s := watched(func(c client.Client) client.Client { return &crashingClient{Client: c, crashed: &crashed} })
		s.fires("throttled", backend, "Throttles")
		s.pass(3 * time.Minute)

		Expect(crashed).To(BeTrue())
		Expect(s.incident().Name).To(Equal("react-stocks-2"))
		Expect(s.incident().Status.Signals).To(HaveLen(1))
	})

	It("does not take the name of another's Incident", func() {
		s := watched(nil)
		ExpectApplied(s.ctx, s.Admin, builder.Incident(s.Namespace, func(i *v1alpha1.Incident) {
			i.Name, i.Spec.Concern = "react-stocks-1", v1alpha1.ConcernCost
		}))
		s.fires("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)
		Expect(s.incidents()).To(HaveLen(2))
		Expect(s.incidents()[1].Name).To(Equal("react-stocks-2"))
	})

	It("opens another Incident only for another transition", func() {
		s := watched(nil)
		s.fires("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)
		s.resolve(s.incident())
		s.pass(5 * time.Minute)
		Expect(s.incidents()).To(HaveLen(1), "the alarm is still in ALARM, as it was")

		s.recovers("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)
		s.fires("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)
		Expect(s.incidents()).To(HaveLen(2))
		Expect(s.incidents()[1].Name).To(Equal("react-stocks-2"))
	})

	It("says that the alarm's own actions are off", func() {
		s := watched(nil)
		s.fires("throttled", backend, "Throttles")
		_, err := s.platform().DisableAlarmActions(s.ctx, &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{"throttled"}})
		Expect(err).NotTo(HaveOccurred())
		s.pass(2 * time.Minute)
		Expect(s.incident().Spec.Signal.Silenced).To(BeTrue())
		Expect(s.incident().Status.Signals[0].Silenced).To(BeTrue())
	})
})

func messageOf(list []metav1.Condition, typ string) string {
	for _, c := range list {
		if c.Type == typ {
			return c.Message
		}
	}
	return ""
}

var _ = Describe("The signals of an open Incident", func() {
	It("follow their alarms to recovery, back to ALARM and to deletion", func() {
		s := watched(nil)
		s.fires("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)
		firing := s.incident().Status.Signals[0]

		s.recovers("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)
		recovered := s.incident().Status.Signals[0]
		Expect(recovered.State).To(Equal(v1alpha1.AlarmOK))
		Expect(recovered.TransitionedAt.After(firing.TransitionedAt.Time)).To(BeTrue())

		s.fires("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)
		Expect(s.incident().Status.Signals[0].State).To(Equal(v1alpha1.AlarmFiring), "the Incident is open: it is the same episode")

		_, err := s.platform().DeleteAlarms(s.ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"throttled"}})
		Expect(err).NotTo(HaveOccurred())
		at := s.Clock.Now()
		s.pass(2 * time.Minute)
		deleted := s.incident().Status.Signals[0]
		Expect(deleted.State).To(Equal(v1alpha1.AlarmDeleted))
		Expect(deleted.TransitionedAt.Time).To(BeTemporally("~", at, time.Minute))
		Expect(s.incident().Spec.Signal.AlarmName).To(Equal("throttled"))
	})

	It("stay as they are while nothing can be read, and nothing else is concluded either", func() {
		s := watched(nil)
		s.fires("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)

		policy := iam.Allow("sts:*")
		s.World.IAM().SetRolePolicy(reactstocks.AccountRoleARN, &policy)
		s.recovers("throttled", backend, "Throttles")
		s.pass(5 * time.Minute)
		Expect(s.incident().Status.Signals[0].State).To(Equal(v1alpha1.AlarmFiring))
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionDetecting, metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))
		version := s.account().ResourceVersion
		s.pass(2 * time.Minute)
		Expect(s.account().ResourceVersion).To(Equal(version), "the same trouble is the same status")

		s.World.IAM().SetRolePolicy(reactstocks.AccountRoleARN, nil)
		s.pass(time.Minute)
		Expect(s.incident().Status.Signals[0].State).To(Equal(v1alpha1.AlarmOK))
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionDetecting, metav1.ConditionTrue, v1alpha1.ReasonAlarmsRead))
	})
})

var _ = Describe("Alarms that open nothing", func() {
	It("were in ALARM before the application was watched, until they fire anew", func() {
		s := drive(nil)
		s.fires("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(), builder.Runbook(s.Namespace), builder.ServerlessApplication(s.Namespace))
		s.pass(5 * time.Minute)
		Expect(s.incidents()).To(BeEmpty())
		Expect(s.application().Status.PreexistingAlarms).To(HaveLen(1))
		Expect(s.application().Status.PreexistingAlarms[0].Name).To(Equal("throttled"))

		s.recovers("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)
		Expect(s.application().Status.PreexistingAlarms).To(BeEmpty())

		s.fires("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)
		Expect(s.incidents()).To(HaveLen(1))
	})

	It("name a function of two applications, and are shown on both", func() {
		s := watched(nil)
		other := s.AddNamespace("other", map[string]string{"team": "react-stocks"})
		ExpectApplied(s.ctx, s.Admin, builder.Runbook(other), builder.ServerlessApplication(other))
		s.fires("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)

		for _, namespace := range []string{s.Namespace, other} {
			app := ExpectExists(s.ctx, s.Admin, builder.ServerlessApplication(namespace))
			Expect(app.Status.AmbiguousAlarms).To(Equal(&v1alpha1.UnmatchedAlarms{Count: 1, Names: []string{"throttled"}}))
			list := &v1alpha1.IncidentList{}
			Expect(s.Admin.List(s.ctx, list, client.InNamespace(namespace))).To(Succeed())
			Expect(list.Items).To(BeEmpty())
		}

		ExpectDeleted(s.ctx, s.Admin, builder.ServerlessApplication(other))
		s.pass(time.Minute)
		Expect(s.incidents()).To(HaveLen(1), "there is one application left")
		Expect(s.application().Status.AmbiguousAlarms).To(BeNil())
	})

	It("are of a function that another namespace names without a grant, which changes nothing", func() {
		s := watched(nil)
		other := s.AddNamespace("other", map[string]string{"team": "somebody-else"})
		ExpectApplied(s.ctx, s.Admin, builder.Runbook(other), builder.ServerlessApplication(other))
		s.fires("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)
		Expect(s.incidents()).To(HaveLen(1))
		Expect(ExpectExists(s.ctx, s.Admin, builder.ServerlessApplication(other)).Status.AmbiguousAlarms).To(BeNil())
	})

	It("have no Runbook or no application, and are named where somebody can see them", func() {
		s := watched(nil)
		s.fires("slow", backend, "Duration")
		s.fires("orders fail", orders, "Errors")
		s.pass(2 * time.Minute)
		Expect(s.incidents()).To(BeEmpty())
		Expect(s.application().Status.UnmatchedAlarms).To(Equal(&v1alpha1.UnmatchedAlarms{Count: 1, Names: []string{"slow"}}))
		Expect(s.account().Status.UnmatchedAlarms).To(Equal(&v1alpha1.UnmatchedAlarms{Count: 1, Names: []string{"orders fail"}}))

		s.recovers("slow", backend, "Duration")
		s.recovers("orders fail", orders, "Errors")
		s.pass(2 * time.Minute)
		Expect(s.application().Status.UnmatchedAlarms).To(BeNil())
		Expect(s.account().Status.UnmatchedAlarms).To(BeNil())
	})
})

var _ = Describe("Reading", func() {
	It("asks every 30 seconds with each role once, and for all three types of alarms", func() {
		s := watched(nil)
		second := s.AddNamespace("second", map[string]string{"team": "react-stocks"})
		ExpectApplied(s.ctx, s.Admin, builder.ServerlessApplication(second))
		s.pass(time.Minute)
		before := s.World.Ledger().Len()
		s.pass(10 * time.Minute)
		calls := s.World.Ledger().Entries(ledger.ByAction("cloudwatch:DescribeAlarms"), ledger.After(before))
		Expect(calls).To(HaveLen(20))
		for _, call := range calls {
			in, ok := call.Input.(*cloudwatch.DescribeAlarmsInput)
			Expect(ok).To(BeTrue())
			Expect(in.AlarmTypes).To(HaveLen(3))
		}
	})

	It("goes on by the account role while the role of a grant does not work", func() {
		s := watched(nil)
		other := s.AddNamespace("other", map[string]string{"team": "orders"})
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(func(a *v1alpha1.AWSAccount) {
			broken := a.Spec.Grants[0]
			broken.Name, broken.RoleARN = "orders", "arn:aws:iam::"+reactstocks.AccountID+":role/gone"
			broken.NamespaceSelector = metav1.LabelSelector{MatchLabels: map[string]string{"team": "orders"}}
			broken.Resources.ARNPatterns = []string{"arn:aws:lambda:*:" + reactstocks.AccountID + ":function:orders-*"}
			a.Spec.Grants = append(a.Spec.Grants, broken)
		}), builder.ServerlessApplication(other, func(a *v1alpha1.ServerlessApplication) {
			a.Spec.Functions = []v1alpha1.ApplicationFunction{{Name: orders}}
		}))
		s.fires("throttled", backend, "Throttles")
		s.pass(2 * time.Minute)

		Expect(s.incidents()).To(HaveLen(1))
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionDetecting, metav1.ConditionTrue, v1alpha1.ReasonAlarmsRead))
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))
	})

	It("has nothing to watch without an application that is Ready", func() {
		s := drive(nil)
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount())
		s.pass(time.Minute)
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionDetecting, metav1.ConditionTrue, v1alpha1.ReasonNothingToWatch))
		Expect(s.World.Ledger().Count(ledger.ByAction("cloudwatch:DescribeAlarms"))).To(BeZero())
	})
})

// blindClient does not show Incidents, as a cache that is behind.
type blindClient struct {
	client.Client
	blind *bool
}

func (c *blindClient) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	if _, incidents := list.(*v1alpha1.IncidentList); incidents && *c.blind {
		return nil
	}
	return c.Client.List(ctx, list, options...)
}

// crashingClient fails to create the first Incident, as an operator that stops right before.
type crashingClient struct {
	client.Client
	crashed *bool
}

func (c *crashingClient) Create(ctx context.Context, o client.Object, options ...client.CreateOption) error {
	if _, incident := o.(*v1alpha1.Incident); incident && !*c.crashed {
		*c.crashed = true
		return errors.New("the operator stopped")
	}
	return c.Client.Create(ctx, o, options...)
}
