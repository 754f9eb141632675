//go:build fault

package bounds

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/lambda"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

const (
	alice = "alice@example.com" // may approve
	// reserved executions of each function of a fleet, and what its traffic occupies on a quiet and on a bad day.
	reserved, quiet, busy = 10, 6.0, 15.0
	// duration of a call in seconds.
	duration = 0.4
	// plenty of concurrency for everybody: what is attacked here is something else.
	plenty = 20000
)

// fleet are many applications of one function each, in one account, whose alarms can fire at the same time.
type fleet struct {
	*env.Fixture
	ctx   context.Context
	names []string // of the applications, each with a function and an alarm named after it
}

// newFleet starts a world with n applications on a quiet day, each watched for long enough that what fires is new.
func newFleet(n int, o env.Options, changes ...func(*v1alpha1.AWSAccount)) *fleet {
	GinkgoHelper()
	if o.Controllers == nil {
		o.Controllers = controllers.All
	}
	o.Sim.ConcurrentExecutions, o.Sim.Seed = plenty, 7
	f := &fleet{ctx: context.Background(), Fixture: environment.NewFixture(GinkgoTB(), o)}
	f.Bind(alice, "runbook-operator-approver")
	f.InstallLibrary()
	ExpectApplied(f.ctx, f.Admin, builder.AWSAccount(changes...), builder.ChangePolicy(f.Namespace))
	for i := range n {
		f.launch(fmt.Sprintf("app-%02d", i))
	}
	Expect(f.Driver.RunFor(f.ctx, 2*time.Minute)).To(Succeed())
	return f
}

// withQueue lets alarms tell the operator of their states.
func withQueue(a *v1alpha1.AWSAccount) {
	a.Spec.Queues = []v1alpha1.AlarmQueue{{Region: reactstocks.Region, URL: reactstocks.AlarmQueueURL}}
}

func function(name string) string { return reactstocks.Stack + "-" + name }

// launch adds an application, its function with quiet traffic, and the alarm of its throttled calls.
func (f *fleet) launch(name string) {
	GinkgoHelper()
	f.names = append(f.names, name)
	f.World.PutFunction(lambda.Function{
		Name: function(name), MemorySize: 256, Timeout: 10, Runtime: "nodejs22.x", Handler: "index.handler",
		Role: "arn:aws:iam::" + reactstocks.AccountID + ":role/fleet", Code: name,
		Alias: reactstocks.Alias, ReservedConcurrency: aws.Int32(reserved),
	})
	f.offer(name, quiet)
	Expect(f.World.PutMetricAlarm(f.ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(name + " throttles"), Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Throttles"),
		Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(function(name))}},
		Statistic:  types.StatisticSum, Period: aws.Int32(60), Threshold: aws.Float64(0),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		EvaluationPeriods:  aws.Int32(3), DatapointsToAlarm: aws.Int32(2), TreatMissingData: aws.String("notBreaching"),
		ActionsEnabled: aws.Bool(true),
	})).To(Succeed())
	ExpectApplied(f.ctx, f.Admin, builder.ServerlessApplication(f.Namespace, func(a *v1alpha1.ServerlessApplication) {
		a.Name = name
		a.Spec.Functions = []v1alpha1.ApplicationFunction{{Name: v1alpha1.FunctionName(function(name)), Alias: reactstocks.Alias}}
		a.Spec.ChangePolicyRef = &v1alpha1.LocalReference{Name: "default"}
	}))
}

// offer sets the traffic of a function to what would occupy so much concurrency without a limit.
func (f *fleet) offer(name string, concurrency float64) {
	f.World.SetTraffic(traffic.Workload{
		Function: function(name), Qualifier: reactstocks.Alias,
		Arrivals: traffic.Steady(concurrency / duration), Duration: traffic.Steady(duration),
		Spread: 0.5, ErrorRate: traffic.Steady(0.001), CPUShare: 0.3, MemoryReference: 256,
	})
}

// storm lets the traffic of applications grow beyond what their functions may use.
func (f *fleet) storm(names ...string) {
	for _, name := range names {
		f.offer(name, busy)
	}
}

// firing lets time pass until the alarms of applications fire, and returns the moment.
func (f *fleet) firing(names ...string) time.Time {
	GinkgoHelper()
	admin := f.alarms()
	f.until("the alarms fire", 10*time.Minute, func() bool {
		out, err := admin.DescribeAlarms(f.ctx, &cloudwatch.DescribeAlarmsInput{StateValue: types.StateValueAlarm, MaxRecords: aws.Int32(100)})
		Expect(err).NotTo(HaveOccurred())
		found := map[string]bool{}
		for _, a := range out.MetricAlarms {
			found[aws.ToString(a.AlarmName)] = true
		}
		return !slices.ContainsFunc(names, func(name string) bool { return !found[name+" throttles"] })
	})
	return f.Clock.Now()
}

func (f *fleet) until(what string, limit time.Duration, holds func() bool) {
	GinkgoHelper()
	Expect(f.Driver.RunUntil(f.ctx, limit, holds)).To(Succeed(), "waiting until %s", what)
}

// took lets time pass until something holds, and returns how much did.
func (f *fleet) took(what string, limit time.Duration, holds func() bool) time.Duration {
	GinkgoHelper()
	began := f.Clock.Now()
	f.until(what, limit, holds)
	d := f.Clock.Now().Sub(began)
	GinkgoWriter.Printf("%s: after %s\n", what, d)
	return d
}

func (f *fleet) incidents() []v1alpha1.Incident {
	GinkgoHelper()
	var list v1alpha1.IncidentList
	Expect(f.Admin.List(f.ctx, &list, client.InNamespace(f.Namespace))).To(Succeed())
	return list.Items
}

func (f *fleet) remediations() []v1alpha1.Remediation {
	GinkgoHelper()
	var list v1alpha1.RemediationList
	Expect(f.Admin.List(f.ctx, &list, client.InNamespace(f.Namespace))).To(Succeed())
	return list.Items
}

// of returns the Remediation of an application, or nil.
func (f *fleet) of(name string) *v1alpha1.Remediation {
	GinkgoHelper()
	for _, rem := range f.remediations() {
		if rem.Spec.ApplicationRef.Name == name {
			return &rem
		}
	}
	return nil
}

// count returns how many Remediations have a condition with a reason.
func (f *fleet) count(typ, reason string) int {
	GinkgoHelper()
	n := 0
	for _, rem := range f.remediations() {
		if conditions.Reason(rem.Status.Conditions, typ) == reason {
			n++
		}
	}
	return n
}

func (f *fleet) waiting() int {
	return f.count(v1alpha1.ConditionApproved, v1alpha1.ReasonAwaitingApproval)
}
func (f *fleet) applied() int { return f.count(v1alpha1.ConditionApplied, v1alpha1.ReasonApplied) }

// approve approves the present plan of Remediations.
func (f *fleet) approve(list ...v1alpha1.Remediation) {
	GinkgoHelper()
	person := environment.As(GinkgoTB(), rest.ImpersonationConfig{UserName: alice, Groups: []string{"system:authenticated"}})
	for i := range list {
		Expect(person.Create(f.ctx, builder.Approval(&list[i]))).To(Succeed())
	}
}

func (f *fleet) person() aws.Config {
	return aws.Config{Region: reactstocks.Region, BaseEndpoint: aws.String(f.Endpoint), Credentials: administrator}
}

func (f *fleet) alarms() *cloudwatch.Client { return cloudwatch.NewFromConfig(f.person()) }

// mine selects the calls of the operator, whoever it is at the moment: not those of the suite.
func mine(e ledger.Entry) bool { return !ledger.ByRole(reactstocks.AdminRole)(e) }

// changed returns the calls of the operator that changed something.
func (f *fleet) changed() []ledger.Entry {
	return f.World.Ledger().Entries(ledger.ByClass(ledger.Change), ledger.Changed(), mine)
}

// tally counts calls by action, for people.
func tally(entries []ledger.Entry) string {
	n := map[string]int{}
	for _, e := range entries {
		n[e.Action()]++
	}
	out := ""
	for _, action := range slices.Sorted(maps.Keys(n)) {
		out += fmt.Sprintf(" %s %d", action, n[action])
	}
	return fmt.Sprintf("%d calls:%s", len(entries), out)
}
