package incident

import (
	"context"
	"fmt"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// confirm reads the alarms of the Incident once more before it is called over: what status says of them may be from
// before a restart, or from before a role was taken away. It returns what is not as it should be, or "".
func (r *Reconciler) confirm(ctx context.Context, s *scope) (string, error) {
	signals := s.inc.Status.Signals
	if len(signals) == 0 {
		return "", nil
	}
	session, err := r.AWS.Session(ctx, s.grant.Access, "runbook-operator")
	if err != nil {
		return "the alarms could not be read once more: " + fault.From(err).Message, err
	}
	names := make([]string, 0, len(signals))
	for _, sig := range signals {
		names = append(names, sig.AlarmName)
	}
	live, err := alarms.ByName(ctx, session, names)
	if err != nil {
		return "the alarms could not be read once more: " + fault.From(err).Message, err
	}
	for _, sig := range signals {
		a, found := live[sig.AlarmName]
		switch {
		case !found:
			return fmt.Sprintf("alarm %q was deleted", sig.AlarmName), nil
		case a.State != v1alpha1.AlarmOK:
			return fmt.Sprintf("alarm %q is %s now", sig.AlarmName, a.State), nil
		case a.TransitionedAt.After(sig.TransitionedAt.Time):
			return fmt.Sprintf("alarm %q was not OK all the time", sig.AlarmName), nil
		}
	}
	return "", nil
}
