package incident

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/grant"
)

var now = time.Date(2026, time.November, 23, 3, 0, 0, 0, time.UTC)

func at(minutes int) metav1.Time {
	return metav1.NewTime(now.Add(time.Duration(minutes) * time.Minute))
}

func signal(name string, state v1alpha1.AlarmState, minutes int) v1alpha1.SignalStatus {
	return v1alpha1.SignalStatus{AlarmName: name, FunctionName: "f", State: state, TransitionedAt: at(minutes)}
}

// remediation of the cause C at function f; without a reason it has not ended.
func remediation(name, reason string, changes ...func(*v1alpha1.Remediation)) v1alpha1.Remediation {
	rem := v1alpha1.Remediation{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.RemediationSpec{
		Target: v1alpha1.Target{FunctionName: "f"}, Cause: &v1alpha1.CauseReference{Runbook: "r", Name: "C"},
	}}
	if reason != "" {
		ended := at(-1)
		rem.Status.EndedAt = &ended
		conditions.Set(&rem.Status.Conditions, 1, now, v1alpha1.ConditionSucceeded, metav1.ConditionFalse, reason, "")
	}
	for _, change := range changes {
		change(&rem)
	}
	return rem
}

// made says that the change was seen applied.
func made(rem *v1alpha1.Remediation) { rem.Status.AppliedAt = rem.Status.EndedAt }

// unheard says that a call was made of which nobody knows what became.
func unheard(rem *v1alpha1.Remediation) {
	rem.Status.Intents = []v1alpha1.Intent{{Outcome: v1alpha1.OutcomeRefused}, {Outcome: v1alpha1.OutcomeUnknown}}
}

// expiring says that a Remediation was answered, and its change has yet to expire.
func expiring(rem *v1alpha1.Remediation) { rem.Status.EndedAt = nil }

// elsewhere says that another function was to be changed.
func elsewhere(rem *v1alpha1.Remediation) { rem.Spec.Target.FunctionName = "g" }

var cause = v1alpha1.Cause{Runbook: "r", Name: "C", FunctionName: "f", Actions: make([]v1alpha1.Action, 2)}

func TestOneChangeIsProposedAtATimeAndTheNextOnlyWhereTheFirstWasNotMade(t *testing.T) {
	other := func(rem *v1alpha1.Remediation) { rem.Spec.Cause.Name = "Another" }
	for name, c := range map[string]struct {
		before  []v1alpha1.Remediation
		rung    int
		propose bool
	}{
		"nothing was proposed":                    {nil, 0, true},
		"one is open":                             {[]v1alpha1.Remediation{remediation("a", "")}, 0, false},
		"one for another cause is open":           {[]v1alpha1.Remediation{remediation("a", "", other)}, 0, false},
		"the first could not be planned":          {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonNoHeadroom)}, 1, true},
		"the first was rejected":                  {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonRejected)}, 1, true},
		"none is left":                            {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonRejected), remediation("b", v1alpha1.ReasonNoHeadroom)}, 2, false},
		"the trouble was over and came back":      {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonWithdrawn)}, 0, true},
		"it was not needed when it was approved":  {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonNoLongerNeeded)}, 0, true},
		"a change is held":                        {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonHeld)}, 0, false},
		"a change diverged":                       {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonDiverged)}, 0, false},
		"nobody sees a change through any more":   {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonOrphaned)}, 0, false},
		"a change was made and reverted":          {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonReverted, made)}, 0, false},
		"a change could not be reverted":          {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonRevertConflict, made)}, 0, false},
		"somebody else keeps changing it":         {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonTargetUnstable)}, 0, false},
		"nobody answered for a day":               {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonExpired)}, 0, false},
		"a change was made and proved":            {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonSucceeded)}, 0, false},
		"another function is well now":            {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonSucceeded, made, elsewhere)}, 0, true},
		"another function's change was rejected":  {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonRejected, elsewhere)}, 0, true},
		"another function's change is held":       {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonHeld, made, elsewhere)}, 0, false},
		"another function's change is open":       {[]v1alpha1.Remediation{remediation("a", "", elsewhere)}, 0, false},
		"another cause was answered without luck": {[]v1alpha1.Remediation{remediation("a", v1alpha1.ReasonRejected, other)}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			rung, propose := rungOf(cause, c.before)
			g.Expect(propose).To(Equal(c.propose))
			if propose {
				g.Expect(rung).To(Equal(c.rung))
			}
		})
	}
}

func TestAnIncidentIsOverOnlyWhenEveryAlarmStayedOKAndNothingWaits(t *testing.T) {
	ok, fresh := signal("a", v1alpha1.AlarmOK, -10), signal("b", v1alpha1.AlarmOK, -2)
	for name, c := range map[string]struct {
		signals      []v1alpha1.SignalStatus
		remediations []v1alpha1.Remediation
		listed       []v1alpha1.IncidentRemediation
		mode         v1alpha1.Mode
		unclaimed    string
		top          *v1alpha1.Cause
		read         metav1.Time // of the one step with evidence
		gap          *v1alpha1.Gap
		preexisting  []v1alpha1.AlarmTransition
		over         bool
		reason       string
	}{
		"all OK for long, nothing changed":        {signals: []v1alpha1.SignalStatus{ok}, over: true, reason: v1alpha1.ReasonRecoveredWithoutChange},
		"one of them not for long enough":         {signals: []v1alpha1.SignalStatus{ok, fresh}, reason: v1alpha1.ReasonRecovering},
		"one is in ALARM":                         {signals: []v1alpha1.SignalStatus{ok, signal("b", v1alpha1.AlarmFiring, -9)}, top: &cause, reason: v1alpha1.ReasonFiring},
		"no cause":                                {signals: []v1alpha1.SignalStatus{signal("b", v1alpha1.AlarmFiring, -9)}, reason: v1alpha1.ReasonUndiagnosed},
		"mode Observe":                            {signals: []v1alpha1.SignalStatus{signal("b", v1alpha1.AlarmFiring, -9)}, top: &cause, mode: v1alpha1.ModeObserve, reason: v1alpha1.ReasonModeObserve},
		"another cluster acts":                    {signals: []v1alpha1.SignalStatus{signal("b", v1alpha1.AlarmFiring, -9)}, top: &cause, mode: v1alpha1.ModeObserve, unclaimed: "see AWSAccount prod", reason: v1alpha1.ReasonAccountNotClaimed},
		"only a person can help":                  {signals: []v1alpha1.SignalStatus{signal("b", v1alpha1.AlarmFiring, -9)}, top: &v1alpha1.Cause{Instruction: "ask AWS"}, reason: v1alpha1.ReasonInstructed},
		"one was deleted":                         {signals: []v1alpha1.SignalStatus{ok, signal("b", v1alpha1.AlarmDeleted, -9)}, reason: v1alpha1.ReasonAlarmDeleted},
		"one has no data":                         {signals: []v1alpha1.SignalStatus{ok, signal("b", v1alpha1.AlarmInsufficientData, -9)}, reason: v1alpha1.ReasonNoData},
		"a change is under way, all OK":           {signals: []v1alpha1.SignalStatus{ok}, remediations: []v1alpha1.Remediation{remediation("x", "")}, reason: v1alpha1.ReasonProposed},
		"a change is held, all OK":                {signals: []v1alpha1.SignalStatus{ok}, remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonHeld)}, reason: v1alpha1.ReasonHeldForPerson},
		"a change was reverted, all OK":           {signals: []v1alpha1.SignalStatus{ok}, remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonReverted, made)}, reason: v1alpha1.ReasonHeldForPerson},
		"a change is held until it expires":       {signals: []v1alpha1.SignalStatus{ok}, remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonHeld, expiring)}, reason: v1alpha1.ReasonHeldForPerson},
		"deleted while its change was reverted":   {signals: []v1alpha1.SignalStatus{ok}, listed: []v1alpha1.IncidentRemediation{{Name: "x", Result: v1alpha1.ReasonReverting}}, reason: v1alpha1.ReasonHeldForPerson},
		"deleted and let go, AWS was dead":        {signals: []v1alpha1.SignalStatus{ok}, listed: []v1alpha1.IncidentRemediation{{Name: "x", Result: v1alpha1.ReasonOrphaned}}, reason: v1alpha1.ReasonHeldForPerson},
		"deleted while AWS was dead":              {signals: []v1alpha1.SignalStatus{ok}, listed: []v1alpha1.IncidentRemediation{{Name: "x", Result: v1alpha1.ReasonUnreachable}}, reason: v1alpha1.ReasonHeldForPerson},
		"a change was proved, all OK":             {signals: []v1alpha1.SignalStatus{ok}, remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonSucceeded)}, over: true, reason: v1alpha1.ReasonRemediated},
		"a change was proved, and ALARM again":    {signals: []v1alpha1.SignalStatus{signal("a", v1alpha1.AlarmFiring, -1)}, remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonSucceeded)}, top: &cause, reason: v1alpha1.ReasonFiring},
		"withdrawn, all OK":                       {signals: []v1alpha1.SignalStatus{ok}, remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonWithdrawn)}, over: true, reason: v1alpha1.ReasonRecoveredWithoutChange},
		"opened by hand, proved and read anew":    {remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonSucceeded)}, read: at(1), over: true, reason: v1alpha1.ReasonRemediated},
		"opened by hand, proved, not read since":  {remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonSucceeded)}, read: at(-9), reason: v1alpha1.ReasonRecovering},
		"opened by hand, proved, a step failed":   {remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonSucceeded)}, read: at(1), gap: &v1alpha1.Gap{}, reason: v1alpha1.ReasonRecovering},
		"opened by hand, proved, a cause is left": {remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonSucceeded)}, read: at(1), top: &cause, reason: v1alpha1.ReasonHeldForPerson},
		"opened by hand, proved, an alarm fires":  {remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonSucceeded)}, read: at(1), preexisting: []v1alpha1.AlarmTransition{{Name: "old"}}, reason: v1alpha1.ReasonHeldForPerson},
		"rejected, and in ALARM":                  {signals: []v1alpha1.SignalStatus{signal("b", v1alpha1.AlarmFiring, -9)}, remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonRejected), remediation("y", v1alpha1.ReasonRejected)}, top: &cause, reason: v1alpha1.ReasonHeldForPerson},
		"rejected, all OK":                        {signals: []v1alpha1.SignalStatus{ok}, remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonRejected)}, over: true, reason: v1alpha1.ReasonRecoveredWithoutChange},
		"rejected, all OK for a moment":           {signals: []v1alpha1.SignalStatus{fresh}, remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonRejected)}, reason: v1alpha1.ReasonRecovering},
		"rejected, and an alarm was deleted":      {signals: []v1alpha1.SignalStatus{signal("b", v1alpha1.AlarmDeleted, -9)}, remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonRejected)}, reason: v1alpha1.ReasonHeldForPerson},
		"nobody answered for a day, all OK":       {signals: []v1alpha1.SignalStatus{ok}, remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonExpired)}, over: true, reason: v1alpha1.ReasonRecoveredWithoutChange},
		"a call nobody heard of, all OK":          {signals: []v1alpha1.SignalStatus{ok}, remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonExpired, unheard)}, reason: v1alpha1.ReasonHeldForPerson},
		"proved, another rejected, all OK":        {signals: []v1alpha1.SignalStatus{ok}, remediations: []v1alpha1.Remediation{remediation("x", v1alpha1.ReasonSucceeded, made), remediation("y", v1alpha1.ReasonRejected, elsewhere)}, over: true, reason: v1alpha1.ReasonRemediated},
		"opened by hand, and nothing found":       {reason: v1alpha1.ReasonUndiagnosed},
		"deleted while its change was under way":  {signals: []v1alpha1.SignalStatus{ok}, listed: []v1alpha1.IncidentRemediation{{Name: "x", Result: v1alpha1.ReasonObserving}}, reason: v1alpha1.ReasonHeldForPerson},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := &scope{
				inc: &v1alpha1.Incident{}, now: now, stableFor: 5 * time.Minute, remediations: c.remediations, top: c.top,
				grant: grant.Resolved{Mode: c.mode, Unclaimed: c.unclaimed}, app: &v1alpha1.ServerlessApplication{},
			}
			s.inc.Status.Evidence = []v1alpha1.StepResult{{At: c.read, Gap: c.gap}}
			s.app.Status.PreexistingAlarms = c.preexisting
			s.inc.Status.Signals, s.inc.Status.Remediations = c.signals, listed(c.listed, c.remediations)
			since, state := recovered(c.signals)
			over, reason, message := s.outcome(since, state)
			g.Expect(over).To(Equal(c.over), message)
			g.Expect(reason).To(Equal(c.reason), message)
			g.Expect(message).NotTo(BeEmpty())
		})
	}
}

func TestRecoveryCountsFromTheLastAlarmThatCameBack(t *testing.T) {
	g := NewWithT(t)
	since, state := recovered([]v1alpha1.SignalStatus{signal("a", v1alpha1.AlarmOK, -3), signal("b", v1alpha1.AlarmOK, -1), signal("c", v1alpha1.AlarmOK, -2)})
	g.Expect(state).To(Equal(v1alpha1.AlarmOK))
	g.Expect(since.Time).To(BeTemporally("==", at(-1).Time))
}

func TestNamesOfRemediationsAreNotUsedTwiceAndFit(t *testing.T) {
	g := NewWithT(t)
	g.Expect(highest("app-1", nil)).To(BeZero())
	g.Expect(highest("app-1", []v1alpha1.IncidentRemediation{{Name: "app-1-2"}, {Name: "app-1-10"}, {Name: "by-hand-99"}, {Name: "app-10-77"}})).To(Equal(10))
	long := make([]byte, 253)
	for i := range long {
		long[i] = 'a'
	}
	g.Expect(remediationName(string(long), 12)).To(HaveLen(253))
	g.Expect(labelsOf(string(long), "app-1")).To(Equal(map[string]string{v1alpha1.LabelIncident: "app-1"}))
}

func TestWhatTheIncidentHasNoRoomForIsAGapAndDecidesNothing(t *testing.T) {
	g := NewWithT(t)
	var results []v1alpha1.StepResult
	name := string(make([]byte, 0))
	for len(name) < 200 {
		name += "n"
	}
	for range 256 {
		results = append(results, v1alpha1.StepResult{Evidence: &v1alpha1.Evidence{FunctionState: &v1alpha1.FunctionStateEvidence{
			EnvironmentNames: []string{name, name, name, name, name},
		}}})
	}
	results = affordable(results)
	kept, spent := 0, 0
	for _, result := range results {
		if result.Evidence != nil {
			kept++
			spent += size(result.Evidence)
			continue
		}
		g.Expect(result.Gap.Reason).To(Equal(gapTooLarge))
	}
	g.Expect(kept).To(And(BeNumerically(">", 50), BeNumerically("<", 256)))
	g.Expect(spent).To(BeNumerically("<=", maxEvidenceBytes))
}
