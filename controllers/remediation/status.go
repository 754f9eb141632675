package remediation

import (
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

func (s *scope) set(typ string, ok bool, reason, message string) {
	status := metav1.ConditionFalse
	if ok {
		status = metav1.ConditionTrue
	}
	conditions.Set(&s.rem.Status.Conditions, s.rem.Generation, s.now, typ, status, reason, clip(message, maxCondition))
}

// end ends the Remediation without success.
func (s *scope) end(reason, message string) {
	at := s.stamp()
	s.rem.Status.EndedAt = &at
	s.set(v1alpha1.ConditionSucceeded, false, reason, message)
}

// succeed ends the Remediation with proof that it helped.
func (s *scope) succeed(message string) {
	at := s.stamp()
	s.rem.Status.EndedAt = &at
	s.verified(true, v1alpha1.ReasonVerified, message)
	s.set(v1alpha1.ConditionSucceeded, true, v1alpha1.ReasonSucceeded, message)
}

// hold ends the Remediation, leaves the change as it is, and asks a person.
func (s *scope) hold(reason, message string) {
	s.verified(false, reason, message)
	s.end(v1alpha1.ReasonHeld, message+"; the change stays, status.plan.calls has its inverse: a person has to decide")
}

// summarize sets what follows from the other conditions: the root, and those that are present only when True.
func (s *scope) summarize() {
	st := &s.rem.Status
	st.ObservedGeneration = s.rem.Generation
	ended := st.EndedAt != nil
	if !ended {
		reason, message := s.waitsFor()
		s.set(v1alpha1.ConditionSucceeded, false, reason, message)
	}
	succeeded := conditions.IsTrue(st.Conditions, v1alpha1.ConditionSucceeded)
	last := conditions.Reason(st.Conditions, v1alpha1.ConditionSucceeded)
	stalled := ended && !succeeded && last != v1alpha1.ReasonWithdrawn && last != v1alpha1.ReasonNoLongerNeeded
	present := func(typ string, is bool, reason, message string) {
		conditions.Present(&st.Conditions, s.rem.Generation, s.now, typ, is, reason, message)
	}
	present(v1alpha1.ConditionStalled, stalled, last, "the Remediation ended without success: see the condition Succeeded")
	present(v1alpha1.ConditionReconciling, !ended && pending(s.rem) != nil, v1alpha1.ReasonOutcomeUnknown, "a call was announced and its outcome is not known yet")
	present(v1alpha1.ConditionDriftDebt, st.AppliedAt != nil && st.TemplatePatch != "", v1alpha1.ReasonTemplateDiffers,
		"the function differs from its stack's template, whose next deployment would undo the change. In the template: "+st.TemplatePatch)
}

// waitsFor returns the first condition that is not True.
func (s *scope) waitsFor() (reason, message string) {
	for _, typ := range []string{v1alpha1.ConditionAccepted, v1alpha1.ConditionPlanned, v1alpha1.ConditionApproved, v1alpha1.ConditionApplied, v1alpha1.ConditionVerified} {
		for _, c := range s.rem.Status.Conditions {
			if c.Type == typ && c.Status != metav1.ConditionTrue {
				return c.Reason, c.Message
			}
		}
	}
	return v1alpha1.ReasonInProgress, "the operator is at work"
}
