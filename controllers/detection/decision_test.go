package detection

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
)

const (
	accountID = "111122223333"
	region    = "eu-west-1"
)

var (
	noon    = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	longAgo = noon.Add(-24 * time.Hour)
)

func arn(name string) string {
	return fmt.Sprintf("arn:aws:cloudwatch:%s:%s:alarm:%s", region, accountID, name)
}

// firing is an alarm on a metric of a function, in ALARM since a time.
func firing(name, function, metric string, since time.Time) alarms.Alarm {
	return alarms.Alarm{
		Name: name, ARN: arn(name), State: v1alpha1.AlarmFiring, TransitionedAt: since, ActionsEnabled: true,
		Metrics: []alarms.Metric{{Namespace: "AWS/Lambda", Name: metric, Dimensions: map[string]string{"FunctionName": function}}},
	}
}

func runbookFor(name string, concern v1alpha1.Concern, metric string) *v1alpha1.Runbook {
	b := &v1alpha1.Runbook{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	b.Spec.Concern = concern
	b.Spec.Triggers = []v1alpha1.Trigger{{Metric: &v1alpha1.MetricTrigger{Namespace: "AWS/Lambda", Name: metric}}}
	return b
}

// watchedApp is a Ready application with one function that has been watched for a day.
func watchedApp(namespace, name, function string) *application {
	app := &v1alpha1.ServerlessApplication{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	app.Spec.AWS.Region = region
	app.Spec.Functions = []v1alpha1.ApplicationFunction{{Name: v1alpha1.FunctionName(function)}}
	app.Status.WatchedSince = ptr.To(second(longAgo))
	return &application{object: app, ready: true, runbooks: []*v1alpha1.Runbook{
		runbookFor("throttling", v1alpha1.ConcernAvailability, "Throttles"),
		runbookFor("errors", v1alpha1.ConcernAvailability, "Errors"),
	}}
}

// incident is one with the alarm's transition to ALARM as the signal that opened it.
func incident(name string, alarm alarms.Alarm, change ...func(*v1alpha1.Incident)) v1alpha1.Incident {
	i := v1alpha1.Incident{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, CreationTimestamp: second(noon)}}
	signal := signalOf(owned{alarm: alarm, function: "pay"}, []string{"throttling"})
	i.Spec = v1alpha1.IncidentSpec{Concern: v1alpha1.ConcernAvailability, Signal: &signal}
	i.Status.Signals = []v1alpha1.SignalStatus{asStatus(signal)}
	for _, c := range change {
		c(&i)
	}
	return i
}

func condition(typ string, status metav1.ConditionStatus, reason string) func(*v1alpha1.Incident) {
	return func(i *v1alpha1.Incident) {
		i.Status.Conditions = append(i.Status.Conditions, metav1.Condition{Type: typ, Status: status, Reason: reason})
	}
}

func recoveredAt(at time.Time) func(*v1alpha1.Incident) {
	return func(i *v1alpha1.Incident) {
		i.Status.Signals[0].State, i.Status.Signals[0].TransitionedAt = v1alpha1.AlarmOK, second(at)
		condition(v1alpha1.ConditionResolved, metav1.ConditionTrue, v1alpha1.ReasonRecoveredWithoutChange)(i)
	}
}

func byAPerson(i *v1alpha1.Incident) { i.Spec.Signal, i.Status.Signals = nil, nil }

// seen is what a successful reading of these alarms gives.
func seen(list ...alarms.Alarm) *facts {
	f := combine([]*reading{{access: accessTo(region), listed: true, firing: list}})
	return f[region]
}

// decided places what was seen with an application and decides.
func decided(a *application, f *facts) decision {
	belong(f.firing, false, []*application{a})
	return decide(a, f, accountID, noon)
}

func TestAnAlarmOpensAnIncident(t *testing.T) {
	g := NewWithT(t)
	alarm := firing("pay-throttles", "pay", "Throttles", noon.Add(-time.Minute+300*time.Millisecond))
	alarm.ActionsEnabled = false

	d := decided(watchedApp("shop", "checkout", "pay"), seen(alarm))

	g.Expect(d.openings).To(Equal([]opening{{concern: v1alpha1.ConcernAvailability, signals: []v1alpha1.Signal{{
		AlarmName: "pay-throttles", AlarmARN: arn("pay-throttles"), FunctionName: "pay",
		TransitionedAt: metav1.NewTime(noon.Add(-time.Minute)), Silenced: true, Runbooks: []string{"throttling"},
	}}}}))
	g.Expect(d.status.UnmatchedAlarms).To(BeNil())
}

// Its transitions to ALARM and to OK have one time in the API, which has no more than seconds.
func TestATimeInAlarmOfLessThanASecondIsNotOpenedAgainWhenItIsLookedUp(t *testing.T) {
	g := NewWithT(t)
	at := noon.Add(-10 * time.Minute)
	alarm := firing("pay-throttles", "pay", "Throttles", at)
	a := watchedApp("shop", "checkout", "pay")
	a.incidents = []v1alpha1.Incident{incident("checkout-1", alarm, recoveredAt(at))}
	belong([]alarms.Alarm{alarm}, true, []*application{a})
	g.Expect(decide(a, newFacts(), accountID, noon).openings).To(BeEmpty())
}

func TestAlarmsOfOneConcernOpenOneIncidentTheEarliestFirst(t *testing.T) {
	g := NewWithT(t)
	same := noon.Add(-30 * time.Second)

	d := decided(watchedApp("shop", "checkout", "pay"), seen(
		firing("z-throttles", "pay", "Throttles", same),
		firing("b-errors", "pay", "Errors", same),
		firing("y-errors", "pay", "Errors", same.Add(-time.Second)),
	))

	g.Expect(d.openings).To(HaveLen(1))
	var names []string
	for _, s := range d.openings[0].signals {
		names = append(names, s.AlarmName)
	}
	g.Expect(names).To(Equal([]string{"y-errors", "b-errors", "z-throttles"}))
}

func TestAnAlarmOfTwoConcernsOpensAnIncidentForEach(t *testing.T) {
	g := NewWithT(t)
	a := watchedApp("shop", "checkout", "pay")
	a.runbooks = append(a.runbooks, runbookFor("spend", v1alpha1.ConcernCost, "Throttles"))
	d := decided(a, seen(firing("t", "pay", "Throttles", noon)))
	g.Expect(d.openings).To(HaveLen(2))
	g.Expect(d.openings[0].concern).To(Equal(v1alpha1.ConcernAvailability))
	g.Expect(d.openings[0].signals[0].Runbooks).To(Equal([]string{"throttling"}))
	g.Expect(d.openings[1].concern).To(Equal(v1alpha1.ConcernCost))
	g.Expect(d.openings[1].signals[0].Runbooks).To(Equal([]string{"spend"}))
}

func TestASignalNamesTheRunbooksOfItsConcern(t *testing.T) {
	g := NewWithT(t)
	a := watchedApp("shop", "checkout", "pay")
	for i := range 9 {
		a.runbooks = append(a.runbooks, runbookFor(fmt.Sprintf("more-%d", 9-i), "", "Throttles"))
	}
	d := decided(a, seen(firing("t", "pay", "Throttles", noon)))
	g.Expect(d.openings[0].signals[0].Runbooks).To(Equal([]string{
		"more-1", "more-2", "more-3", "more-4", "more-5", "more-6", "more-7", "more-8",
	}), "an Incident follows eight at most")
}

func TestASignalJoinsTheOldestOpenIncidentOfItsConcern(t *testing.T) {
	g := NewWithT(t)
	first := firing("t", "pay", "Throttles", noon.Add(-time.Minute))
	younger := incident("checkout-1", first, byAPerson, func(i *v1alpha1.Incident) { i.CreationTimestamp = second(noon.Add(time.Hour)) })
	cost := incident("checkout-2", first, func(i *v1alpha1.Incident) { i.Spec.Concern = v1alpha1.ConcernCost })
	a := watchedApp("shop", "checkout", "pay")
	a.incidents = []v1alpha1.Incident{younger, cost, incident("checkout-3", first)}

	d := decided(a, seen(first, firing("e", "pay", "Errors", noon)))

	g.Expect(d.openings).To(BeEmpty())
	g.Expect(d.changes).To(HaveLen(1))
	g.Expect(d.changes[0].incident.Name).To(Equal("checkout-3"))
	g.Expect(d.changes[0].joined).To(Equal([]string{"e"}))
	g.Expect(d.changes[0].signals).To(HaveLen(2))
}

func TestOneTransitionOpensOneIncidentForEver(t *testing.T) {
	at := noon.Add(-10 * time.Minute)
	alarm := firing("t", "pay", "Throttles", at)
	for name, c := range map[string]struct {
		incident v1alpha1.Incident
		seen     alarms.Alarm
		opens    bool
	}{
		"an open Incident follows its alarm, however often it fires": {
			incident("checkout-1", alarm), firing("t", "pay", "Throttles", noon), false,
		},
		"the signal is known before the status has it": {
			incident("checkout-1", alarm, func(i *v1alpha1.Incident) { i.Status.Signals = nil }), alarm, false,
		},
		"a late answer shows the transition of a resolved Incident": {
			incident("checkout-1", alarm, recoveredAt(noon.Add(-5*time.Minute))), alarm, false,
		},
		"the same second counts as the same transition": {
			incident("checkout-1", alarm, recoveredAt(noon.Add(-5*time.Minute))), firing("t", "pay", "Throttles", at.Add(900*time.Millisecond)), false,
		},
		"the Incident was resolved while its alarm went on": {
			incident("checkout-1", alarm, condition(v1alpha1.ConditionResolved, metav1.ConditionTrue, v1alpha1.ReasonRemediated)), alarm, false,
		},
		"the alarm fires anew after its Incident was resolved": {
			incident("checkout-1", alarm, recoveredAt(noon.Add(-5*time.Minute))), firing("t", "pay", "Throttles", noon), true,
		},
		"the alarm fires anew in the second of its recovery": {
			incident("checkout-1", alarm, recoveredAt(noon)), firing("t", "pay", "Throttles", noon), true,
		},
		"the Incident is being deleted": {
			incident("checkout-1", alarm, func(i *v1alpha1.Incident) { i.DeletionTimestamp = ptr.To(second(noon)) }), alarm, true,
		},
		"a person's Incident that makes no sense swallows nothing": {
			incident("mine", alarm, func(i *v1alpha1.Incident) { i.Spec.Signal = nil },
				condition(v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonRunbookNotFound)), alarm, true,
		},
		"a person's Incident waits for its application": {
			incident("mine", alarm, func(i *v1alpha1.Incident) { i.Spec.Signal = nil },
				condition(v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonNotGranted)), alarm, false,
		},
		"an Incident of another concern knows nothing of it": {
			incident("checkout-1", alarm, func(i *v1alpha1.Incident) { i.Spec.Concern = v1alpha1.ConcernCost }), alarm, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			a := watchedApp("shop", "checkout", "pay")
			a.incidents = []v1alpha1.Incident{c.incident}
			d := decided(a, seen(c.seen))
			g.Expect(d.openings).To(HaveLen(map[bool]int{true: 1}[c.opens]))
			for _, change := range d.changes {
				g.Expect(change.joined).To(BeEmpty())
			}
		})
	}
}

func TestAlarmsThatFiredBeforeAnApplicationWasWatchedOpenNothing(t *testing.T) {
	g := NewWithT(t)
	old := firing("old", "pay", "Throttles", longAgo)
	a := watchedApp("shop", "checkout", "pay")
	a.object.Status.WatchedSince = nil

	d := decided(a, seen(old))
	g.Expect(d.openings).To(BeEmpty())
	g.Expect(d.status.WatchedSince).To(HaveValue(Equal(metav1.NewTime(noon))))
	g.Expect(d.status.PreexistingAlarms).To(Equal([]v1alpha1.AlarmTransition{{Name: "old", TransitionedAt: second(longAgo)}}))

	a.object.Status = d.status
	a.owned = nil
	d = decided(a, seen(old))
	g.Expect(d.openings).To(BeEmpty(), "nor does it at the second look")
	g.Expect(d.status.PreexistingAlarms).To(HaveLen(1))

	a.owned = nil
	d = decided(a, seen(firing("old", "pay", "Throttles", noon)))
	g.Expect(d.openings).To(HaveLen(1), "a newer transition is a normal signal")
	g.Expect(d.status.PreexistingAlarms).To(BeEmpty())

	a.owned = nil
	d = decided(a, seen())
	g.Expect(d.status.PreexistingAlarms).To(BeEmpty(), "it left ALARM")
}

func TestAnAlarmThatFiredRightAfterTheFirstLookOpensAnIncidentWhateverTheClocksSay(t *testing.T) {
	g := NewWithT(t)
	a := watchedApp("shop", "checkout", "pay")
	a.object.Status.WatchedSince = ptr.To(second(noon))
	d := decided(a, seen(firing("t", "pay", "Throttles", noon.Add(-5*time.Second))))
	g.Expect(d.openings).To(HaveLen(1), "what was not listed at the first look is new, also where the operator's clock is ahead")
}

func TestAnAlarmWithoutARunbookIsShown(t *testing.T) {
	g := NewWithT(t)
	a := watchedApp("shop", "checkout", "pay")
	var list []alarms.Alarm
	for i := range 25 {
		list = append(list, firing(fmt.Sprintf("d-%02d", 24-i), "pay", "Duration", noon))
	}
	d := decided(a, seen(list...))
	g.Expect(d.openings).To(BeEmpty())
	g.Expect(d.status.UnmatchedAlarms.Count).To(BeEquivalentTo(25))
	g.Expect(d.status.UnmatchedAlarms.Names).To(HaveLen(20))
	g.Expect(d.status.UnmatchedAlarms.Names[0]).To(Equal("d-00"))
}

func TestASignalThatDoesNotFitIsShown(t *testing.T) {
	g := NewWithT(t)
	a := watchedApp("shop", "checkout", "pay")
	var list []alarms.Alarm
	for i := range mostSignals + 3 {
		list = append(list, firing(fmt.Sprintf("t-%02d", i), "pay", "Throttles", noon))
	}
	d := decided(a, seen(list...))
	g.Expect(d.openings).To(HaveLen(1))
	g.Expect(d.openings[0].signals).To(HaveLen(mostSignals))
	g.Expect(d.status.UnmatchedAlarms.Names).To(Equal([]string{"t-32", "t-33", "t-34"}))

	a = watchedApp("shop", "checkout", "pay")
	a.incidents = []v1alpha1.Incident{incident("checkout-1", list[0])}
	d = decided(a, seen(list...))
	g.Expect(d.changes[0].signals).To(HaveLen(mostSignals))
	g.Expect(d.status.UnmatchedAlarms.Names).To(Equal([]string{"t-32", "t-33", "t-34"}))
}

func TestNumbersOfFormerEpisodesAreNotTakenAgain(t *testing.T) {
	alarm := firing("t", "pay", "Throttles", noon)
	app := watchedApp("shop", "checkout", "pay").object
	for name, c := range map[string]struct {
		episode   int64
		incidents []string
		want      int64
	}{
		"the first":                             {0, nil, 1},
		"after the recorded number":             {4, []string{"checkout-3"}, 5},
		"an application that was created again": {0, []string{"checkout-7", "checkout-2"}, 8},
		"names of other kinds do not count":     {1, []string{"checkout-late", "checkout-2-x", "mine"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			app.Status.Episode = c.episode
			var list []v1alpha1.Incident
			for _, n := range c.incidents {
				list = append(list, incident(n, alarm))
			}
			NewWithT(t).Expect(next(app, list)).To(Equal(c.want))
		})
	}
}
