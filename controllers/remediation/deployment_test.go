package remediation

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/evidence"
)

func TestWhateverSomebodyElseDeploysIsSeenAndNamed(t *testing.T) {
	was := v1alpha1.Deployment{CodeSHA256: "a", LastModified: "03:00", Alias: "live", AliasVersion: "1", AliasRevisionID: "x"}
	with := func(change func(*v1alpha1.Deployment)) v1alpha1.Deployment { d := was; change(&d); return d }
	for name, c := range map[string]struct {
		was, is v1alpha1.Deployment
		want    string
	}{
		"nothing":                               {was, was, ""},
		"code":                                  {was, with(func(d *v1alpha1.Deployment) { d.CodeSHA256 = "b" }), "somebody else deployed other code to function f"},
		"the alias":                             {was, with(func(d *v1alpha1.Deployment) { d.AliasVersion = "2" }), "somebody else moved alias live of function f"},
		"weights of the alias":                  {was, with(func(d *v1alpha1.Deployment) { d.AliasRevisionID = "y" }), "somebody else moved alias live of function f"},
		"a setting":                             {was, with(func(d *v1alpha1.Deployment) { d.LastModified = "03:10" }), "somebody else updated the configuration of function f"},
		"the change itself, before it was seen": {with(func(d *v1alpha1.Deployment) { d.LastModified = "" }), was, ""},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(otherDeployment("f", c.was, c.is)).To(Equal(c.want))
		})
	}
}

func TestALookProvesNothingWhileUsersAreTurnedAwayOrSoFewThatTheChangeIsNotNeeded(t *testing.T) {
	number := func(s string) *v1alpha1.Number { return ptr.To(v1alpha1.Number(s)) }
	throttled := v1alpha1.VerificationStatus{PeakSuccessesPerMinute: number("100"), OfferedPerMinute: number("150"), ThrottledPerMinute: number("50")}
	failing := v1alpha1.VerificationStatus{PeakSuccessesPerMinute: number("100"), OfferedPerMinute: number("150"), ThrottledPerMinute: number("0")}
	some := v1alpha1.VerificationStatus{ // three in a hundred were turned away
		PeakSuccessesPerMinute: number("1000"), OfferedPerMinute: number("1000"), SuccessesPerMinute: number("970"), ThrottledPerMinute: number("30"),
	}
	sudden := v1alpha1.VerificationStatus{ // nothing was wrong but in the minute before, in which eight in a hundred were turned away
		PeakSuccessesPerMinute: number("1000"), OfferedPerMinute: number("700"), SuccessesPerMinute: number("685"), ThrottledPerMinute: number("15"),
		PeakThrottledPerMinute: number("75"),
	}
	most := v1alpha1.VerificationStatus{ // half of them failed
		PeakSuccessesPerMinute: number("500"), OfferedPerMinute: number("1000"), SuccessesPerMinute: number("500"), ThrottledPerMinute: number("0"),
	}
	errors := v1alpha1.VerificationStatus{ // three in a hundred failed
		PeakSuccessesPerMinute: number("1000"), OfferedPerMinute: number("1000"), SuccessesPerMinute: number("970"), ThrottledPerMinute: number("0"),
	}
	for name, c := range map[string]struct {
		now    evidence.TrafficMinute
		before v1alpha1.VerificationStatus
		words  string
	}{
		"more are served than before":                     {minute(150, 1, 0), throttled, ""},
		"as many are turned away as before":               {minute(100, 0, 50), throttled, "50 are still turned away"},
		"a few are turned away":                           {minute(150, 0, 7), throttled, ""},
		"so few ask that the old limit would do":          {minute(100, 0, 0), throttled, "no more than were served before"},
		"a few more ask than the old limit would serve":   {minute(101, 0, 0), throttled, ""},
		"fewer ask, and nobody was turned away before":    {minute(90, 0, 0), failing, ""},
		"fewer than in the one minute that was bad":       {minute(900, 0, 0), sudden, "no more than were served before"},
		"more than were served in that minute":            {minute(1001, 0, 0), sudden, ""},
		"nobody knows what was before":                    {minute(90, 0, 0), v1alpha1.VerificationStatus{}, ""},
		"what was turned away fails now":                  {minute(150, 50, 0), throttled, "50 still fail"},
		"as many fail as before":                          {minute(1000, 200, 0), failing, "200 still fail"},
		"a quarter fewer ask, and the limit would do":     {minute(750, 0, 0), some, "traffic fell"},
		"a tenth fewer ask, and all are served":           {minute(900, 0, 0), some, ""},
		"a quarter fewer ask, and as large a share fails": {minute(750, 20, 0), errors, "traffic fell"},
		"a minute with some errors where half failed":     {minute(1000, 90, 0), most, ""},
		"a third fails where half did":                    {minute(1000, 330, 0), most, "330 still fail"},
		"a quarter fewer ask, and hardly any fails":       {minute(750, 2, 0), errors, ""},
		"there are no data":                               {minute(-1, -1, -1), throttled, ""},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			why := unproved(c.now, c.before)
			if c.words == "" {
				g.Expect(why).To(BeEmpty())
			}
			g.Expect(why).To(ContainSubstring(c.words))
		})
	}
}

func TestAnAlarmThatWasEditedAfterTheChangeProvesNothing(t *testing.T) {
	g := NewWithT(t)
	plan := v1alpha1.PlannedVerification{Alarms: []string{"a"}}
	at := func(configured time.Duration) look {
		return look{since: dawn, minute: minute(100, 0, 0), alarms: map[string]alarms.Alarm{
			"a": {State: v1alpha1.AlarmOK, ActionsEnabled: true, TransitionedAt: dawn, ConfiguredAt: dawn.Add(configured)},
		}}
	}
	result, _ := judgeLook(at(-time.Second), plan, v1alpha1.VerificationStatus{})
	g.Expect(result).To(Equal(good))
	result, _ = judgeLook(at(0), plan, v1alpha1.VerificationStatus{})
	g.Expect(result).To(Equal(mixed), "in the same second: nobody knows which was first")
	result, message := judgeLook(at(time.Second), plan, v1alpha1.VerificationStatus{})
	g.Expect(result).To(Equal(mixed))
	g.Expect(message).To(ContainSubstring(`alarm "a" was edited after the change`))
}

func TestALookIsMadeOfEveryMinuteSinceTheOneBefore(t *testing.T) {
	g := NewWithT(t)
	m := over(evidence.TrafficMinutes{minute(100, 0, 100), minute(-1, -1, -1), minute(100, 10, 0)})
	g.Expect([]float64{*m.Invocations, *m.Errors, *m.Throttles}).To(Equal([]float64{100, 5, 50}))
	g.Expect(over(evidence.TrafficMinutes{minute(100, 0, 0), minute(-1, -1, -1)}).Invocations).To(BeNil(), "the newest has no data")
	g.Expect(over(nil)).To(Equal(evidence.TrafficMinute{}))

	plan := v1alpha1.PlannedVerification{PeriodSeconds: 300}
	g.Expect(unseen(v1alpha1.VerificationStatus{}, plan, dawn)).To(Equal(time.Minute))
	last := v1alpha1.VerificationStatus{LastAt: ptr.To(metav1.NewTime(dawn))}
	g.Expect(unseen(last, plan, dawn.Add(5*time.Minute+20*time.Second))).To(Equal(5 * time.Minute))
	g.Expect(unseen(last, plan, dawn.Add(time.Hour))).To(Equal(7 * time.Minute))
}
