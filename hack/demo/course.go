package main

import (
	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// course is how a scenario has to go. A demo that goes otherwise fails.
type course struct {
	// traffic is what the scenario does to it.
	traffic string
	// verdict is the reason of the condition Verified. Empty: nobody approves, and nothing is changed.
	verdict string
	// reverts says that the change is undone.
	reverts bool
	// change is the reason of the Remediation's condition Succeeded.
	change string
	// end is the reason of the Incident's condition Resolved.
	end string
}

var courses = map[reactstocks.Scenario]course{
	reactstocks.Steady: {traffic: "stays as it is"},
	reactstocks.Throttling: {
		traffic: "grows",
		verdict: v1alpha1.ReasonVerified, change: v1alpha1.ReasonSucceeded, end: v1alpha1.ReasonRemediated,
	},
	reactstocks.SlowDependency: {
		traffic: "stays as it is, and calls of the news worker take longer",
		verdict: v1alpha1.ReasonVerified, change: v1alpha1.ReasonSucceeded, end: v1alpha1.ReasonRemediated,
	},
	reactstocks.WrongFix: { // the change is undone, and the trouble is there
		traffic: "stays as it is, and calls of the news worker wait for an answer that never comes",
		verdict: v1alpha1.ReasonNotFixed, reverts: true, change: v1alpha1.ReasonReverted, end: v1alpha1.ReasonHeldForPerson,
	},
	reactstocks.RecoversByItself: {
		traffic: "grows for a while",
		change:  v1alpha1.ReasonWithdrawn, end: v1alpha1.ReasonRecoveredWithoutChange,
	},
	reactstocks.TrafficGone: { // the alarm is OK, and nobody is served
		traffic: "grows, and stops",
		verdict: v1alpha1.ReasonInconclusive, change: v1alpha1.ReasonHeld, end: v1alpha1.ReasonHeldForPerson,
	},
}
