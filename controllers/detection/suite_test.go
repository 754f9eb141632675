package detection_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/account"
	"github.com/runbook-operator/runbook-operator/controllers/application"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/controllers/detection"
	"github.com/runbook-operator/runbook-operator/controllers/runbook"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/transport"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var environment *env.Environment

func TestDetection(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Detection")
}

var _ = BeforeSuite(func() {
	logf.SetLogger(GinkgoLogr)
	environment = env.Start(GinkgoTB())
})

// story is one spec: a fixture with an account, an application and a Runbook, and a vocabulary for alarms.
type story struct {
	*env.Fixture
	ctx         context.Context
	controllers func() []controller.Controller
}

// drive makes a story whose controllers see the cluster through a client of the spec's choice.
func drive(through func(client.Client) client.Client) *story {
	GinkgoHelper()
	s := &story{ctx: context.Background()}
	s.Fixture = environment.NewFixture(GinkgoTB(), env.Options{Controllers: func(d controller.Deps) []controller.Controller {
		if through != nil {
			d.Client = through(d.Client)
		}
		s.controllers = func() []controller.Controller {
			return append([]controller.Controller{account.New(d), runbook.New(d), application.New(d)}, detection.New(d)...)
		}
		return s.controllers()
	}})
	return s
}

// watched is a story with React Stocks being watched, and nothing in ALARM.
func watched(through func(client.Client) client.Client) *story {
	GinkgoHelper()
	s := drive(through)
	ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(), builder.Runbook(s.Namespace), builder.ServerlessApplication(s.Namespace))
	Expect(s.Driver.Settle(s.ctx)).To(Succeed())
	Expect(s.application().Status.WatchedSince).NotTo(BeNil())
	return s
}

// down lets time pass while no operator runs.
func (s *story) down(d time.Duration) {
	s.Wall.Step(d)
	s.Clock.Step(d)
	s.World.AdvanceTo(s.Clock.Now())
}

// start starts the operator anew: it knows what the cluster knows.
func (s *story) start() { s.Driver.Restart(s.controllers()) }

// pass lets time pass.
func (s *story) pass(d time.Duration) {
	GinkgoHelper()
	Expect(s.Driver.RunFor(s.ctx, d)).To(Succeed())
}

// fires puts an alarm into ALARM at its next evaluation, five seconds after the minute.
func (s *story) fires(name, function, metric string) { s.put(name, function, metric, -1, "breaching") }

// recovers puts an alarm into OK at its next evaluation.
func (s *story) recovers(name, function, metric string) {
	s.put(name, function, metric, 1e9, "notBreaching")
}

func (s *story) put(name, function, metric string, threshold float64, missing string) {
	GinkgoHelper()
	Expect(s.World.PutMetricAlarm(s.ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("AWS/Lambda"), MetricName: &metric, Statistic: types.StatisticSum,
		Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: &function}},
		Period:     aws.Int32(60), EvaluationPeriods: aws.Int32(1), TreatMissingData: &missing,
		Threshold: &threshold, ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		AlarmActions: []string{reactstocks.AlarmTopicARN}, OKActions: []string{reactstocks.AlarmTopicARN},
	})).To(Succeed())
}

// platform is CloudWatch as a person of the platform team uses it.
func (s *story) platform() *cloudwatch.Client {
	return cloudwatch.New(cloudwatch.Options{
		BaseEndpoint: &s.Endpoint, Region: reactstocks.Region,
		HTTPClient:  transport.New(),
		Credentials: awscredentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
	})
}

func (s *story) application() *v1alpha1.ServerlessApplication {
	GinkgoHelper()
	return ExpectExists(s.ctx, s.Admin, builder.ServerlessApplication(s.Namespace))
}

func (s *story) account() *v1alpha1.AWSAccount {
	GinkgoHelper()
	return ExpectExists(s.ctx, s.Admin, builder.AWSAccount())
}

// incidents are those of the fixture's namespace, by name.
func (s *story) incidents() []v1alpha1.Incident {
	GinkgoHelper()
	list := &v1alpha1.IncidentList{}
	Expect(s.Admin.List(s.ctx, list, client.InNamespace(s.Namespace))).To(Succeed())
	return list.Items
}

// incident is the only one.
func (s *story) incident() *v1alpha1.Incident {
	GinkgoHelper()
	list := s.incidents()
	Expect(list).To(HaveLen(1))
	return &list[0]
}

// resolve takes the part of the incident controller.
func (s *story) resolve(incident *v1alpha1.Incident) {
	GinkgoHelper()
	incident.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionResolved, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonRecoveredWithoutChange,
		LastTransitionTime: metav1.NewTime(s.Clock.Now()),
	}}
	Expect(s.Admin.Status().Update(s.ctx, incident)).To(Succeed())
}

// states are the states of an Incident's signals by the names of their alarms.
func states(incident *v1alpha1.Incident) map[string]v1alpha1.AlarmState {
	states := map[string]v1alpha1.AlarmState{}
	for _, s := range incident.Status.Signals {
		states[s.AlarmName] = s.State
	}
	return states
}
