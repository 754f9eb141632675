package incident

import (
	"context"
	"fmt"
	"slices"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// accept says whether the Incident makes sense here, takes in the signal that opened it, and says which functions
// are affected.
func (r *Reconciler) accept(_ context.Context, s *scope) (bool, error) {
	st := &s.inc.Status
	if st.OpenedAt == nil {
		at := s.stamp()
		st.OpenedAt = &at
	}
	if sig := s.inc.Spec.Signal; sig != nil && len(st.Signals) == 0 {
		st.Signals = []v1alpha1.SignalStatus{{
			AlarmName: sig.AlarmName, AlarmARN: sig.AlarmARN, FunctionName: sig.FunctionName, Silenced: sig.Silenced,
			Runbooks: sig.Runbooks, State: v1alpha1.AlarmFiring, TransitionedAt: sig.TransitionedAt,
		}}
	}
	name := s.inc.Spec.ApplicationRef.Name
	switch {
	case s.app == nil:
		s.accepted(false, v1alpha1.ReasonApplicationNotFound, fmt.Sprintf("there is no ServerlessApplication %s in this namespace: create it, or create an Incident that names another", name))
		return false, nil
	case s.grantErr != nil:
		f := fault.From(s.grantErr)
		s.accepted(false, f.Reason, f.Message)
		s.wake(recheck)
		return false, nil
	}
	for _, wanted := range s.bounded(s.affected()) {
		at := slices.IndexFunc(s.app.Spec.Functions, func(f v1alpha1.ApplicationFunction) bool { return f.Name == wanted })
		switch {
		case at >= 0:
			s.functions = append(s.functions, s.app.Spec.Functions[at])
		case slices.Contains(s.inc.Spec.Functions, wanted):
			s.accepted(false, v1alpha1.ReasonFunctionNotFound, fmt.Sprintf("ServerlessApplication %s does not list function %s: add it to spec.functions", name, wanted))
			return false, nil
		default:
			s.missing = append(s.missing, fmt.Sprintf("function %s (not in spec.functions of ServerlessApplication %s any more)", wanted, name))
		}
	}
	if len(s.functions) == 0 {
		s.accepted(false, v1alpha1.ReasonFunctionNotFound, fmt.Sprintf("ServerlessApplication %s lists none of the functions of the Incident's alarms any more: add them to spec.functions", name))
		return false, nil
	}
	return true, nil
}
