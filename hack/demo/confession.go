package main

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/hack/world"
)

// confess says which step did not happen, and what the objects say.
func (s *story) confess(ctx context.Context, stuck error) {
	s.say("stuck", "%s", stuck)
	var account v1alpha1.AWSAccount
	if err := s.platform.Get(ctx, client.ObjectKey{Name: world.Account}, &account); err != nil {
		s.say("stuck", "AWSAccount %s: %v", world.Account, err)
	} else {
		s.conditions("AWSAccount "+account.Name, account.Status.Conditions)
	}
	if s.app != nil {
		s.conditions("ServerlessApplication "+s.app.Name, s.app.Status.Conditions)
		if u := s.app.Status.UnmatchedAlarms; u != nil {
			s.say("stuck", "ServerlessApplication %s: no Runbook has a trigger for %s in ALARM: %q", s.app.Name, several(int(u.Count), "alarm"), u.Names)
		}
	}
	if s.inc == nil {
		s.say("stuck", "there is no Incident")
	} else {
		s.conditions("Incident "+s.inc.Name, s.inc.Status.Conditions)
	}
	if s.rem == nil {
		s.say("stuck", "there is no Remediation")
	} else {
		s.conditions("Remediation "+s.rem.Name, s.rem.Status.Conditions)
	}
	calls := s.operatorCalls()
	s.say("stuck", "the operator made %s of AWS", several(len(calls), "call"))
	for i := len(calls) - 1; i >= 0; i-- {
		if calls[i].Error != "" {
			s.say("stuck", "the last that was refused: %s", calls[i])
			return
		}
	}
}

func (s *story) conditions(of string, list []metav1.Condition) {
	if len(list) == 0 {
		s.say("stuck", "%s: no conditions yet", of)
	}
	for _, c := range list {
		s.say("stuck", "%s: %s=%s %s: %s", of, c.Type, c.Status, c.Reason, c.Message)
	}
}
