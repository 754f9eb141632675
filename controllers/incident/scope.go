package incident

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/grant"
)

// scope is what one Reconcile knows. Each field says which phase sets it.
type scope struct {
	inc  *v1alpha1.Incident // as read; phases change its status
	base *v1alpha1.Incident // as last written to the API server
	now  time.Time          // world time at the start, in whole seconds: the precision of the API

	app          *v1alpha1.ServerlessApplication // load; nil where it does not exist
	grant        grant.Resolved                  // load; zero where grantErr is set
	grantErr     error                           // load
	stableFor    time.Duration                   // load
	remediations []v1alpha1.Remediation          // load: of this Incident, oldest first
	functions    []v1alpha1.ApplicationFunction  // accept: affected
	specs        []v1alpha1.RunbookSpec          // pin: as pinned, in the order of status.runbooks
	missing      []string                        // accept, pin, diagnose: what is not followed, and why
	top          *v1alpha1.Cause                 // diagnose: the cause that is answered; nil if there is none

	after time.Duration // the soonest that a phase wants to look again; zero: never
}

func (r *Reconciler) newScope(inc *v1alpha1.Incident) *scope {
	now := r.Clock.Now().UTC().Truncate(time.Second)
	return &scope{inc: inc, base: inc.DeepCopy(), now: now}
}

// wake asks for another look after a time, at the soonest that any phase asked for.
func (s *scope) wake(after time.Duration) {
	after = max(after, time.Second)
	if s.after == 0 || after < s.after {
		s.after = after
	}
}

func (s *scope) stamp() metav1.Time { return metav1.NewTime(s.now) }

// firing says whether any signal is in ALARM.
func (s *scope) firing() bool {
	for _, sig := range s.inc.Status.Signals {
		if sig.State == v1alpha1.AlarmFiring {
			return true
		}
	}
	return false
}

// lost names a Remediation that was deleted after its call may have been made, or "": nobody can tell what became of it.
func (s *scope) lost() string {
	for _, entry := range s.inc.Status.Remediations {
		live := slices.ContainsFunc(s.remediations, func(rem v1alpha1.Remediation) bool { return rem.Name == entry.Name })
		if !live && slices.Contains(underWay, entry.Result) {
			return entry.Name
		}
	}
	return ""
}

// underWay are the reasons of Succeeded from the first call to an end without proof.
var underWay = []string{
	v1alpha1.ReasonIntentRecorded, v1alpha1.ReasonTakingEffect, v1alpha1.ReasonOutcomeUnknown, v1alpha1.ReasonApplied, v1alpha1.ReasonSettling,
	v1alpha1.ReasonObserving, v1alpha1.ReasonHeld, v1alpha1.ReasonDiverged, v1alpha1.ReasonReverting,
	v1alpha1.ReasonReverted, v1alpha1.ReasonAlreadyReverted, v1alpha1.ReasonRevertConflict, v1alpha1.ReasonRevertUntilPassed,
	v1alpha1.ReasonRevertRefused, v1alpha1.ReasonRevertUnverified, v1alpha1.ReasonUnreachable, v1alpha1.ReasonOrphaned,
}

// proved returns the newest Remediation whose change was proved to help, or nil.
func (s *scope) proved() *v1alpha1.Remediation {
	for i := len(s.remediations) - 1; i >= 0; i-- {
		if ended(s.remediations[i]) == v1alpha1.ReasonSucceeded {
			return &s.remediations[i]
		}
	}
	return nil
}

// last returns the newest Remediation, or nil.
func (s *scope) last() *v1alpha1.Remediation {
	if len(s.remediations) == 0 {
		return nil
	}
	return &s.remediations[len(s.remediations)-1]
}
