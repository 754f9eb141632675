package alarms

import (
	"fmt"
	"slices"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

var (
	functions = []v1alpha1.ApplicationFunction{{Name: reactstocks.NewsSyncFunction}, {Name: reactstocks.BackendFunction}}
	throttles = v1alpha1.Trigger{Metric: &v1alpha1.MetricTrigger{Namespace: "AWS/Lambda", Name: "Throttles"}}
	errors    = v1alpha1.Trigger{Metric: &v1alpha1.MetricTrigger{Namespace: "AWS/Lambda", Name: "Errors"}}
)

func names(list []Alarm) (all []string) {
	for _, a := range list {
		all = append(all, a.Name)
	}
	return all
}

func TestOnlyAlarmsInTheStateALARMAreFiring(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Throttling, sim.Options{})
	quiet, err := Firing(t.Context(), w.session)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(quiet).To(BeEmpty())

	w.clock.Step(8 * time.Minute)
	firing, err := Firing(t.Context(), w.session)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(names(firing)).To(ContainElement(reactstocks.ThrottlesAlarm))
	all, err := (&Listing{}).Read(t.Context(), w.session, w.clock.Now())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(slices.IsSorted(names(all))).To(BeTrue())
	for _, a := range all {
		g.Expect(slices.Contains(names(firing), a.Name)).To(Equal(a.State == v1alpha1.AlarmFiring), a.Name)
	}
	g.Expect(w.Ledger().Count(ledger.ByClass(ledger.Change))).To(BeZero())
}

func TestAnAlarmIsReadAsItIs(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Throttling, sim.Options{})
	w.clock.Step(8 * time.Minute)
	found, err := ByName(t.Context(), w.session, []string{reactstocks.ThrottlesAlarm, reactstocks.ErrorRateAlarm, reactstocks.APIErrorsAlarm, "Deleted", reactstocks.ThrottlesAlarm})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found).To(HaveLen(3), "a deleted alarm is absent")

	a := found[reactstocks.ThrottlesAlarm]
	g.Expect(a.ARN).To(Equal(w.AlarmARN(reactstocks.ThrottlesAlarm)))
	g.Expect(a.State).To(Equal(v1alpha1.AlarmFiring))
	g.Expect(a.ActionsEnabled).To(BeTrue())
	g.Expect(a.TransitionedAt).To(BeTemporally(">", epoch))
	g.Expect(a.TransitionedAt).To(Equal(a.TransitionedAt.Truncate(time.Second)))
	g.Expect(a.Period).To(Equal(time.Minute))
	g.Expect(a.Reach).To(Equal(3 * time.Minute))
	name, ok := a.Function(functions)
	g.Expect(ok).To(BeTrue())
	g.Expect(name).To(BeEquivalentTo(reactstocks.BackendFunction))
	g.Expect(a.Matches(throttles)).To(BeTrue())
	g.Expect(a.Matches(errors)).To(BeFalse())
	g.Expect(a.Matches(v1alpha1.Trigger{})).To(BeFalse())

	math := found[reactstocks.ErrorRateAlarm]
	g.Expect(math.Matches(errors)).To(BeTrue(), "the metric is inside metric math")
	g.Expect(math.Reach).To(Equal(3 * time.Minute))
	_, ok = math.Function(functions)
	g.Expect(ok).To(BeTrue())

	_, ok = found[reactstocks.APIErrorsAlarm].Function(functions)
	g.Expect(ok).To(BeFalse(), "no dimension names a function")
	_, ok = a.Function(functions[:1])
	g.Expect(ok).To(BeFalse(), "the function is not of the application")
}

func TestEveryPageAndEveryNameIsRead(t *testing.T) {
	g := NewWithT(t)
	w, wanted := crowded(t, 230)
	wanted = append(wanted, reactstocks.ThrottlesAlarm)
	all, err := (&Listing{}).Read(t.Context(), w.session, w.clock.Now())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(all)).To(BeNumerically(">=", 231))
	w.clock.Step(10 * time.Second)
	found, err := ByName(t.Context(), w.session, wanted)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(found).To(HaveLen(231))
	g.Expect(found["many-007"].ActionsEnabled).To(BeFalse())
	g.Expect(found["many-007"].Reach).To(Equal(10 * time.Minute))
}

// crowded is a world with so many alarms more, whose names it returns.
func crowded(t *testing.T, n int) (*world, []string) {
	t.Helper()
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	var names []string
	for i := range n {
		name := fmt.Sprintf("many-%03d", i)
		names = append(names, name)
		NewWithT(t).Expect(w.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
			AlarmName: &name, Namespace: awssdk.String("Custom"), MetricName: awssdk.String("M"), Statistic: types.StatisticSum,
			Period: awssdk.Int32(300), EvaluationPeriods: awssdk.Int32(2), Threshold: awssdk.Float64(1),
			ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, ActionsEnabled: awssdk.Bool(false),
		})).To(Succeed())
	}
	return w, names
}

func TestEveryReadNamesAllAlarmTypes(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	_, err := Firing(t.Context(), w.session)
	g.Expect(err).NotTo(HaveOccurred())
	_, err = ByName(t.Context(), w.session, []string{"a"})
	g.Expect(err).NotTo(HaveOccurred())
	reads := w.Ledger().Entries(ledger.ByAction("cloudwatch:DescribeAlarms"))
	g.Expect(reads).To(HaveLen(2))
	for _, r := range reads {
		in, ok := r.Input.(*cloudwatch.DescribeAlarmsInput)
		g.Expect(ok).To(BeTrue())
		g.Expect(in.AlarmTypes).To(ConsistOf(types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm, types.AlarmTypeLogAlarm))
	}
}

func TestATransitionIsNoUpdate(t *testing.T) {
	g := NewWithT(t)
	transitioned, updated := epoch.Add(1234*time.Millisecond), epoch.Add(time.Hour)
	a := ofMetric(types.MetricAlarm{StateTransitionedTimestamp: &transitioned, StateUpdatedTimestamp: &updated})
	g.Expect(a.TransitionedAt).To(Equal(epoch.Add(time.Second)))
	a = ofComposite(types.CompositeAlarm{StateUpdatedTimestamp: &updated, StateValue: types.StateValueAlarm})
	g.Expect(a.TransitionedAt).To(Equal(updated))
	g.Expect(a.State).To(Equal(v1alpha1.AlarmFiring))
	g.Expect(a.Reach).To(BeZero())
	a = ofLog(types.LogAlarm{AlarmName: awssdk.String("logs"), ActionsEnabled: awssdk.Bool(false)})
	g.Expect(a.Name).To(Equal("logs"))
	g.Expect(a.ActionsEnabled).To(BeFalse())
}

func TestTheReachOfMetricMathIsThatOfItsLongestPeriod(t *testing.T) {
	g := NewWithT(t)
	a := ofMetric(types.MetricAlarm{EvaluationPeriods: awssdk.Int32(2), Metrics: []types.MetricDataQuery{
		{MetricStat: &types.MetricStat{Period: awssdk.Int32(60), Metric: &types.Metric{MetricName: awssdk.String("A")}}},
		{MetricStat: &types.MetricStat{Period: awssdk.Int32(300), Metric: &types.Metric{MetricName: awssdk.String("B")}}},
		{Expression: awssdk.String("m1/m2")},
	}})
	g.Expect(a.Reach).To(Equal(10 * time.Minute))
	g.Expect(a.Metrics).To(HaveLen(2))
}

func TestAMetricOfAnotherAccountIsNoneOfTheAlarms(t *testing.T) {
	g := NewWithT(t)
	lambda := func(name, function string) *types.MetricStat {
		return &types.MetricStat{Period: awssdk.Int32(300), Metric: &types.Metric{
			Namespace: awssdk.String("AWS/Lambda"), MetricName: &name,
			Dimensions: []types.Dimension{{Name: awssdk.String("FunctionName"), Value: &function}},
		}}
	}
	arn := awssdk.String("arn:aws:cloudwatch:us-east-1:123456789012:alarm:watched here")
	staging := types.MetricDataQuery{MetricStat: lambda("Throttles", reactstocks.BackendFunction), AccountId: awssdk.String("999999999999")}
	a := ofMetric(types.MetricAlarm{AlarmArn: arn, EvaluationPeriods: awssdk.Int32(2), Metrics: []types.MetricDataQuery{staging}})
	_, ok := a.Function(functions)
	g.Expect(ok).To(BeFalse(), "a namesake of another account is another function")
	g.Expect(a.Matches(throttles)).To(BeFalse())
	g.Expect(a.Reach).To(Equal(10*time.Minute), "it looks back as far as it does")

	ours := types.MetricDataQuery{MetricStat: lambda("Errors", reactstocks.NewsSyncFunction), AccountId: awssdk.String("123456789012")}
	a = ofMetric(types.MetricAlarm{AlarmArn: arn, Metrics: []types.MetricDataQuery{staging, ours}})
	g.Expect(a.Functions(functions)).To(Equal([]v1alpha1.FunctionName{reactstocks.NewsSyncFunction}), "of both accounts, ours alone")
	g.Expect(a.Matches(errors)).To(BeTrue())
	g.Expect(a.Matches(throttles)).To(BeFalse())

	a = ofMetric(types.MetricAlarm{Metrics: []types.MetricDataQuery{ours}})
	g.Expect(a.Functions(functions)).To(BeEmpty(), "without an ARN nobody knows whose account that is")
}

func TestAnAlarmNamesEachFunctionOfItsMetricsOnce(t *testing.T) {
	g := NewWithT(t)
	of := func(names ...string) (a Alarm) {
		for _, name := range names {
			a.Metrics = append(a.Metrics, Metric{Namespace: "AWS/Lambda", Name: "Errors", Dimensions: map[string]string{"FunctionName": name}})
		}
		return a
	}
	a := of("elsewhere", reactstocks.BackendFunction, reactstocks.NewsSyncFunction, reactstocks.BackendFunction)
	g.Expect(a.Functions(functions)).To(Equal([]v1alpha1.FunctionName{reactstocks.BackendFunction, reactstocks.NewsSyncFunction}))
	first, ok := a.Function(functions)
	g.Expect(ok).To(BeTrue())
	g.Expect(first).To(BeEquivalentTo(reactstocks.BackendFunction))
	g.Expect(of("elsewhere").Functions(functions)).To(BeEmpty())
}

func TestTheEvaluationOfAnAlarmIsRead(t *testing.T) {
	g := NewWithT(t)
	partial := ofMetric(types.MetricAlarm{StateValue: types.StateValueOk, EvaluationState: types.EvaluationStatePartialData})
	g.Expect(partial.EvaluationState).To(Equal("PARTIAL_DATA"))
	g.Expect(partial.State).To(Equal(v1alpha1.AlarmOK), "the state is CloudWatch's")
	failed := ofLog(types.LogAlarm{EvaluationState: types.EvaluationStateEvaluationFailure})
	g.Expect(failed.EvaluationState).To(Equal("EVALUATION_FAILURE"))
	g.Expect(ofMetric(types.MetricAlarm{}).EvaluationState).To(BeEmpty())
}

func TestTroubleIsAFault(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady, sim.Options{})
	w.Faults().Add(faults.Rule{Action: "cloudwatch:DescribeAlarms", Times: 1, Effect: faults.Effect{Throttle: true}})
	_, err := Firing(t.Context(), w.session)
	g.Expect(fault.From(err).Class).To(Equal(fault.Waiting))
	nothing := iam.Allow("lambda:GetFunction")
	w.IAM().SetRolePolicy(reactstocks.GrantRoleARN, &nothing)
	_, err = Firing(t.Context(), w.session)
	g.Expect(fault.From(err).Message).To(ContainSubstring("cloudwatch:DescribeAlarms"))
}
