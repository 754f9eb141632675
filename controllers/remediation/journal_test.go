package remediation

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/action"
	"github.com/runbook-operator/runbook-operator/internal/approval"
)

func fields(value *string) []v1alpha1.Field { return []v1alpha1.Field{{Name: "Timeout", Value: value}} }

// Every combination of what is read, how the function's update stands, whether a read may still be old, and
// whether AWS had answered the call.
func TestAnOutcomeIsKnownOnlyWhenItWasSeen(t *testing.T) {
	before, writes := fields(ptr.To("10")), fields(ptr.To("20"))
	values := map[string][]v1alpha1.Field{"as before": before, "as written": writes, "neither": fields(ptr.To("30")), "not set": fields(nil)}
	updates := map[string]action.State{"Successful": {Settled: true}, "InProgress": {}, "Failed": {Failed: true}}
	type look struct {
		read, update   string
		late, answered bool
	}
	known := map[look]v1alpha1.Outcome{
		{"as written", "Successful", false, false}: v1alpha1.OutcomeApplied,
		{"as written", "Successful", false, true}:  v1alpha1.OutcomeApplied,
		{"as written", "Successful", true, false}:  v1alpha1.OutcomeApplied,
		{"as written", "Successful", true, true}:   v1alpha1.OutcomeApplied,
		{"as written", "Failed", true, false}:      v1alpha1.OutcomeDiverged,
		{"as written", "Failed", true, true}:       v1alpha1.OutcomeDiverged,
		{"as before", "Successful", true, false}:   v1alpha1.OutcomeNotApplied,
		{"as before", "Successful", true, true}:    v1alpha1.OutcomeDiverged,
		{"as before", "Failed", true, false}:       v1alpha1.OutcomeNotApplied,
		{"as before", "Failed", true, true}:        v1alpha1.OutcomeDiverged,
		{"neither", "Successful", true, false}:     v1alpha1.OutcomeDiverged,
		{"neither", "Successful", true, true}:      v1alpha1.OutcomeDiverged,
		{"neither", "Failed", true, false}:         v1alpha1.OutcomeDiverged,
		{"neither", "Failed", true, true}:          v1alpha1.OutcomeDiverged,
		{"not set", "Successful", true, false}:     v1alpha1.OutcomeDiverged,
		{"not set", "Successful", true, true}:      v1alpha1.OutcomeDiverged,
		{"not set", "Failed", true, false}:         v1alpha1.OutcomeDiverged,
		{"not set", "Failed", true, true}:          v1alpha1.OutcomeDiverged,
	}
	moved := v1alpha1.Intent{Before: before, RevisionID: "as read before the call"}
	for _, state := range []action.State{{Settled: true, RevisionID: "another"}, {Failed: true}} {
		state.Fields = before
		NewWithT(t).Expect(judge(state, moved, writes, true)).To(Equal(v1alpha1.OutcomeDiverged), "somebody may have put it back after the call")
	}
	still := action.State{Settled: true, Fields: before, RevisionID: moved.RevisionID}
	NewWithT(t).Expect(judge(still, moved, writes, true)).To(Equal(v1alpha1.OutcomeNotApplied), "nobody updated the function")
	for read, f := range values {
		for update, state := range updates {
			for _, l := range []look{{read, update, false, false}, {read, update, false, true}, {read, update, true, false}, {read, update, true, true}} {
				want, ok := known[l]
				if !ok {
					want = v1alpha1.OutcomeUnknown
				}
				state.Fields = f
				intent := v1alpha1.Intent{Before: before, Answered: l.answered}
				NewWithT(t).Expect(judge(state, intent, writes, l.late)).To(Equal(want), "%+v", l)
			}
		}
	}
}

func TestNotSetIsNotEmptyAndTheOrderOfFieldsDoesNotMatter(t *testing.T) {
	f := func(pairs ...string) (out []v1alpha1.Field) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, v1alpha1.Field{Name: pairs[i], Value: &pairs[i+1]})
		}
		return out
	}
	for _, c := range []struct {
		a, b []v1alpha1.Field
		same bool
	}{
		{nil, nil, true},
		{f("A", "1"), f("A", "1"), true},
		{f("A", "1", "B", "2"), f("B", "2", "A", "1"), true},
		{f("A", "1"), f("A", "2"), false},
		{f("A", "1"), f("B", "1"), false},
		{f("A", "1"), f("A", "1", "B", "2"), false},
		{f("A", "1", "B", "2"), f("A", "1"), false},
		{f("A", ""), []v1alpha1.Field{{Name: "A"}}, false},
		{[]v1alpha1.Field{{Name: "A"}}, []v1alpha1.Field{{Name: "A"}}, true},
		{f("A", "0"), f("A", ""), false},
	} {
		NewWithT(t).Expect(sameFields(c.a, c.b)).To(Equal(c.same), "%v and %v", c.a, c.b)
		NewWithT(t).Expect(sameFields(c.b, c.a)).To(Equal(c.same), "%v and %v", c.b, c.a)
	}
}

// journal makes a Remediation of intents; each is the index of a call and an outcome.
func journal(calls int, entries ...any) *v1alpha1.Remediation {
	rem := &v1alpha1.Remediation{}
	rem.Status.Plan = &v1alpha1.Plan{Calls: make([]v1alpha1.PlannedCall, calls)}
	rem.Status.Verification = &v1alpha1.VerificationStatus{}
	for i := 0; i < len(entries); i += 2 {
		rem.Status.Intents = append(rem.Status.Intents, v1alpha1.Intent{
			Index: int32(entries[i].(int)), Outcome: entries[i+1].(v1alpha1.Outcome), At: metav1.NewTime(dawn),
		})
	}
	return rem
}

func TestTheJournalSaysWhatIsToBeDone(t *testing.T) {
	const (
		unknown, applied, diverged = v1alpha1.OutcomeUnknown, v1alpha1.OutcomeApplied, v1alpha1.OutcomeDiverged
		refused, missed            = v1alpha1.OutcomeRefused, v1alpha1.OutcomeNotApplied
	)
	for name, c := range map[string]struct {
		rem      *v1alpha1.Remediation
		begun    bool
		pending  bool
		next     int
		attempts int32
	}{
		"nothing":                      {journal(1), false, false, 0, 0},
		"a call under way":             {journal(1, 0, unknown), true, true, 0, 1},
		"refused":                      {journal(1, 0, refused), false, false, 0, 1},
		"not arrived":                  {journal(1, 0, missed), false, false, 0, 1},
		"refused and under way again":  {journal(1, 0, refused, 0, unknown), true, true, 0, 2},
		"diverged":                     {journal(1, 0, diverged), true, false, 0, 1},
		"applied":                      {journal(1, 0, applied), true, false, 1, 0},
		"the first of two applied":     {journal(2, 0, applied), true, false, 1, 0},
		"the second of two refused":    {journal(2, 0, applied, 1, refused), true, false, 1, 1},
		"the second of two is unknown": {journal(2, 0, missed, 0, applied, 1, unknown), true, true, 1, 1},
		"both applied":                 {journal(2, 0, applied, 1, applied), true, false, 2, 0},
		"the second without the first": {journal(2, 1, applied), true, false, 0, 0},
	} {
		g := NewWithT(t)
		g.Expect(begun(c.rem)).To(Equal(c.begun), name)
		g.Expect(pending(c.rem) != nil).To(Equal(c.pending), name)
		g.Expect(next(c.rem)).To(Equal(c.next), name)
		g.Expect(attempts(c.rem, step{index: next(c.rem)})).To(Equal(c.attempts), name)
	}
}

func TestAttemptsArePausedForLongerEachTime(t *testing.T) {
	g := NewWithT(t)
	g.Expect(retryAt(journal(1), step{}).IsZero()).To(BeTrue(), "the first is made at once")
	rem, total := journal(1), time.Duration(0)
	for i, want := range []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute} {
		rem.Status.Intents = append(rem.Status.Intents, v1alpha1.Intent{Outcome: v1alpha1.OutcomeRefused, At: metav1.NewTime(dawn)})
		g.Expect(retryAt(rem, step{}).Sub(dawn)).To(Equal(want), "after %d attempts", i+1)
		total += want
	}
	g.Expect(rem.Status.Intents).To(HaveLen(maxAttempts - 1))
	g.Expect(total).To(BeNumerically(">", 15*time.Minute), "a person has time to allow the call in IAM")
}

func TestAStatusThatNoOperatorWroteIsNotActedUpon(t *testing.T) {
	applied := func(calls int, entries ...any) *v1alpha1.Remediation {
		rem := journal(calls, entries...)
		rem.Status.AppliedAt = ptr.To(metav1.NewTime(dawn))
		return rem
	}
	for name, c := range map[string]struct {
		rem   *v1alpha1.Remediation
		spoil func(*v1alpha1.RemediationStatus)
		sound bool
	}{
		"nothing began, and there is no plan": {journal(0), func(st *v1alpha1.RemediationStatus) { st.Plan, st.Verification = nil, nil }, true},
		"refused, and there is no plan":       {journal(1, 0, v1alpha1.OutcomeRefused), func(st *v1alpha1.RemediationStatus) { st.Plan = nil }, true},
		"under way":                           {journal(1, 0, v1alpha1.OutcomeUnknown), nil, true},
		"applied":                             {applied(1, 0, v1alpha1.OutcomeApplied), nil, true},
		"under way, no plan":                  {journal(1, 0, v1alpha1.OutcomeUnknown), func(st *v1alpha1.RemediationStatus) { st.Plan = nil }, false},
		"under way, no calls":                 {journal(0, 0, v1alpha1.OutcomeUnknown), nil, false},
		"under way, no verification":          {journal(1, 0, v1alpha1.OutcomeUnknown), func(st *v1alpha1.RemediationStatus) { st.Verification = nil }, false},
		"under way, of no call":               {journal(1, 1, v1alpha1.OutcomeUnknown), nil, false},
		"under way, of a negative call":       {journal(1, -1, v1alpha1.OutcomeUnknown), nil, false},
		"diverged, and not ended":             {journal(1, 0, v1alpha1.OutcomeDiverged), nil, false},
		"applied, nobody knows when":          {journal(1, 0, v1alpha1.OutcomeApplied), nil, false},
		"applied, of another call":            {applied(1, 1, v1alpha1.OutcomeApplied), nil, false},
	} {
		if c.spoil != nil {
			c.spoil(&c.rem.Status)
		}
		verdict := BeEmpty()
		if !c.sound {
			verdict = Not(BeEmpty())
		}
		NewWithT(t).Expect(unsound(c.rem)).To(verdict, name)
	}
}

func TestEveryPlanHasANumberOfItsOwnAndNoApprovalOfAnother(t *testing.T) {
	g := NewWithT(t)
	s := &scope{rem: &v1alpha1.Remediation{}, now: dawn}
	s.rem.UID = "u"
	s.policy.PlanExpiresAfterSeconds = 600
	digests := map[string]bool{}
	for i := int64(1); i <= 3; i++ {
		s.rem.Status.Approvals = []v1alpha1.CountedApproval{{Name: "of-the-plan-before"}}
		s.adopt(v1alpha1.Plan{Summary: "the same every time"}, "patch")
		p := s.rem.Status.Plan
		g.Expect(p.Number).To(Equal(i))
		g.Expect(p.Digest).To(Equal(approval.Digest(*p, "u")))
		g.Expect(p.ExpiresAt.Sub(dawn)).To(Equal(10 * time.Minute))
		g.Expect(s.rem.Status.Approvals).To(BeEmpty())
		digests[p.Digest] = true
		s.rem.Status.Plan = nil // a plan that is lost does not give its number back
	}
	g.Expect(digests).To(HaveLen(3), "the same content under another number has another digest")
}

func TestThreeStalePlansWithinAQuarterOfAnHourAreTooMany(t *testing.T) {
	for name, c := range map[string]struct {
		after []time.Duration // of each since dawn
		want  bool
	}{
		"one":                                {[]time.Duration{0}, false},
		"two":                                {[]time.Duration{0, 0}, false},
		"three at once":                      {[]time.Duration{0, 0, 0}, true},
		"three within 15 minutes":            {[]time.Duration{0, time.Minute, 15 * time.Minute}, true},
		"three over more":                    {[]time.Duration{0, time.Minute, 15*time.Minute + time.Second}, false},
		"four, of which the last three fast": {[]time.Duration{0, 20 * time.Minute, 25 * time.Minute, 30 * time.Minute}, true},
	} {
		g := NewWithT(t)
		s, last := &scope{rem: &v1alpha1.Remediation{}}, false
		for _, after := range c.after {
			s.now = dawn.Add(after)
			last = s.stale()
		}
		g.Expect(last).To(Equal(c.want), name)
		g.Expect(len(s.rem.Status.StaleAt)).To(BeNumerically("<=", 3), "the bound of status.staleAt")
	}
}

func TestATextIsCutBetweenCharacters(t *testing.T) {
	g := NewWithT(t)
	g.Expect(clip("short", maxNote)).To(Equal("short"))
	for limit := 10; limit < 16; limit++ {
		cut := clip("→→→→→→→→→→", limit)
		g.Expect(len(cut)).To(BeNumerically("<=", limit))
		g.Expect([]rune(cut)).NotTo(ContainElement('\uFFFD'))
		g.Expect(cut).To(HaveSuffix(" ..."))
	}
}
