//go:build fault

package detection_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/account"
	"github.com/runbook-operator/runbook-operator/controllers/application"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/controllers/detection"
	"github.com/runbook-operator/runbook-operator/controllers/runbook"
	operatoraws "github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/transport"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var environment *env.Environment

func TestDetection(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Detection under attack")
}

var _ = BeforeSuite(func() { environment = env.Start(GinkgoTB()) })

const (
	backend = reactstocks.BackendFunction
	worker  = reactstocks.NewsSyncFunction
	firing  = types.StateValueAlarm
	fine    = types.StateValueOk
	// told is longer than a queue that is quiet is left alone.
	told = 6 * time.Second
	// shown is longer than it takes until a message that was received in vain is visible again, and received.
	shown = 40 * time.Second
)

// story is one world in which alarms fire, with the operator that lives now.
type story struct {
	*env.Fixture
	ctx      context.Context
	set      func(controller.Deps) []controller.Controller
	life     *life
	received map[string]string // bodies of messages by the receipts of their deliveries
	away     []span            // when nobody could hear of alarms
	// unexplained counts the deletions of messages that neither an Incident nor an application explains.
	unexplained int64
}

// span is a time of the world.
type span struct{ from, to time.Time }

// detecting are the controllers that alarms need to become Incidents.
func detecting(d controller.Deps) []controller.Controller {
	return append([]controller.Controller{account.New(d), runbook.New(d), application.New(d)}, detection.New(d)...)
}

// installed begins a story in which nothing is watched yet.
func installed(set func(controller.Deps) []controller.Controller) *story {
	GinkgoHelper()
	s := &story{ctx: context.Background(), set: set, received: map[string]string{}}
	s.Fixture = environment.NewFixture(GinkgoTB(), env.Options{Controllers: func(controller.Deps) []controller.Controller { return nil }})
	s.start()
	// Of the calls that change alarms, which are the test's own.
	Expect(s.World.Quotas().SetRate("cloudwatch SetAlarmState", 1e6)).To(BeTrue())
	return s
}

// watched begins a story with React Stocks being watched and its queue received from, and nothing in ALARM.
func watched() *story {
	GinkgoHelper()
	return watchedBy(detecting)
}

func watchedBy(set func(controller.Deps) []controller.Controller) *story {
	GinkgoHelper()
	s := installed(set)
	ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(withQueue), builder.Runbook(s.Namespace, forErrorsToo), builder.ServerlessApplication(s.Namespace))
	s.pass(20 * time.Second)
	Expect(s.application(s.Namespace, builder.Application).Status.WatchedSince).NotTo(BeNil())
	Expect(s.account()).To(HaveCondition(v1alpha1.ConditionReceiving, metav1.ConditionTrue, v1alpha1.ReasonQueuesRead))
	return s
}

func withQueue(a *v1alpha1.AWSAccount) {
	a.Spec.Queues = []v1alpha1.AlarmQueue{{Region: reactstocks.Region, URL: reactstocks.AlarmQueueURL}}
}

// forErrorsToo lets the Runbook start for errors as well.
func forErrorsToo(b *v1alpha1.Runbook) {
	b.Spec.Triggers = append(b.Spec.Triggers, v1alpha1.Trigger{Metric: &v1alpha1.MetricTrigger{Namespace: "AWS/Lambda", Name: "Errors"}})
}

// start starts the operator anew, as another process: it knows what the cluster knows, and nothing else.
func (s *story) start() {
	GinkgoHelper()
	s.life = newLife(s)
	d := s.Deps
	clients, err := operatoraws.New(s.life.ctx, operatoraws.Options{Clock: s.Clock, Wall: s.Wall, Load: append(s.LoadAWS(), s.life.load())})
	Expect(err).NotTo(HaveOccurred())
	d.AWS = clients
	own, err := client.NewWithWatch(s.Environment.OperatorConfig, client.Options{Scheme: s.Environment.Scheme})
	Expect(err).NotTo(HaveOccurred())
	d.Client = s.life.watched(own)
	d.APIReader = d.Client
	d.Recorder = quiet{d.Recorder, s.life}
	s.Driver.Restart(s.set(d))
}

// pass lets time pass. Where the operator dies meanwhile, nothing of it goes on.
func (s *story) pass(d time.Duration) {
	GinkgoHelper()
	err := s.Driver.RunFor(s.life.ctx, d)
	if s.life.ctx.Err() == nil {
		Expect(err).NotTo(HaveOccurred())
	}
}

// down lets time pass while no operator runs.
func (s *story) down(d time.Duration) {
	s.Wall.Step(d)
	s.Clock.Step(d)
	s.World.AdvanceTo(s.Clock.Now())
}

// gone notes that nobody hears of alarms while something happens.
func (s *story) gone(meanwhile func()) {
	from := s.Clock.Now()
	meanwhile()
	s.away = append(s.away, span{from, s.Clock.Now()})
}

// platform is CloudWatch as a person of the platform team uses it.
func (s *story) platform() *cloudwatch.Client {
	return cloudwatch.New(cloudwatch.Options{
		BaseEndpoint: &s.Endpoint, Region: reactstocks.Region, HTTPClient: transport.New(),
		Credentials: credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
	})
}

// alarm makes an alarm that is OK, and stays as it is until its state is set: its metric has no data.
func (s *story) alarm(name, function, metric string) string {
	GinkgoHelper()
	topic := []string{reactstocks.AlarmTopicARN}
	Expect(s.World.PutMetricAlarm(s.ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("AWS/Lambda"), MetricName: &metric, Statistic: types.StatisticSum,
		Dimensions: []types.Dimension{
			{Name: aws.String("FunctionName"), Value: &function}, {Name: aws.String("Resource"), Value: aws.String(function + ":drill")},
		},
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), TreatMissingData: aws.String("ignore"),
		Threshold: aws.Float64(0), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, AlarmActions: topic, OKActions: topic,
	})).To(Succeed())
	s.to(fine, name)
	return name
}

// storm makes alarms that all fire at the next evaluation, five seconds after the minute, and returns their names.
func (s *story) storm(prefix string, n int, function, metric string) []string {
	GinkgoHelper()
	return s.weather(names(prefix, n), function, metric, -1, "breaching")
}

// calm lets alarms of a storm recover at the next evaluation.
func (s *story) calm(list []string, function, metric string) {
	GinkgoHelper()
	s.weather(list, function, metric, 1e9, "notBreaching")
}

func (s *story) weather(list []string, function, metric string, threshold float64, missing string) []string {
	GinkgoHelper()
	for _, name := range list {
		Expect(s.World.PutMetricAlarm(s.ctx, &cloudwatch.PutMetricAlarmInput{
			AlarmName: &name, Namespace: aws.String("AWS/Lambda"), MetricName: &metric, Statistic: types.StatisticSum,
			Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: &function}},
			Period:     aws.Int32(60), EvaluationPeriods: aws.Int32(1), TreatMissingData: &missing,
			Threshold: &threshold, ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		})).To(Succeed())
	}
	return list
}

// to brings alarms to a state now.
func (s *story) to(state types.StateValue, names ...string) {
	GinkgoHelper()
	for _, name := range names {
		_, err := s.platform().SetAlarmState(s.ctx, &cloudwatch.SetAlarmStateInput{
			AlarmName: &name, StateValue: state, StateReason: aws.String("attack"),
		})
		Expect(err).NotTo(HaveOccurred())
	}
}

// send puts messages into the queue that nobody but an attack sends.
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

// throttled counts the operator's calls that AWS refused for their rate.
func (s *story) throttled() int {
	return s.World.Ledger().Count(ledger.ByRole(reactstocks.AccountRole), ledger.ByError("Throttling"))
}

func (s *story) application(namespace, name string) *v1alpha1.ServerlessApplication {
	GinkgoHelper()
	return ExpectExists(s.ctx, s.Admin, builder.ServerlessApplication(namespace, func(a *v1alpha1.ServerlessApplication) { a.Name = name }))
}

func (s *story) account() *v1alpha1.AWSAccount {
	GinkgoHelper()
	return ExpectExists(s.ctx, s.Admin, builder.AWSAccount())
}

// ignored are the counts of messages that were ignored, by reason.
func (s *story) ignored() map[string]int64 {
	GinkgoHelper()
	counts := map[string]int64{}
	for _, m := range s.account().Status.IgnoredMessages {
		counts[m.Reason] = m.Count
	}
	return counts
}

// incidents are those of the story's namespaces.
func (s *story) incidents() []v1alpha1.Incident {
	GinkgoHelper()
	var all []v1alpha1.Incident
	for _, namespace := range s.Driver.Namespaces {
		var list v1alpha1.IncidentList
		Expect(s.Admin.List(s.ctx, &list, client.InNamespace(namespace))).To(Succeed())
		all = append(all, list.Items...)
	}
	return all
}

// resolve takes the part of the incident controller: every open Incident whose alarms are OK is over.
func (s *story) resolve() {
	GinkgoHelper()
	for _, incident := range s.incidents() {
		over := len(incident.Status.Conditions) == 0 && len(incident.Status.Signals) > 0
		for _, signal := range incident.Status.Signals {
			over = over && signal.State != v1alpha1.AlarmFiring
		}
		if over {
			incident.Status.Conditions = []metav1.Condition{{
				Type: v1alpha1.ConditionResolved, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonRecoveredWithoutChange,
				LastTransitionTime: metav1.NewTime(s.Clock.Now()),
			}}
			Expect(s.Admin.Status().Update(s.ctx, &incident)).To(Succeed())
		}
	}
}

// names makes numbered names.
func names(prefix string, n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("%s-%04d", prefix, i))
	}
	return list
}

// applications are those of a namespace.
func (s *story) applications(namespace string) []v1alpha1.ServerlessApplication {
	GinkgoHelper()
	var list v1alpha1.ServerlessApplicationList
	Expect(s.Admin.List(s.ctx, &list, client.InNamespace(namespace))).To(Succeed())
	return list.Items
}
