package remediation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/evidence"
)

const (
	good  = v1alpha1.ObservationGood
	bad   = v1alpha1.ObservationBad
	mixed = v1alpha1.ObservationInconclusive
	wrong = v1alpha1.ObservationError
)

var dawn = time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)

// minute is a minute of traffic; a negative number is no data.
func minute(invocations, errors, throttles float64) evidence.TrafficMinute {
	data := func(v float64) *float64 {
		if v < 0 {
			return nil
		}
		return &v
	}
	return evidence.TrafficMinute{Invocations: data(invocations), Errors: data(errors), Throttles: data(throttles)}
}

func TestUsersAreServedTurnedAwayOrGone(t *testing.T) {
	cases := map[string]struct {
		now             evidence.TrafficMinute
		before, offered *float64
		want            v1alpha1.ObservationResult
	}{
		"more succeed than before":                        {minute(300, 1, 0), ptr.To(100.0), ptr.To(150.0), good},
		"as many succeed as before":                       {minute(100, 0, 0), ptr.To(100.0), ptr.To(100.0), good},
		"a tenth fewer succeed":                           {minute(90, 0, 0), ptr.To(100.0), ptr.To(100.0), good},
		"fewer succeed, as users are turned away":         {minute(80, 0, 40), ptr.To(100.0), ptr.To(120.0), bad},
		"fewer succeed, as executions fail":               {minute(100, 40, 0), ptr.To(100.0), ptr.To(100.0), bad},
		"fewer are asked for, and all succeed":            {minute(60, 0, 0), ptr.To(100.0), ptr.To(100.0), good},
		"fewer are asked for, and a smaller share":        {minute(60, 2, 0), ptr.To(100.0), ptr.To(100.0), bad},
		"less than half is asked for":                     {minute(40, 0, 0), ptr.To(100.0), ptr.To(100.0), mixed},
		"no traffic":                                      {minute(0, 0, 0), ptr.To(100.0), ptr.To(100.0), mixed},
		"no data":                                         {minute(-1, -1, -1), ptr.To(100.0), ptr.To(100.0), mixed},
		"only throttles":                                  {minute(-1, -1, 50), ptr.To(100.0), ptr.To(100.0), bad},
		"no data from before, and all succeed":            {minute(50, 0, 0), nil, nil, good},
		"no data from before, and many fail":              {minute(50, 20, 0), nil, nil, bad},
		"nothing succeeded before, and nothing does now":  {minute(50, 50, 0), ptr.To(0.0), ptr.To(50.0), bad},
		"nothing succeeded before, and everything does":   {minute(50, 0, 0), ptr.To(0.0), ptr.To(50.0), good},
		"more errors than invocations":                    {minute(10, 12, 0), ptr.To(10.0), ptr.To(10.0), bad},
		"as many succeed, and most are turned away now":   {minute(100, 0, 900), ptr.To(100.0), ptr.To(110.0), bad},
		"as many succeed, and a share as small as then":   {minute(100, 0, 50), ptr.To(100.0), ptr.To(150.0), good},
		"a healthy function with a little more of errors": {minute(1000, 4, 0), ptr.To(998.0), ptr.To(1000.0), good},
		"the same in the evening, when fewer ask":         {minute(800, 4, 0), ptr.To(998.0), ptr.To(1000.0), good},
		"one request fails, and a tenth fewer ask":        {minute(109, 1, 0), ptr.To(121.0), ptr.To(121.0), good},
		"three in a hundred fail, and fewer ask":          {minute(800, 24, 0), ptr.To(998.0), ptr.To(1000.0), bad},
		"three fail, and a tenth fewer ask":               {minute(109, 3, 0), ptr.To(121.0), ptr.To(121.0), bad},
		"as many fail as before, and fewer ask":           {minute(800, 32, 0), ptr.To(960.0), ptr.To(1000.0), good},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			result, message := judgeUsers(c.now, c.before, c.offered)
			g.Expect(result).To(Equal(c.want), message)
		})
	}
}

func TestALookIsGoodOnlyWhenEveryAlarmIsOKAndUsersAreServed(t *testing.T) {
	plan := v1alpha1.PlannedVerification{Alarms: []string{"a", "b"}}
	before := v1alpha1.VerificationStatus{SuccessesPerMinute: ptr.To[v1alpha1.Number]("100.00"), OfferedPerMinute: ptr.To[v1alpha1.Number]("150.00")}
	ok := alarms.Alarm{State: v1alpha1.AlarmOK, ActionsEnabled: true, TransitionedAt: dawn}
	with := func(change func(*alarms.Alarm)) alarms.Alarm { a := ok; change(&a); return a }
	firing := with(func(a *alarms.Alarm) { a.State = v1alpha1.AlarmFiring })
	silent := with(func(a *alarms.Alarm) { a.ActionsEnabled = false })
	partial := with(func(a *alarms.Alarm) { a.EvaluationState = "PARTIAL_DATA" })
	muted := with(func(a *alarms.Alarm) { a.MutedBy = "maintenance" })
	noData := with(func(a *alarms.Alarm) { a.State = v1alpha1.AlarmInsufficientData })
	cases := map[string]struct {
		alarms  map[string]alarms.Alarm
		minute  evidence.TrafficMinute
		want    v1alpha1.ObservationResult
		because string
	}{
		"all well":                            {map[string]alarms.Alarm{"a": ok, "b": ok}, minute(150, 0, 0), good, "150 of 150"},
		"one fires":                           {map[string]alarms.Alarm{"a": ok, "b": firing}, minute(150, 0, 0), bad, `"b" is in ALARM`},
		"one fires and the other was deleted": {map[string]alarms.Alarm{"b": firing}, minute(150, 0, 0), bad, `"b" is in ALARM`},
		"one was deleted":                     {map[string]alarms.Alarm{"a": ok}, minute(150, 0, 0), mixed, `"b" was deleted`},
		"one has no data":                     {map[string]alarms.Alarm{"a": noData, "b": ok}, minute(150, 0, 0), mixed, `"a" has no data`},
		"one is silenced":                     {map[string]alarms.Alarm{"a": silent, "b": ok}, minute(150, 0, 0), mixed, `"a" is silenced`},
		"one is muted":                        {map[string]alarms.Alarm{"a": ok, "b": muted}, minute(150, 0, 0), mixed, `"b" is muted by alarm mute rule "maintenance"`},
		"one was not evaluated with all its data": {map[string]alarms.Alarm{"a": ok, "b": partial}, minute(150, 0, 0), mixed, `could not evaluate alarm "b"`},
		"a muted one fires":                       {map[string]alarms.Alarm{"a": with(func(a *alarms.Alarm) { *a = firing; a.MutedBy = "maintenance" }), "b": ok}, minute(150, 0, 0), bad, `"a" is in ALARM`},
		"a silenced one fires":                    {map[string]alarms.Alarm{"a": with(func(a *alarms.Alarm) { *a = firing; a.ActionsEnabled = false }), "b": ok}, minute(150, 0, 0), bad, `"a" is in ALARM`},
		"OK, and users are turned away":           {map[string]alarms.Alarm{"a": ok, "b": ok}, minute(50, 0, 100), bad, "turned away"},
		"OK, and nobody is there":                 {map[string]alarms.Alarm{"a": ok, "b": ok}, minute(-1, -1, -1), mixed, "no traffic"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			result, message := judgeLook(look{alarms: c.alarms, minute: c.minute}, plan, before)
			g.Expect(result).To(Equal(c.want), message)
			g.Expect(message).To(ContainSubstring(c.because))
		})
	}
	t.Run("OK, and what was throttled fails now", func(t *testing.T) {
		g := NewWithT(t)
		before := v1alpha1.VerificationStatus{
			SuccessesPerMinute: ptr.To[v1alpha1.Number]("1000.00"), OfferedPerMinute: ptr.To[v1alpha1.Number]("10000.00"),
			ThrottledPerMinute: ptr.To[v1alpha1.Number]("9000.00"), PeakSuccessesPerMinute: ptr.To[v1alpha1.Number]("1000.00"),
		}
		result, message := judgeLook(look{alarms: map[string]alarms.Alarm{"a": ok, "b": ok}, minute: minute(10000, 9095, 0)}, plan, before)
		g.Expect(result).To(Equal(bad), message)
		g.Expect(message).To(ContainSubstring("905 of 10000 requests a minute succeed: a larger share of the executions fails than before the change"))
	})
	t.Run("OK, and as large a share fails as before", func(t *testing.T) {
		g := NewWithT(t)
		before := v1alpha1.VerificationStatus{
			SuccessesPerMinute: ptr.To[v1alpha1.Number]("700.00"), OfferedPerMinute: ptr.To[v1alpha1.Number]("1000.00"),
			ThrottledPerMinute: ptr.To[v1alpha1.Number]("0.00"), PeakSuccessesPerMinute: ptr.To[v1alpha1.Number]("700.00"),
		}
		result, message := judgeLook(look{alarms: map[string]alarms.Alarm{"a": ok, "b": ok}, minute: minute(1000, 300, 0)}, plan, before)
		g.Expect(result).To(Equal(mixed), message)
	})
	t.Run("no alarm to look at", func(t *testing.T) {
		result, _ := judgeLook(look{minute: minute(150, 0, 0)}, v1alpha1.PlannedVerification{}, before)
		NewWithT(t).Expect(result).To(Equal(mixed))
	})
	t.Run("an alarm that fired between two looks", func(t *testing.T) {
		g := NewWithT(t)
		since := before
		since.Good, since.LastAt = 3, ptr.To(metav1.NewTime(dawn.Add(10*time.Minute)))
		flapped := with(func(a *alarms.Alarm) { a.TransitionedAt = dawn.Add(10*time.Minute + 30*time.Second) })
		result, message := judgeLook(look{alarms: map[string]alarms.Alarm{"a": ok, "b": flapped}, minute: minute(150, 0, 0)}, plan, since)
		g.Expect(result).To(Equal(mixed), "OK at both looks, and not in between")
		g.Expect(message).To(ContainSubstring(`"b" was not OK all the time`))
		since.Good = 0
		result, _ = judgeLook(look{alarms: map[string]alarms.Alarm{"a": ok, "b": flapped}, minute: minute(150, 0, 0)}, plan, since)
		g.Expect(result).To(Equal(good), "a window begins with the first look at which it is OK")
	})
}

// sight is one look of a course: how long after the one before, and what it says.
type sight struct {
	after  time.Duration
	result v1alpha1.ObservationResult
}

// course repeats a result a minute.
func course(results ...any) (steps []sight) {
	for i := 0; i < len(results); i += 2 {
		for range results[i].(int) {
			steps = append(steps, sight{time.Minute, results[i+1].(v1alpha1.ObservationResult)})
		}
	}
	return steps
}

func TestAllLooksTogetherPassFailOrTellNothing(t *testing.T) {
	plan := v1alpha1.PlannedVerification{WindowSeconds: 900, PeriodSeconds: 60, FailureLimit: 2, SettleSeconds: 300}
	gap := func(after time.Duration) []sight { return []sight{{after, good}} }
	cases := map[string]struct {
		steps []sight
		want  state
		last  int // the look that decides
	}{
		"15 good looks are not 15 minutes":                {course(15, good), waiting, 15},
		"16 good looks are":                               {course(16, good), passed, 16},
		"one bad in the middle begins the window anew":    {course(8, good, 1, bad, 15, good), waiting, 24},
		"and a whole window after it passes":              {course(8, good, 1, bad, 16, good), passed, 25},
		"an inconclusive one does so too":                 {course(8, good, 1, mixed, 15, good), waiting, 24},
		"and one that failed":                             {course(8, good, 1, wrong, 15, good), waiting, 24},
		"two bad in a row fail":                           {course(8, good, 2, bad, 30, good), failed, 10},
		"two bad at the very beginning fail":              {course(2, bad), failed, 2},
		"bad ones with good between do not fail":          {course(1, bad, 1, good, 1, bad, 1, good, 1, bad), waiting, 5},
		"bad ones with an inconclusive between do not":    {course(1, bad, 1, mixed, 1, bad), waiting, 3},
		"never anything conclusive":                       {course(60, mixed), inconclusive, 31},
		"errors only":                                     {course(60, wrong), inconclusive, 31},
		"good from the half on passes before the end":     {course(14, mixed, 30, good), passed, 30},
		"good too late is inconclusive":                   {course(20, mixed, 30, good), inconclusive, 31},
		"a gap of one and a half periods is none":         {append(course(8, good), append(gap(90*time.Second), course(7, good)...)...), passed, 16},
		"a longer gap begins the window anew":             {append(course(8, good), append(gap(91*time.Second), course(14, good)...)...), waiting, 23},
		"after a long gap a whole window is needed":       {append(course(8, good), append(gap(5*time.Minute), course(15, good)...)...), passed, 24},
		"two looks an hour apart prove nothing":           {append(course(1, good), gap(20*time.Minute)...), waiting, 2},
		"looks close together do not make a window short": {append(course(3, good), slowly(20, 20*time.Second)...), waiting, 23},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			v := v1alpha1.VerificationStatus{Deadline: metav1.NewTime(dawn.Add(31 * time.Minute))}
			now, at, stands := dawn, 0, waiting
			for _, sight := range c.steps {
				at, now = at+1, now.Add(sight.after)
				if stands = record(&v, plan, sight.result, "as it was", now); stands != waiting {
					break
				}
			}
			g.Expect(stands).To(Equal(c.want))
			g.Expect(at).To(Equal(c.last), "the look that decides")
			g.Expect(v.Observations).To(BeEquivalentTo(at))
			g.Expect(v.LastAt.Time).To(Equal(now))
			g.Expect(v.FirstAt.Time).To(Equal(dawn.Add(c.steps[0].after)))
		})
	}
}

func slowly(n int, every time.Duration) (steps []sight) {
	for range n {
		steps = append(steps, sight{every, good})
	}
	return steps
}

func TestTheFailureLimitIsThePlans(t *testing.T) {
	for limit := int32(1); limit <= 20; limit++ {
		g := NewWithT(t)
		plan := v1alpha1.PlannedVerification{WindowSeconds: 900, PeriodSeconds: 60, FailureLimit: limit}
		v := v1alpha1.VerificationStatus{Deadline: metav1.NewTime(dawn.Add(24 * time.Hour))}
		for i := int32(1); i < limit; i++ {
			g.Expect(record(&v, plan, bad, "", dawn.Add(time.Duration(i)*time.Minute))).To(Equal(waiting))
		}
		g.Expect(record(&v, plan, bad, "", dawn.Add(time.Duration(limit)*time.Minute))).To(Equal(failed))
	}
}

func TestAWindowThatIsNoMultipleOfThePeriodNeedsItsLastLook(t *testing.T) {
	g := NewWithT(t)
	plan := v1alpha1.PlannedVerification{WindowSeconds: 700, PeriodSeconds: 300, FailureLimit: 2}
	v := v1alpha1.VerificationStatus{Deadline: metav1.NewTime(dawn.Add(time.Hour))}
	for i, want := range []state{waiting, waiting, waiting, passed} {
		g.Expect(record(&v, plan, good, "", dawn.Add(time.Duration(i)*5*time.Minute))).To(Equal(want), "look %d", i+1)
	}
}

func TestWhatIsRecordedIsBounded(t *testing.T) {
	g := NewWithT(t)
	v := v1alpha1.VerificationStatus{Deadline: metav1.NewTime(dawn.Add(time.Hour))}
	record(&v, v1alpha1.PlannedVerification{PeriodSeconds: 60, WindowSeconds: 60, FailureLimit: 2}, good, strings.Repeat("→", 400), dawn)
	g.Expect(len(v.Message)).To(BeNumerically("<=", maxMessage))
	g.Expect(v.Message).To(Equal(strings.ToValidUTF8(v.Message, "?")))
}

func TestTheFirstLookIsDueWhenAlarmsCanHaveSeenTheChangeAndThenOneAPeriod(t *testing.T) {
	g := NewWithT(t)
	plan := v1alpha1.PlannedVerification{PeriodSeconds: 300}
	v := v1alpha1.VerificationStatus{NotBefore: metav1.NewTime(dawn)}
	g.Expect(due(v, plan)).To(Equal(dawn))
	v.LastAt = ptr.To(metav1.NewTime(dawn.Add(time.Minute)))
	g.Expect(due(v, plan)).To(Equal(dawn.Add(6 * time.Minute)))
}

func TestTheBaselineAveragesTheMinutesThatHaveData(t *testing.T) {
	for _, c := range []struct {
		minutes                     []evidence.TrafficMinute
		success, offered, throttled string
		peak, away                  string
	}{
		{nil, "<nil>", "<nil>", "<nil>", "<nil>", "<nil>"},
		{[]evidence.TrafficMinute{minute(-1, -1, -1)}, "<nil>", "<nil>", "<nil>", "<nil>", "<nil>"},
		{[]evidence.TrafficMinute{minute(-1, -1, -1), minute(200, 0, -1), minute(100, 10, 20)}, "145.00", "160.00", "10.00", "200.00", "20.00"},
		{[]evidence.TrafficMinute{minute(-1, -1, 30)}, "0.00", "30.00", "30.00", "0.00", "30.00"},
		{[]evidence.TrafficMinute{minute(1000, 0, 0), minute(500, 0, 50)}, "750.00", "775.00", "25.00", "1000.00", "50.00"}, // of its own minute, one in eleven
		{[]evidence.TrafficMinute{minute(1000, 0, 0), minute(1000, 0, 50)}, "1000.00", "1025.00", "25.00", "1000.00", "0.00"},
	} {
		g := NewWithT(t)
		show := func(n *v1alpha1.Number) string {
			if n == nil {
				return fmt.Sprint(nil)
			}
			return string(*n)
		}
		success, offered, throttled := average(c.minutes)
		g.Expect(show(throttled)).To(Equal(c.throttled))
		most, away := peaks(c.minutes)
		g.Expect(show(most)).To(Equal(c.peak))
		g.Expect(show(away)).To(Equal(c.away))
		g.Expect(show(success)).To(Equal(c.success))
		g.Expect(show(offered)).To(Equal(c.offered))
	}
}
