//go:build fault

package effect

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/transport"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/fault/process"
)

// drill is an alarm that is as its state was set: its metric has no data.
const drill = "drill"

// An alarm fires, its message is in the queue, and the operator is killed at each point that it passes from there to the
// message that is deleted. Whatever it was, there is one Incident for the alarm, and no message is left.
func TestAnOperatorThatIsKilledAnywhereHasOneIncidentForAnAlarm(t *testing.T) {
	t.Parallel()
	s := newStage(t, reactstocks.Steady)
	s.listens()
	s.lead(false, process.Learn)
	s.watches()
	s.fires().recovers() // fills the caches, and is no death's equal

	s.Expect(s.now.Arm(process.Learn)).To(Succeed())
	f := s.fires()
	all, err := s.now.Points()
	s.Expect(err).NotTo(HaveOccurred())
	f.recovers()
	last := slices.Index(all, "aws: after sqs:DeleteMessageBatch #1")
	s.Expect(last).To(BeNumerically(">", 0), strings.Join(all, "\n"))
	all = slices.DeleteFunc(all[:last+1], func(p string) bool { return strings.Contains(p, "events") }) // no decision hangs by one
	for _, request := range []string{"aws: %s sqs:ReceiveMessage #1", "aws: %s cloudwatch:DescribeAlarms #1", "kubernetes: %s POST incidents #1", "kubernetes: %s PATCH incidents/status #1", "aws: %s sqs:DeleteMessageBatch #1"} {
		s.Expect(all).To(ContainElements(fmt.Sprintf(request, "before"), fmt.Sprintf(request, "after")))
	}

	if os.Getenv(howMany) == decisive {
		all = slices.DeleteFunc(all, func(p string) bool { return !strings.Contains(p, "sqs:") && !strings.Contains(p, "incidents") })
	}
	t.Logf("an alarm passes %d points:\n%s", len(all), strings.Join(all, "\n"))
	began, missed := time.Now(), 0
	for _, point := range all {
		t.Run(point, func(t *testing.T) {
			s := s.in(t)
			victim := s.arm(process.Point{Name: point})
			f := s.fires()
			f.recovers()
			if victim.Alive() {
				missed++ // the poll came first, and not the queue
				s.Expect(victim.Arm(process.Learn)).To(Succeed())
				return
			}
			killed, _ := victim.Killed()
			s.Expect(killed).To(BeTrue(), "%s ended with %v", victim.Name, victim.Status())
		})
	}
	t.Logf("%d points, %d deaths in %s", len(all), len(all)-missed, time.Since(began).Round(time.Second))
	s.Expect(missed).To(BeNumerically("<=", len(all)/4), "points that were not passed")
}

// listens lets alarms tell the operator of their states by a queue, and makes the alarm.
func (s *stage) listens() {
	s.t.Helper()
	reactstocks.Deliver(s.AWS, reactstocks.EventBridge)
	account := builder.AWSAccount()
	s.Expect(s.Cluster.Admin.Get(s.ctx, client.ObjectKeyFromObject(account), account)).To(Succeed())
	account.Spec.Queues = []v1alpha1.AlarmQueue{{Region: reactstocks.Region, URL: reactstocks.AlarmQueueURL}}
	s.Expect(s.Cluster.Admin.Update(s.ctx, account)).To(Succeed())
	policy := builder.ChangePolicy(process.Team)
	s.Expect(s.Cluster.Admin.Get(s.ctx, client.ObjectKeyFromObject(policy), policy)).To(Succeed())
	policy.Spec.Recovery.StableFor = "1m"
	s.Expect(s.Cluster.Admin.Update(s.ctx, policy)).To(Succeed())
	s.Expect(s.Cluster.Admin.Create(s.ctx, builder.Runbook(process.Team))).To(Succeed())
	s.Expect(s.AWS.PutMetricAlarm(s.ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: awssdk.String(drill), Namespace: awssdk.String("AWS/Lambda"), MetricName: awssdk.String("Throttles"), Statistic: types.StatisticSum,
		Dimensions: []types.Dimension{
			{Name: awssdk.String("FunctionName"), Value: awssdk.String(reactstocks.BackendFunction)},
			{Name: awssdk.String("Resource"), Value: awssdk.String(reactstocks.BackendFunction + ":drill")},
		},
		Period: awssdk.Int32(60), EvaluationPeriods: awssdk.Int32(1), TreatMissingData: awssdk.String("ignore"),
		Threshold: awssdk.Float64(0), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
	})).To(Succeed())
	s.sets(types.StateValueOk)
}

// watches lets world time pass until the operator watches the alarms and receives from the queue: what fires before is not
// new.
func (s *stage) watches() {
	s.t.Helper()
	s.Clock.Run(false)
	defer s.Clock.Hold()
	s.Eventually(func(g Gomega) {
		app, account := builder.ServerlessApplication(process.Team), builder.AWSAccount()
		g.Expect(s.Cluster.Admin.Get(s.ctx, client.ObjectKeyFromObject(app), app)).To(Succeed())
		g.Expect(app.Status.WatchedSince).NotTo(BeNil())
		g.Expect(s.Cluster.Admin.Get(s.ctx, client.ObjectKeyFromObject(account), account)).To(Succeed())
		g.Expect(conditions.IsTrue(account.Status.Conditions, v1alpha1.ConditionReceiving)).To(BeTrue())
	}).WithTimeout(patient).WithPolling(often).Should(Succeed())
}

// sets sets the state of the alarm by hand.
func (s *stage) sets(state types.StateValue) {
	s.t.Helper()
	person := cloudwatch.New(cloudwatch.Options{
		Region: reactstocks.Region, BaseEndpoint: &s.Endpoint, HTTPClient: transport.New(),
		Credentials: credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
	})
	_, err := person.SetAlarmState(s.ctx, &cloudwatch.SetAlarmStateInput{AlarmName: awssdk.String(drill), StateValue: state, StateReason: awssdk.String("drill")})
	s.Expect(err).NotTo(HaveOccurred())
}

// fire is one time that the alarm fired.
type fire struct {
	*stage
	before []string // the Incidents that there were
}

// fires lets the alarm fire, and waits until an Incident follows it and the queue is empty. An operator that was killed
// starts again.
func (s *stage) fires() *fire {
	s.t.Helper()
	f := &fire{stage: s}
	for _, inc := range s.incidents() {
		f.before = append(f.before, inc.Name)
	}
	s.sets(types.StateValueAlarm)
	f.comes("an Incident follows the alarm", func(mine []v1alpha1.Incident) bool {
		return len(mine) > 0 && slices.ContainsFunc(mine[0].Status.Signals, func(sig v1alpha1.SignalStatus) bool {
			return sig.AlarmName == drill && sig.State == v1alpha1.AlarmFiring
		})
	})
	return f
}

// recovers lets the alarm recover, and waits until its Incident ended: there has to be one.
func (f *fire) recovers() {
	f.t.Helper()
	f.sets(types.StateValueOk)
	f.comes("the Incident ends", func(mine []v1alpha1.Incident) bool {
		return !slices.ContainsFunc(mine, func(inc v1alpha1.Incident) bool {
			return !conditions.IsTrue(inc.Status.Conditions, v1alpha1.ConditionResolved)
		})
	})
	f.Expect(f.mine()).To(HaveLen(1))
}

// comes lets world time pass until something is so and no message is left.
func (f *fire) comes(what string, so func([]v1alpha1.Incident) bool) {
	f.t.Helper()
	f.Clock.Run(false)
	defer f.Clock.Hold()
	f.Eventually(func() bool {
		f.lead(false, process.Learn)
		left := f.AWS.Queue(reactstocks.AlarmQueue)
		return left.Visible+left.InFlight+left.Delayed == 0 && so(f.mine())
	}).WithTimeout(patient).WithPolling(often).Should(BeTrue(), func() string { return what + "\n" + f.now.Log() })
}

func (s *stage) incidents() []v1alpha1.Incident {
	s.t.Helper()
	var list v1alpha1.IncidentList
	s.Expect(s.Cluster.Admin.List(s.ctx, &list, client.InNamespace(process.Team))).To(Succeed())
	return list.Items
}

// mine are the Incidents since the alarm fired.
func (f *fire) mine() []v1alpha1.Incident {
	f.t.Helper()
	return slices.DeleteFunc(f.incidents(), func(inc v1alpha1.Incident) bool { return slices.Contains(f.before, inc.Name) })
}
