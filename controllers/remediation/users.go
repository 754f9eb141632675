package remediation

import (
	"fmt"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/evidence"
)

// This file is pure: what the traffic of one look says beside the alarms, compared with what was before the change.

// fellShare is how much of the traffic of before must still be there for a recovery to be the change's, where less
// traffic alone would be one too.
const fellShare = 0.8

// failsMore says that executions fail which did not before the change, or "": a change that lets more requests in can
// break what is behind the function, and an alarm on throttles is OK all the same. Pure.
func failsMore(m evidence.TrafficMinute, v v1alpha1.VerificationStatus) string {
	successes, offered, throttled := number(v.SuccessesPerMinute), number(v.OfferedPerMinute), number(v.ThrottledPerMinute)
	if value(m.Invocations) == 0 || successes == nil || offered == nil || throttled == nil {
		return ""
	}
	before := 0.0
	if ran := *offered - *throttled; ran > 0 {
		before = max(0, ran-*successes) / ran
	}
	share := min(1, value(m.Errors)/value(m.Invocations))
	if share > 1-servedShare && share > before+strayShare {
		return ": a larger share of the executions fails than before the change"
	}
	return ""
}

// unproved says why a look at which every alarm is OK and users are served proves nothing of the change, or "". Pure.
func unproved(m evidence.TrafficMinute, v v1alpha1.VerificationStatus) string {
	offered, throttled := offeredOf(m), value(m.Throttles)
	if offered == nil {
		return ""
	}
	failing := *offered - *successesOf(m)
	peak, offeredBefore := number(v.PeakSuccessesPerMinute), number(v.OfferedPerMinute)
	switch {
	case throttled > *offered*(1-servedShare):
		return fmt.Sprintf("but %s are still turned away", short(throttled))
	case failing > *offered*(1-servedShare) && !halved(failing / *offered, v):
		return fmt.Sprintf("but %s still fail", short(failing))
	case peak != nil && *offered <= *peak && turnedAway(v):
		return "but no more than were served before the change: with so few, nobody can tell whether it helped"
	case offeredBefore != nil && *offered < *offeredBefore*fellShare && mayBeTraffic(*offered, failing, v):
		return "but traffic fell by more than a fifth, which may be why: nobody can tell whether the change helped"
	}
	return ""
}

// turnedAway says whether many were throttled before the change: on average, or in its worst minute. Approved within a minute of
// the alarm, the average is of minutes in which nothing was wrong. Pure.
func turnedAway(v v1alpha1.VerificationStatus) bool {
	offered, throttled := number(v.OfferedPerMinute), number(v.ThrottledPerMinute)
	if offered != nil && throttled != nil && *throttled > *offered*(1-servedShare) {
		return true
	}
	away := number(v.PeakThrottledPerMinute)
	return away != nil && *away > 0
}

// halved says whether at most half as large a share of the requests fails as before the change: a minute with some more errors
// than one in twenty is none in which nothing helped. Pure.
func halved(failing float64, v v1alpha1.VerificationStatus) bool {
	successes, offered := number(v.SuccessesPerMinute), number(v.OfferedPerMinute)
	return successes != nil && offered != nil && *offered > 0 && failing <= (1 - *successes / *offered)/2
}

// mayBeTraffic says whether less traffic can be why an alarm is OK: requests were throttled, and what is asked for now was
// served then too, or as large a share of them fails as did before. Pure.
func mayBeTraffic(offered, failing float64, v v1alpha1.VerificationStatus) bool {
	if throttled, peak := number(v.ThrottledPerMinute), number(v.PeakSuccessesPerMinute); throttled != nil && *throttled > 0 {
		return peak == nil || offered <= *peak
	}
	successes, offeredBefore := number(v.SuccessesPerMinute), number(v.OfferedPerMinute)
	if successes == nil || offeredBefore == nil || *offeredBefore <= 0 {
		return false
	}
	before := 1 - *successes / *offeredBefore
	return before > strayShare && failing/offered > before/2
}
