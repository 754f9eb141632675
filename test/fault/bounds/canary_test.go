//go:build fault

package bounds

import (
	"context"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	testclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/hack/cluster"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/clock"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/sim/sqs"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
)

// theatre is React Stocks with a canary wherever somebody can put a text, and the operator in a process of its own.
type theatre struct {
	*WithT
	t        *testing.T
	ctx      context.Context
	e        *env.Environment
	world    *sim.World
	clock    clock.Scaled
	canaries *canaries
	proxy    *talkative
	endpoint string
	child    *child
	person   awssdk.Config
}

const (
	stage = "stage" // the namespace
	speed = 60
)

func openTheatre(t *testing.T) *theatre {
	t.Helper()
	s := &theatre{WithT: NewWithT(t), t: t, ctx: t.Context(), e: env.Start(t), canaries: &canaries{by: map[string]string{}}}
	s.clock = clock.Scaled{Epoch: time.Now(), Factor: speed}
	var err error
	s.world, err = reactstocks.New(s.ctx, sim.Options{Seed: 7, Clock: s.clock}, reactstocks.Steady)
	must(t, "making the simulated AWS", err)
	s.plant()
	s.proxy = &talkative{next: s.world.Handler(), canaries: s.canaries, header: s.canaries.plant("header"), body: s.canaries.plant("error body")}
	server := httptest.NewServer(s.proxy)
	t.Cleanup(server.Close)
	s.endpoint = server.URL
	s.person = awssdk.Config{Region: reactstocks.Region, BaseEndpoint: &s.endpoint, Credentials: administrator}
	s.install()
	cfg := s.e.OperatorConfig
	s.child = startChild(t, orders{
		Host: cfg.Host, CA: cfg.CAData, Token: cfg.BearerToken, Namespace: env.SystemNamespace, Endpoint: s.endpoint,
		Level: "100", Epoch: s.clock.Epoch, Factor: speed,
	})
	return s
}

// plant puts canaries into what AWS has.
func (s *theatre) plant() {
	s.t.Helper()
	environmentOf := map[string]string{"STAGE": "prod", "EMPTY": ""}
	for _, name := range []string{"API_KEY", "DATABASE_URL", "PASSWORD"} {
		environmentOf[name] = s.canaries.plant("environment value " + name)
	}
	s.world.PutFunction(lambda.Function{
		Name: reactstocks.BackendFunction, MemorySize: 512, Timeout: 30, Runtime: "nodejs22.x", Handler: s.canaries.plant("handler"),
		Role: "arn:aws:iam::" + reactstocks.AccountID + ":role/" + s.canaries.plant("role"), Code: "x", Environment: environmentOf,
		Tags: map[string]string{
			"aws:cloudformation:stack-name": "-" + s.canaries.plant("stack tag"), "owner": s.canaries.plant("tag"),
			s.canaries.plant("name of a tag"): "x",
		},
		Alias: reactstocks.Alias, ReservedConcurrency: awssdk.Int32(reactstocks.BackendReserved),
	})
	must(s.t, "putting an alarm", s.world.PutMetricAlarm(s.ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: awssdk.String(reactstocks.ThrottlesAlarm), AlarmDescription: awssdk.String(s.canaries.plant("description of an alarm")),
		Namespace: awssdk.String("AWS/Lambda"), MetricName: awssdk.String("Throttles"), Statistic: types.StatisticSum,
		Dimensions: []types.Dimension{{Name: awssdk.String("FunctionName"), Value: awssdk.String(reactstocks.BackendFunction)}},
		Period:     awssdk.Int32(60), Threshold: awssdk.Float64(0), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		EvaluationPeriods: awssdk.Int32(3), DatapointsToAlarm: awssdk.Int32(2), TreatMissingData: awssdk.String("notBreaching"),
		ActionsEnabled: awssdk.Bool(true), AlarmActions: []string{reactstocks.AlarmTopicARN},
		Tags: []types.Tag{{Key: awssdk.String("owner"), Value: awssdk.String(s.canaries.plant("tag of an alarm"))}},
	}))
	s.canaries.add(reactstocks.OperatorSecretAccessKey, "secret key of the operator")
	s.canaries.add(reactstocks.OperatorAccessKeyID, "access key ID of the operator")
	s.canaries.add(s.e.OperatorConfig.BearerToken, "token of the operator")
}

// install installs what a team has, and its approver.
func (s *theatre) install() {
	s.t.Helper()
	library, err := cluster.Manifests("config", "runbooks")
	must(s.t, "reading the shipped Runbooks", err)
	for _, o := range library {
		o.SetNamespace(env.SystemNamespace)
		must(s.t, "installing a Runbook", s.e.Admin.Create(s.ctx, o))
	}
	for _, o := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: stage, Labels: map[string]string{"team": "react-stocks"}}},
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: stage, Name: "approver"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "runbook-operator-approver"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: alice}},
		},
		builder.AWSAccount(func(a *v1alpha1.AWSAccount) {
			a.Spec.Queues = []v1alpha1.AlarmQueue{{Region: reactstocks.Region, URL: reactstocks.AlarmQueueURL}}
		}),
		builder.ServerlessApplication(stage),
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: stage, Name: "control"}, Data: map[string]string{"text": "control-of-the-search"}},
	} {
		must(s.t, "creating "+o.GetName(), s.e.Admin.Create(s.ctx, o))
	}
	// The policies are older than the first incident: an approval counts at once.
	past := testclock.NewFakePassiveClock(time.Now().Add(-time.Minute))
	policies, err := approval.NewAdmissionPolicies(s.e.Admin, s.e.Admin, env.SystemNamespace, past, nil)
	must(s.t, "reading the admission policies", err)
	_, err = policies.Check(s.ctx)
	must(s.t, "looking at the admission policies", err)
}

// await waits, wall time, until something holds.
func (s *theatre) await(what string, holds func() bool) {
	s.t.Helper()
	s.Eventually(holds).WithTimeout(time.Minute).WithPolling(50*time.Millisecond).Should(BeTrue(), func() string {
		log := s.child.said(s.t)
		return what + "\n" + log[max(0, len(log)-4000):]
	})
}

// remediation returns the one Remediation, or nil.
func (s *theatre) remediation() *v1alpha1.Remediation {
	s.t.Helper()
	var list v1alpha1.RemediationList
	must(s.t, "listing Remediations", s.e.Admin.List(s.ctx, &list, client.InNamespace(stage)))
	if len(list.Items) == 0 {
		return nil
	}
	return &list.Items[0]
}

func (s *theatre) is(typ, reason string) func() bool {
	return func() bool {
		rem := s.remediation()
		return rem != nil && conditions.Reason(rem.Status.Conditions, typ) == reason
	}
}

// Ways in which AWS refuses, by HTTP status.
var (
	ends   = map[int]string{400: "ValidationException", 409: "ResourceConflictException"}
	passes = map[int]string{403: "AccessDeniedException", 429: "ThrottlingException"}
	breaks = map[int]string{500: "ServiceException", 503: "ServiceUnavailable"}
)

// fail lets calls of an action fail in several ways, one after the other, each with a text.
func (s *theatre) fail(action string, ways ...map[int]string) {
	skip := 0
	for _, way := range ways {
		for _, status := range slices.Sorted(maps.Keys(way)) {
			text := s.canaries.plant(fmt.Sprintf("error message of %s %d", action, status))
			s.world.Faults().Add(faults.Rule{Action: action, Skip: skip, Times: 1, Effect: faults.Error(way[status], text, status)})
			skip++
		}
	}
}

// refused returns how many calls AWS answered with an error.
func (s *theatre) refused() int {
	return s.world.Ledger().Count(mine, func(e ledger.Entry) bool { return e.Error != "" })
}

// messages sends what strangers may send.
func (s *theatre) messages() {
	s.t.Helper()
	text := s.canaries.plant("message body")
	alarm := s.canaries.plant("alarm name in a message")
	event := func(name, extra string) string {
		return fmt.Sprintf(`{"version":"0","id":"%s","detail-type":"CloudWatch Alarm State Change","source":"aws.cloudwatch","account":"%s",`+
			`"time":"%s","region":"%s","resources":["arn:aws:cloudwatch:%s:%s:alarm:%s"],"detail":{"alarmName":"%s","state":{"value":"ALARM",`+
			`"reason":"%s","reasonData":"{\"x\":\"%s\"}","timestamp":"%s"},"previousState":{"value":"OK"},"configuration":{"description":"%s"}}}`,
			extra, reactstocks.AccountID, s.clock.Now().UTC().Format(time.RFC3339), reactstocks.Region, reactstocks.Region, reactstocks.AccountID, name, name,
			extra, extra, s.clock.Now().UTC().Format("2006-01-02T15:04:05.000+0000"), extra)
	}
	for _, body := range []string{
		text, `{"` + text + `": 1}`, `{"Type": "Notification", "Message": "` + text + `", "TopicArn": "` + text + `"}`,
		event(alarm, text), event(reactstocks.ThrottlesAlarm, text), strings.Replace(event(alarm, text), reactstocks.AccountID, "999999999999", 1),
		strings.Replace(event(alarm, text), "aws.cloudwatch", text, 1),
	} {
		must(s.t, "sending a message", s.world.SendMessage(s.ctx, reactstocks.AlarmQueue, body))
	}
}

func TestACanaryIsFoundNowhere(t *testing.T) {
	s := openTheatre(t)
	admin := cloudwatch.NewFromConfig(s.person)
	account := &v1alpha1.AWSAccount{}
	s.await("alarms are read", func() bool {
		must(t, "reading the account", s.e.Admin.Get(s.ctx, client.ObjectKey{Name: builder.Account}, account))
		return conditions.IsTrue(account.Status.Conditions, v1alpha1.ConditionDetecting) && conditions.IsTrue(account.Status.Conditions, v1alpha1.ConditionReceiving)
	})
	s.messages()
	// The first errors meet the poll, the queue and the investigation, the others the plan and the change.
	for _, action := range []string{"cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "lambda:GetFunction", "lambda:GetAccountSettings", "sqs:ReceiveMessage"} {
		s.fail(action, breaks, passes, ends)
	}
	reactstocks.Apply(s.world, reactstocks.Throttling, 7)
	_, err := admin.SetAlarmState(s.ctx, &cloudwatch.SetAlarmStateInput{
		AlarmName: awssdk.String(reactstocks.ThrottlesAlarm), StateValue: types.StateValueAlarm,
		StateReason: awssdk.String(s.canaries.plant("reason of an alarm")), StateReasonData: awssdk.String(`{"x":"` + s.canaries.plant("reason data of an alarm") + `"}`),
	})
	must(t, "setting an alarm", err)
	s.await("a plan waits", s.is(v1alpha1.ConditionApproved, v1alpha1.ReasonAwaitingApproval))
	s.proxy.fool(40)
	s.await("a proxy answered", s.proxy.done)
	for _, action := range []string{"sts:AssumeRole", "lambda:GetFunction", "cloudwatch:DescribeAlarms"} {
		s.fail(action, breaks, passes)
	}
	s.fail("lambda:PutFunctionConcurrency", passes)
	person := s.e.As(t, rest.ImpersonationConfig{UserName: alice, Groups: []string{"system:authenticated"}})
	approved := int64(0)
	s.await("the change is made", func() bool {
		rem := s.remediation()
		if plan := rem.Status.Plan; plan != nil && plan.Number != approved && s.is(v1alpha1.ConditionApproved, v1alpha1.ReasonAwaitingApproval)() {
			must(t, "approving", person.Create(s.ctx, builder.Approval(rem)))
			approved = plan.Number
		}
		return rem.Status.AppliedAt != nil || rem.Status.EndedAt != nil
	})
	s.proxy.fool(40)
	s.await("a proxy answered", s.proxy.done)
	s.await("every message was decided", func() bool { return s.world.Queue(reactstocks.AlarmQueue) == (sqs.Counts{}) })
	metrics := s.child.measured(t)
	s.child.stop() // and what it says when it ends

	texts := dump(t, s.e.Config, s.e.Admin)
	texts["the log"], texts["/metrics"] = s.child.said(t), metrics
	s.Expect(texts["configmaps stage/control"]).To(ContainSubstring("control-of-the-search"), "the search sees what is stored")
	s.Expect(texts["/metrics"]).To(ContainSubstring("runbook_operator_aws_calls_total"))
	s.Expect(texts["the log"]).To(ContainSubstring("Message about an alarm"), "the log is at its most verbose level")
	s.Expect(s.world.Ledger().Count(ledger.ByAction("lambda:GetFunction"), mine, ledger.ByError(""))).To(BeNumerically(">", 0), "values were read")
	s.Expect(s.refused()).To(BeNumerically(">=", 20), "errors were met")
	t.Logf("%d objects, %d canaries, %d bytes of log, %d errors", len(texts), len(s.canaries.by), len(texts["the log"]), s.refused())
	s.Expect(leaks(s.canaries, texts)).To(BeEmpty())
}
