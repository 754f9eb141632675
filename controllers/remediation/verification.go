package remediation

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/evidence"
)

// This file is pure: what one look says, and what all looks so far say.

// state of a verification.
type state string

const (
	waiting      state = "Waiting"
	passed       state = "Pass"
	failed       state = "Fail"
	inconclusive state = "Inconclusive"
)

// Users count as served when at least keptShare of what they had before succeeds, and not a much smaller share of
// what they ask for than before; or when at least servedShare of what they ask for succeeds and no smaller share than
// before, give or take one request and strayShare of them: no two minutes have the same errors. When they ask for less than
// quietShare of what they asked for before, nothing can be concluded.
const (
	keptShare   = 0.9
	servedShare = 0.95
	strayShare  = 0.01
	quietShare  = 0.5
)

// look is what was seen at one observation.
type look struct {
	alarms   map[string]alarms.Alarm // by name; one that is not there was deleted
	unmuted  error                   // why it is not known which alarms are muted
	minute   evidence.TrafficMinute  // the mean of the minutes since the look before whose metrics are complete
	changed  bool                    // the function is not as written any more
	deployed string                  // what somebody else deployed
	since    time.Time               // when the change was planned
}

// judgeLook says what one look means.
func judgeLook(l look, plan v1alpha1.PlannedVerification, v v1alpha1.VerificationStatus) (v1alpha1.ObservationResult, string) {
	for _, name := range plan.Alarms {
		if a, ok := l.alarms[name]; ok && a.State == v1alpha1.AlarmFiring {
			return v1alpha1.ObservationBad, fmt.Sprintf("alarm %q is in ALARM", name)
		}
	}
	if len(plan.Alarms) == 0 {
		return v1alpha1.ObservationInconclusive, "no alarm watches the function: nobody can tell whether the change helped"
	}
	for _, name := range plan.Alarms {
		a, ok := l.alarms[name]
		switch {
		case !ok:
			return v1alpha1.ObservationInconclusive, fmt.Sprintf("alarm %q was deleted", name)
		case a.State != v1alpha1.AlarmOK:
			return v1alpha1.ObservationInconclusive, fmt.Sprintf("alarm %q has no data", name)
		case a.EvaluationState != "":
			return v1alpha1.ObservationInconclusive, fmt.Sprintf("CloudWatch could not evaluate alarm %q with all of its data", name)
		case !a.ActionsEnabled:
			return v1alpha1.ObservationInconclusive, fmt.Sprintf("alarm %q is silenced: its actions are disabled", name)
		case a.MutedBy != "":
			return v1alpha1.ObservationInconclusive, fmt.Sprintf("alarm %q is muted by alarm mute rule %q: what happens now is not what its owner watches for", name, a.MutedBy)
		case !l.since.IsZero() && !a.ConfiguredAt.Before(l.since):
			return v1alpha1.ObservationInconclusive, fmt.Sprintf("alarm %q was edited after the change was planned: it is not the alarm that failed", name)
		case v.Good > 0 && v.LastAt != nil && a.TransitionedAt.After(v.LastAt.Time):
			return v1alpha1.ObservationInconclusive, fmt.Sprintf("alarm %q was not OK all the time since the observation before", name)
		}
	}
	result, seen := judgeUsers(l.minute, number(v.SuccessesPerMinute), number(v.OfferedPerMinute))
	if why := failsMore(l.minute, v); result == v1alpha1.ObservationGood && why != "" {
		return v1alpha1.ObservationBad, seen + why
	}
	if why := unproved(l.minute, v); result == v1alpha1.ObservationGood && why != "" {
		return v1alpha1.ObservationInconclusive, seen + ", " + why
	}
	return result, seen
}

// judgeUsers says whether users are served: an alarm is also OK when they are turned away or gone.
func judgeUsers(m evidence.TrafficMinute, before, offeredBefore *float64) (v1alpha1.ObservationResult, string) {
	offered, successes := offeredOf(m), successesOf(m)
	if offered == nil || *offered == 0 {
		return v1alpha1.ObservationInconclusive, "alarms OK, but no traffic"
	}
	seen := fmt.Sprintf("alarms OK, %s of %s requests a minute succeed", short(*successes), short(*offered))
	share, shareBefore := *successes / *offered, 0.0
	stray := max(1, *offered*strayShare)
	if before != nil && offeredBefore != nil && *offeredBefore > 0 {
		shareBefore = *before / *offeredBefore
	}
	switch {
	case before != nil && *successes >= *before*keptShare && *successes > 0 && share >= min(servedShare, shareBefore*keptShare):
		return v1alpha1.ObservationGood, seen
	case share < servedShare || *successes+stray < *offered*shareBefore:
		return v1alpha1.ObservationBad, seen + ": users are turned away"
	case offeredBefore != nil && *offered < *offeredBefore*quietShare:
		return v1alpha1.ObservationInconclusive, seen + ", but traffic fell to less than half"
	}
	return v1alpha1.ObservationGood, seen
}

// judgeReverted says whether nobody is worse off than before the change, which the revert brought back: no alarm fires
// that was quiet then, and no smaller share of users is served.
func judgeReverted(l look, plan v1alpha1.PlannedVerification, v v1alpha1.VerificationStatus) (v1alpha1.ObservationResult, string) {
	for _, name := range plan.Alarms {
		switch a, ok := l.alarms[name]; {
		case !ok:
			return v1alpha1.ObservationInconclusive, fmt.Sprintf("alarm %q was deleted", name)
		case a.State == v1alpha1.AlarmFiring && !slices.Contains(v.Firing, name):
			return v1alpha1.ObservationBad, fmt.Sprintf("alarm %q is in ALARM, and was not before the change", name)
		}
	}
	offered, successes := offeredOf(l.minute), successesOf(l.minute)
	before, offeredBefore := number(v.SuccessesPerMinute), number(v.OfferedPerMinute)
	if offered == nil || *offered == 0 {
		return v1alpha1.ObservationInconclusive, "no traffic"
	}
	seen := fmt.Sprintf("%s of %s requests a minute succeed", short(*successes), short(*offered))
	if before == nil || offeredBefore == nil || *offeredBefore == 0 {
		return v1alpha1.ObservationInconclusive, seen + ", and nobody knows how many did before the change"
	}
	if *successes / *offered < *before / *offeredBefore * keptShare {
		return v1alpha1.ObservationBad, seen + ": a smaller share than before the change"
	}
	return v1alpha1.ObservationGood, seen
}

// record adds one observation, and says where the verification stands. The window starts anew after anything but a
// good observation, and after a gap of more than one and a half periods in which nobody looked.
func record(v *v1alpha1.VerificationStatus, plan v1alpha1.PlannedVerification, result v1alpha1.ObservationResult, message string, now time.Time) state {
	period := seconds(plan.PeriodSeconds)
	at := metav1.NewTime(now)
	if v.LastAt != nil {
		gap := now.Sub(v.LastAt.Time)
		v.LargestGapSeconds = max(v.LargestGapSeconds, int32(gap.Seconds()))
		if gap > period*3/2 {
			v.Good, v.GoodSince = 0, nil
		}
	} else {
		v.FirstAt = &at
	}
	v.Observations++
	v.LastAt, v.Last, v.Message = &at, result, clip(message, maxMessage)
	switch result {
	case v1alpha1.ObservationGood:
		if v.Good == 0 {
			v.GoodSince = &at
		}
		v.Good++
		v.Bad = 0
	case v1alpha1.ObservationBad:
		v.Good, v.GoodSince = 0, nil
		v.Bad++
	default:
		v.Good, v.GoodSince, v.Bad = 0, nil, 0
	}
	return standing(*v, plan, now)
}

// standing says where a verification stands.
func standing(v v1alpha1.VerificationStatus, plan v1alpha1.PlannedVerification, now time.Time) state {
	window, period := seconds(plan.WindowSeconds), seconds(plan.PeriodSeconds)
	needed := int32(math.Ceil(window.Seconds()/period.Seconds())) + 1 // both ends of the window
	switch {
	case v.Bad >= plan.FailureLimit:
		return failed
	case v.GoodSince != nil && v.LastAt.Sub(v.GoodSince.Time) >= window && v.Good >= needed:
		return passed
	case !now.Before(v.Deadline.Time):
		return inconclusive
	}
	return waiting
}

// due returns when the next observation is due.
func due(v v1alpha1.VerificationStatus, plan v1alpha1.PlannedVerification) time.Time {
	if v.LastAt == nil {
		return v.NotBefore.Time
	}
	return v.LastAt.Add(seconds(plan.PeriodSeconds))
}

// peaks returns the most successes in one of the minutes that have data, and the most throttled requests in one in which
// many were: more than one in twenty.
func peaks(minutes []evidence.TrafficMinute) (successes, throttled *v1alpha1.Number) {
	var good, away float64
	known := false
	for _, m := range minutes {
		if offeredOf(m) != nil {
			good, known = max(good, *successesOf(m)), true
			if throttled := value(m.Throttles); throttled > *offeredOf(m)*(1-servedShare) {
				away = max(away, throttled)
			}
		}
	}
	if !known {
		return nil, nil
	}
	return decimal(good), decimal(away)
}

// average returns the successes, the offered and the throttled requests per minute of those minutes that have data.
func average(minutes []evidence.TrafficMinute) (successes, offered, throttled *v1alpha1.Number) {
	var good, all, away, n float64
	for _, m := range minutes {
		if o := offeredOf(m); o != nil {
			good, all, away, n = good+*successesOf(m), all+*o, away+value(m.Throttles), n+1
		}
	}
	if n == 0 {
		return nil, nil, nil
	}
	return decimal(good / n), decimal(all / n), decimal(away / n)
}

// offeredOf returns invocations and throttled invocations of a minute, or nil where there are no data.
func offeredOf(m evidence.TrafficMinute) *float64 {
	if m.Invocations == nil && m.Throttles == nil {
		return nil
	}
	sum := value(m.Invocations) + value(m.Throttles)
	return &sum
}

// successesOf returns invocations without errors of a minute. Lambda does not count throttled requests as
// invocations (AWS Lambda developer guide, metrics of a function).
func successesOf(m evidence.TrafficMinute) *float64 {
	ok := max(value(m.Invocations)-value(m.Errors), 0)
	return &ok
}

func value(f *float64) float64 {
	if f == nil {
		return 0
	}
	return *f
}

func number(n *v1alpha1.Number) *float64 {
	if n == nil {
		return nil
	}
	f, err := strconv.ParseFloat(string(*n), 64)
	if err != nil {
		return nil
	}
	return &f
}

func decimal(f float64) *v1alpha1.Number {
	n := v1alpha1.Number(strconv.FormatFloat(f, 'f', 2, 64))
	return &n
}

func short(f float64) string { return strconv.FormatFloat(f, 'f', 0, 64) }

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }

func timeAfter(now time.Time, n int32) metav1.Time { return metav1.NewTime(now.Add(seconds(n))) }
