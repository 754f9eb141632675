package main

import (
	"context"
	"fmt"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// verified narrates every observation, until they say whether the change helped.
func (s *story) verified(ctx context.Context) error {
	plan := s.rem.Status.Plan.Verification
	bound := time.Duration(plan.SettleSeconds+2*plan.WindowSeconds)*time.Second + 5*time.Minute
	said := ""
	err := s.await(ctx, "the end of the verification", s.work(bound), func(seen *sight) bool {
		c := condition(seen.rem.Status.Conditions, v1alpha1.ConditionVerified)
		if c.Reason != "" && c.Message != said {
			said = c.Message
			s.say("verifying", "%s: %s", c.Reason, c.Message)
		}
		return seen.rem.Status.EndedAt != nil || seen.rem.Status.Revert != nil
	})
	if err != nil {
		return err
	}
	looks := s.looks(func(st v1alpha1.RemediationStatus) *v1alpha1.VerificationStatus { return st.Verification })
	if is := condition(s.rem.Status.Conditions, v1alpha1.ConditionVerified); is.Reason != s.course().verdict {
		return behind(s.o.factor, plan, looks, fmt.Errorf("the verification ended with %s, and not with %s: %s", is.Reason, s.course().verdict, is.Message))
	}
	return s.judged(plan, looks)
}

// judged says whether what was seen of the observations is what the verdict asks for.
func (s *story) judged(plan v1alpha1.PlannedVerification, looks []v1alpha1.VerificationStatus) error {
	switch s.course().verdict {
	case v1alpha1.ReasonVerified:
		return s.proved(plan, plan.WindowSeconds, looks)
	case v1alpha1.ReasonNotFixed:
		if bad := row(looks, v1alpha1.ObservationBad); len(bad) < int(plan.FailureLimit) {
			return fmt.Errorf("%s in a row could be seen, and the plan asks for %d", several(len(bad), "bad observation"), plan.FailureLimit)
		}
	default:
		if n := len(looks); n == 0 || looks[n-1].LastAt.Time.Before(looks[n-1].Deadline.Time) {
			return fmt.Errorf("%s could be seen, and none at the end of the time that the plan has for them", several(n, "observation"))
		}
	}
	return nil
}

// proved says that good observations were seen once a period, at both ends of a window and all the time between.
func (s *story) proved(plan v1alpha1.PlannedVerification, windowSeconds int32, looks []v1alpha1.VerificationStatus) error {
	good := row(looks, v1alpha1.ObservationGood)
	needed, window := int((windowSeconds+plan.PeriodSeconds-1)/plan.PeriodSeconds)+1, time.Duration(windowSeconds)*time.Second
	span := time.Duration(0)
	if len(good) > 0 {
		span = good[len(good)-1].LastAt.Sub(good[0].LastAt.Time)
	}
	if len(good) < needed || span < window {
		return fmt.Errorf("%s in a row over %s could be seen, and the plan asks for %d over %s", several(len(good), "good observation"), span, needed, window)
	}
	s.say("proved", "%s in a row over %s could be seen; the plan asks for %d over %s", several(len(good), "good observation"), span, needed, window)
	return nil
}

// looks are the observations as they could be seen, each when it was the newest.
func (v *watcher) looks(of func(v1alpha1.RemediationStatus) *v1alpha1.VerificationStatus) []v1alpha1.VerificationStatus {
	var out []v1alpha1.VerificationStatus
	seen := int32(0)
	for _, a := range v.past {
		rem, ok := a.object.(*v1alpha1.Remediation)
		if !ok {
			continue
		}
		if now := of(rem.Status); now != nil && now.LastAt != nil && now.Observations > seen {
			out, seen = append(out, *now), now.Observations
		}
	}
	return out
}

// row are the observations at the end that all had one result, with no longer break between two than the operator itself
// allows for.
func row(looks []v1alpha1.VerificationStatus, result v1alpha1.ObservationResult) []v1alpha1.VerificationStatus {
	from := len(looks)
	for from > 0 && looks[from-1].Last == result {
		from--
		if result == v1alpha1.ObservationGood && looks[from].Good == 1 { // the window began anew with it
			break
		}
	}
	return looks[from:]
}

// errBehind says that the machine was too slow for the clock: nobody looked in time, which proves nothing.
type errBehind struct {
	factor      float64
	gap, period time.Duration
	why         error
}

// Error says what to do.
func (e *errBehind) Error() string {
	return fmt.Sprintf("%v; this machine did not keep up with a clock that runs %g times as fast as the wall's: %s of it passed between two observations, which are due every %s. Run it again with nothing beside it, or with a slower clock: make demo FACTOR=%.0f",
		e.why, e.factor, e.gap, e.period, max(1, e.factor/3))
}

// Unwrap returns what went otherwise for that.
func (e *errBehind) Unwrap() error { return e.why }

// behind tells an error that comes of a slow machine from others: after a gap of more than one and a half periods, the
// operator begins its window anew.
func behind(factor float64, plan v1alpha1.PlannedVerification, looks []v1alpha1.VerificationStatus, err error) error {
	period, gap := time.Duration(plan.PeriodSeconds)*time.Second, time.Duration(0)
	for _, l := range looks {
		gap = max(gap, time.Duration(l.LargestGapSeconds)*time.Second)
	}
	if gap > period*3/2 {
		return &errBehind{factor: factor, gap: gap, period: period, why: err}
	}
	return err
}
