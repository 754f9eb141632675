package detection

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

func accessTo(region string) aws.Access {
	return aws.Access{AccountID: accountID, Region: region, RoleARN: "arn:aws:iam::" + accountID + ":role/" + region}
}

func inState(alarm alarms.Alarm, state v1alpha1.AlarmState, at time.Time) alarms.Alarm {
	alarm.State, alarm.TransitionedAt = state, at
	return alarm
}

// asked is what a reading by name gives; the names that have no alarm do not exist.
func asked(names []string, list ...alarms.Alarm) *facts {
	r := &reading{access: accessTo(region), listed: true, names: names, named: map[string]alarms.Alarm{}}
	for _, a := range list {
		r.named[a.Name] = a
	}
	return combine([]*reading{r})[region]
}

func TestASignalFollowsItsAlarm(t *testing.T) {
	at := noon.Add(-10 * time.Minute)
	alarm := firing("t", "pay", "Throttles", at)
	was := asStatus(signalOf(owned{alarm: alarm, function: "pay"}, nil))
	deleted := was
	deleted.State, deleted.TransitionedAt = v1alpha1.AlarmDeleted, second(noon.Add(-time.Minute))
	elsewhere := was
	elsewhere.AlarmARN = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:t"
	silenced := alarm
	silenced.ActionsEnabled = false
	app := watchedApp("shop", "checkout", "pay").object
	evaluated := func(as string, state v1alpha1.AlarmState) alarms.Alarm {
		a := inState(alarm, state, noon)
		a.EvaluationState = as
		return a
	}
	for name, c := range map[string]struct {
		was   v1alpha1.SignalStatus
		facts *facts
		state v1alpha1.AlarmState
		at    time.Time
	}{
		"it recovered": {was, asked([]string{"t"}, inState(alarm, v1alpha1.AlarmOK, noon)), v1alpha1.AlarmOK, noon},
		"it has no data": {
			was, asked([]string{"t"}, inState(alarm, v1alpha1.AlarmInsufficientData, noon)), v1alpha1.AlarmInsufficientData, noon,
		},
		"it is OK by a part of its data": {
			was, asked([]string{"t"}, evaluated("PARTIAL_DATA", v1alpha1.AlarmOK)), v1alpha1.AlarmInsufficientData, noon,
		},
		"it is OK and could not be evaluated": {
			was, asked([]string{"t"}, evaluated("EVALUATION_FAILURE", v1alpha1.AlarmOK)), v1alpha1.AlarmInsufficientData, noon,
		},
		"it is in ALARM by a part of its data": {
			was, seen(evaluated("PARTIAL_DATA", v1alpha1.AlarmFiring)), v1alpha1.AlarmFiring, noon,
		},
		"it fires anew":                     {was, seen(inState(alarm, v1alpha1.AlarmFiring, noon)), v1alpha1.AlarmFiring, noon},
		"it does not exist":                 {was, asked([]string{"t"}), v1alpha1.AlarmDeleted, noon},
		"it still does not exist":           {deleted, asked([]string{"t"}), v1alpha1.AlarmDeleted, noon.Add(-time.Minute)},
		"it exists again":                   {deleted, asked([]string{"t"}, alarm), v1alpha1.AlarmFiring, at},
		"it was not asked for":              {was, seen(), v1alpha1.AlarmFiring, at},
		"the answer is older than recorded": {was, seen(inState(alarm, v1alpha1.AlarmOK, at.Add(-time.Second))), v1alpha1.AlarmFiring, at},
		"it is of another Region":           {elsewhere, asked([]string{"t"}), v1alpha1.AlarmFiring, at},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			is := current(c.was, c.facts, app, accountID, noon)
			g.Expect(is.State).To(Equal(c.state))
			g.Expect(is.TransitionedAt.Time).To(Equal(c.at))
		})
	}
	NewWithT(t).Expect(current(was, seen(silenced), app, accountID, noon).Silenced).To(BeTrue())
}

func TestASignalNamesEveryFunctionThatItsAlarmIsAbout(t *testing.T) {
	g := NewWithT(t)
	a := watchedApp("shop", "checkout", "pay")
	a.object.Spec.Functions = append(a.object.Spec.Functions, v1alpha1.ApplicationFunction{Name: "refund"}, v1alpha1.ApplicationFunction{Name: "quiet"})
	alarm := firing("both", "pay", "Throttles", noon)
	alarm.Metrics = append(alarm.Metrics, firing("", "refund", "Throttles", noon).Metrics[0], firing("", "elsewhere", "Throttles", noon).Metrics[0])
	a.incidents = []v1alpha1.Incident{incident("checkout-1", alarm)}

	d := decided(a, seen(alarm))
	g.Expect(d.changes).To(HaveLen(1), "also of an Incident that is open already")
	g.Expect(d.changes[0].signals).To(HaveLen(1), "an alarm is one signal")
	g.Expect(d.changes[0].signals[0].FunctionName).To(BeEquivalentTo("pay"))
	g.Expect(d.changes[0].signals[0].OtherFunctions).To(Equal([]v1alpha1.FunctionName{"refund"}))

	a.incidents[0].Status.Signals = d.changes[0].signals
	g.Expect(decided(a, seen(alarm)).changes).To(BeEmpty(), "and is not written again")

	alarm.Metrics = alarm.Metrics[:1]
	d = decided(a, seen(alarm))
	g.Expect(d.changes[0].signals[0].OtherFunctions).To(BeEmpty(), "the alarm was edited")
}

func TestNothingIsConcludedFromAFailedReading(t *testing.T) {
	g := NewWithT(t)
	broken, half := accessTo("us-east-1"), accessTo("us-east-2")
	regions := combine([]*reading{
		{access: broken, names: []string{"a"}, fault: fault.New(fault.Blocked, v1alpha1.ReasonAccessDenied, "denied")},
		{access: half, names: []string{"b"}, listed: true, fault: fault.New(fault.Transient, v1alpha1.ReasonAWSUnavailable, "down")},
	})
	g.Expect(regions).NotTo(HaveKey(v1alpha1.Region("us-east-1")), "the Region was not read")
	g.Expect(regions["us-east-2"].gone).To(BeEmpty(), "names that were not answered are not gone")
}

func TestWhatTwoRolesSeeIsPutTogether(t *testing.T) {
	g := NewWithT(t)
	alarm := firing("t", "pay", "Throttles", noon)
	recovered := inState(alarm, v1alpha1.AlarmOK, noon.Add(time.Second))
	f := combine([]*reading{
		{access: accessTo(region), listed: true, names: []string{"t", "u"}, named: map[string]alarms.Alarm{"t": recovered}},
		{access: aws.Access{Region: region, RoleARN: "other"}, listed: true, firing: []alarms.Alarm{alarm, firing("u", "pay", "Errors", noon)}},
	})[region]
	g.Expect(f.named["t"].State).To(Equal(v1alpha1.AlarmOK), "the later transition counts")
	g.Expect(f.gone).To(BeEmpty(), "one role sees it")
	g.Expect(f.firing).To(HaveLen(1))
}

func TestEachRegionIsReadOnceWithTheAlarmsOfItsOpenIncidents(t *testing.T) {
	g := NewWithT(t)
	alarm := func(name string) alarms.Alarm { return firing(name, "pay", "Throttles", noon) }
	one, two, far, idle := watchedApp("shop", "one", "pay"), watchedApp("shop", "two", "get"), watchedApp("shop", "far", "x"), watchedApp("shop", "idle", "y")
	one.access, two.access, far.access = accessTo(region), accessTo(region), accessTo("us-east-1")
	idle.ready = false
	one.incidents = []v1alpha1.Incident{incident("one-1", alarm("a")), incident("one-2", alarm("b"), recoveredAt(noon))}
	two.incidents = []v1alpha1.Incident{incident("two-1", alarm("c"), func(i *v1alpha1.Incident) { i.Status.Signals = nil })}
	far.incidents = []v1alpha1.Incident{incident("far-1", alarm("d"))}

	readings := readingsOf([]*application{one, two, far, idle}, accountID)

	g.Expect(readings).To(HaveLen(2))
	g.Expect(readings[0].access.Region).To(Equal(region))
	g.Expect(readings[0].names).To(Equal([]string{"a", "c"}))
	g.Expect(readings[1].names).To(BeEmpty(), "the alarm is of a Region that the application left")
}

func TestDetectingSaysWhichRegionIsNotRead(t *testing.T) {
	g := NewWithT(t)
	well := &reading{access: accessTo(region)}
	slow := &reading{access: accessTo("us-east-1"), fault: fault.New(fault.Transient, v1alpha1.ReasonAWSUnavailable, "CloudWatch does not answer")}
	denied := &reading{access: accessTo("us-east-2"), fault: fault.New(fault.Blocked, v1alpha1.ReasonAccessDenied, "allow cloudwatch:DescribeAlarms")}

	status, reason, _ := detecting(nil)
	g.Expect(status).To(Equal(metav1.ConditionTrue))
	g.Expect(reason).To(Equal(v1alpha1.ReasonNothingToWatch))

	status, reason, _ = detecting([]*reading{well})
	g.Expect(status).To(Equal(metav1.ConditionTrue))
	g.Expect(reason).To(Equal(v1alpha1.ReasonAlarmsRead))

	status, reason, message := detecting([]*reading{well, slow, denied})
	g.Expect(status).To(Equal(metav1.ConditionFalse))
	g.Expect(reason).To(Equal(v1alpha1.ReasonAccessDenied), "a person has to help with this one")
	g.Expect(message).To(Equal(`us-east-1: CloudWatch does not answer; us-east-2: allow cloudwatch:DescribeAlarms`))
}
