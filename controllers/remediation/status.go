package remediation

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// This file is the only one that writes conditions.

func (s *scope) accepted(ok bool, reason, message string) {
	s.set(v1alpha1.ConditionAccepted, ok, reason, message)
}
func (s *scope) planned(ok bool, reason, message string) {
	s.set(v1alpha1.ConditionPlanned, ok, reason, message)
}
func (s *scope) approved(ok bool, reason, message string) {
	s.set(v1alpha1.ConditionApproved, ok, reason, message)
}
func (s *scope) applied(ok bool, reason, message string) {
	s.set(v1alpha1.ConditionApplied, ok, reason, message)
}
func (s *scope) verified(ok bool, reason, message string) {
	s.set(v1alpha1.ConditionVerified, ok, reason, message)
}

func (s *scope) reverted(ok bool, reason, message string) {
	s.set(v1alpha1.ConditionReverted, ok, reason, message)
}

func (s *scope) set(typ string, ok bool, reason, message string) {
	status := metav1.ConditionFalse
	if ok {
		status = metav1.ConditionTrue
	}
	conditions.Set(&s.rem.Status.Conditions, s.rem.Generation, s.now, typ, status, reason, clip(message, maxCondition))
}

// end ends the Remediation without success. Where no call was announced, Applied goes on to promise nothing; what was
// done under a status that another hand edited, nobody knows.
func (s *scope) end(reason, message string) {
	at := s.stamp()
	s.rem.Status.EndedAt = &at
	edited := reason == v1alpha1.ReasonHeld || reason == v1alpha1.ReasonStale
	if c := find(s.rem.Status.Conditions, v1alpha1.ConditionApplied); c != nil && c.Status == metav1.ConditionFalse && len(s.rem.Status.Intents) == 0 && !edited {
		s.applied(false, v1alpha1.ReasonNotBegun, "no call was made")
	}
	s.set(v1alpha1.ConditionSucceeded, false, reason, message)
}

// succeed says that the change was proved to help. One that expires is not over with that.
func (s *scope) succeed(message string) {
	s.verified(true, v1alpha1.ReasonVerified, message)
	if expires := s.expires(); expires != nil {
		message += fmt.Sprintf("; the change expires at %s and is reverted then", expires.UTC().Format(time.RFC3339))
	} else {
		at := s.stamp()
		s.rem.Status.EndedAt = &at
	}
	s.set(v1alpha1.ConditionSucceeded, true, v1alpha1.ReasonSucceeded, message)
}

// fail says that the change did not help. What then happens is what was approved: it is reverted, or a person decides.
func (s *scope) fail(message string) {
	if s.rem.Status.Plan.OnFailure != v1alpha1.OnFailureRevert {
		s.hold(v1alpha1.ReasonNotFixed, message)
		return
	}
	s.verified(false, v1alpha1.ReasonNotFixed, message)
	s.undo(v1alpha1.RevertVerificationFailed, "the change did not help and is undone, as was approved: "+message)
}

// hold leaves the change as it is, and asks a person. One that expires is not over with that.
func (s *scope) hold(reason, message string) {
	s.verified(false, reason, message)
	if expires := s.expires(); expires != nil {
		s.set(v1alpha1.ConditionSucceeded, false, v1alpha1.ReasonHeld,
			fmt.Sprintf("%s; the change stays until it expires at %s and is reverted then: a person has to look", message, expires.UTC().Format(time.RFC3339)))
		return
	}
	s.end(v1alpha1.ReasonHeld, message+"; the change stays, status.plan.calls has its inverse: a person has to decide")
}

// undo begins the revert.
func (s *scope) undo(reason v1alpha1.RevertReason, message string) {
	s.rem.Status.Revert = &v1alpha1.RevertStatus{Reason: reason, StartedAt: s.stamp()}
	s.reverted(false, v1alpha1.ReasonReverting, message)
}

// keep ends the Remediation with the change in place that was to be reverted, and asks a person.
func (s *scope) keep(reason, message string) {
	message += "; nothing was reverted, status.plan.calls has the inverse: a person has to decide"
	s.reverted(false, reason, message)
	s.end(reason, message)
}

// undone ends the Remediation with the function as it was before the change. A change that was proved to help and was
// reverted because its time was over has done what it is for, unless somebody has to look at what is there now.
func (s *scope) undone(reason, message string) {
	s.reverted(true, reason, message)
	if conditions.IsTrue(s.rem.Status.Conditions, v1alpha1.ConditionVerified) && reason != v1alpha1.ReasonRevertUnverified {
		at := s.stamp()
		s.rem.Status.EndedAt = &at
		s.set(v1alpha1.ConditionSucceeded, true, v1alpha1.ReasonSucceeded, "the change was proved to help until it expired; "+message)
		return
	}
	if why := find(s.rem.Status.Conditions, v1alpha1.ConditionVerified); why != nil && why.Status != metav1.ConditionTrue {
		message = fmt.Sprintf("%s: %s; %s", why.Reason, why.Message, message)
	}
	s.end(reason, message)
}

// expires returns when the change is to be reverted, whether it helped or not; nil: never.
func (s *scope) expires() *time.Time {
	st := &s.rem.Status
	if st.Plan == nil || st.Plan.ExpiresAfterSeconds == 0 || st.AppliedAt == nil {
		return nil
	}
	at := st.AppliedAt.Add(seconds(st.Plan.ExpiresAfterSeconds))
	return &at
}

// summarize sets what follows from the other conditions: the root, and those that are present only when True.
func (s *scope) summarize() {
	st := &s.rem.Status
	st.ObservedGeneration = s.rem.Generation
	ended := st.EndedAt != nil
	waitsToExpire := judged(s.rem) && st.Revert == nil
	if !ended && !waitsToExpire && !conditions.IsTrue(st.Conditions, v1alpha1.ConditionVerified) {
		reason, message := s.waitsFor()
		if s.kept() && st.Unreachable == nil { // which says so itself
			message = "it is deleted, and kept until its change is seen through: " + message
		}
		s.set(v1alpha1.ConditionSucceeded, false, reason, message)
	}
	succeeded := conditions.IsTrue(st.Conditions, v1alpha1.ConditionSucceeded)
	last := conditions.Reason(st.Conditions, v1alpha1.ConditionSucceeded)
	stalled := ended && !succeeded && last != v1alpha1.ReasonWithdrawn && last != v1alpha1.ReasonNoLongerNeeded
	why := "the Remediation ended without success: see the condition Succeeded"
	refused := s.refusedBy()
	if refused != "" {
		why = "a person has to act before it goes on: see the condition " + refused
	}
	present := func(typ string, is bool, reason, message string) {
		conditions.Present(&st.Conditions, s.rem.Generation, s.now, typ, is, reason, message)
	}
	present(v1alpha1.ConditionStalled, stalled || refused != "", last, why)
	reason, message := s.underWay()
	present(v1alpha1.ConditionReconciling, reason != "", reason, message)
	inPlace := st.AppliedAt != nil && !conditions.IsTrue(st.Conditions, v1alpha1.ConditionReverted) && (st.Revert == nil || st.Revert.AppliedAt == nil)
	present(v1alpha1.ConditionDriftDebt, inPlace && st.TemplatePatch != "", v1alpha1.ReasonTemplateDiffers, s.drift())
}

// drift says what is to be done about a template that the function differs from: of a change that is about to be undone,
// nothing.
func (s *scope) drift() string {
	const differs = "the function differs from its stack's template, whose next deployment would undo the change. "
	st := &s.rem.Status
	switch expires := s.expires(); {
	case st.EndedAt == nil && st.Revert != nil:
		return differs + "The change is being reverted: leave the template as it is"
	case st.EndedAt == nil && expires != nil:
		return differs + fmt.Sprintf("The change expires at %s and is reverted then: leave the template as it is, and deploy the stack after that", expires.UTC().Format(time.RFC3339))
	}
	return differs + "In the template: " + st.TemplatePatch
}

// refusedBy names the condition of one that has not ended and goes on only when a person mended something; "" where none is.
func (s *scope) refusedBy() string {
	list := s.rem.Status.Conditions
	switch {
	case s.rem.Status.EndedAt != nil:
	case meta.IsStatusConditionFalse(list, v1alpha1.ConditionAccepted):
		return v1alpha1.ConditionAccepted
	case !begun(s.rem) && conditions.Reason(list, v1alpha1.ConditionPlanned) == v1alpha1.ReasonCallerTimeoutUnknown:
		return v1alpha1.ConditionPlanned
	}
	return ""
}

// kept says whether the Remediation is deleted and stays until its change was seen through.
func (s *scope) kept() bool {
	return !s.rem.DeletionTimestamp.IsZero() && begun(s.rem) && s.rem.Status.EndedAt == nil
}

// underWay says what the operator is at work at, or why it keeps one that is deleted; "" where it only waits.
func (s *scope) underWay() (reason, message string) {
	p := pending(s.rem)
	switch {
	case s.kept() && s.expires() != nil:
		return v1alpha1.ReasonDeleting, fmt.Sprintf("it was deleted in the middle of its change, and is kept until that is seen through: the change is reverted at %s", s.expires().UTC().Format(time.RFC3339))
	case s.kept():
		return v1alpha1.ReasonDeleting, "it was deleted in the middle of its change, and is kept until that is seen through: the other conditions say how far it is"
	case s.rem.Status.EndedAt != nil || p == nil:
		return "", ""
	case p.Answered:
		return v1alpha1.ReasonTakingEffect, "AWS answered a call that was announced, and what it did is not read back yet"
	}
	return v1alpha1.ReasonOutcomeUnknown, "a call was announced and its outcome is not known yet"
}

// waitsFor returns the first condition that is not True.
func (s *scope) waitsFor() (reason, message string) {
	if u := s.rem.Status.Unreachable; u != nil {
		return v1alpha1.ReasonUnreachable, u.Message
	}
	for _, typ := range []string{v1alpha1.ConditionReverted, v1alpha1.ConditionAccepted, v1alpha1.ConditionPlanned, v1alpha1.ConditionApproved, v1alpha1.ConditionApplied, v1alpha1.ConditionVerified} {
		for _, c := range s.rem.Status.Conditions {
			if c.Type == typ && c.Status != metav1.ConditionTrue {
				return c.Reason, c.Message
			}
		}
	}
	return v1alpha1.ReasonInProgress, "the operator is at work"
}
