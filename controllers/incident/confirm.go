package incident

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/evidence"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// confirm reads the alarms of the Incident once more before it is called over: what status says of them may be from
// before a restart, or from before a role was taken away. It returns what is not as it should be with the reason for
// the condition, or "". Without a change that was proved, users have to be there too.
func (r *Reconciler) confirm(ctx context.Context, s *scope, proved bool) (reason, why string, err error) {
	signals := s.inc.Status.Signals
	if len(signals) == 0 {
		return "", "", nil
	}
	session, err := r.AWS.Session(ctx, s.grant.Access, "runbook-operator")
	if err != nil {
		return v1alpha1.ReasonRecovering, "the alarms could not be read once more: " + fault.From(err).Message, err
	}
	if why, err := confirmAlarms(ctx, session, signals); why != "" {
		return v1alpha1.ReasonRecovering, why, err
	}
	if proved {
		return "", "", nil
	}
	why, err = s.confirmTraffic(ctx, session)
	return v1alpha1.ReasonNoData, why, err
}

// confirmAlarms reads the alarms of the signals. Whether their actions are disabled or muted is not asked: that keeps
// CloudWatch from telling people, and not from evaluating (CloudWatch API reference, PutAlarmMuteRule), so that an alarm
// which is OK has recovered. When the trouble comes back, muted or not, its alarm opens an Incident again.
func confirmAlarms(ctx context.Context, session *aws.Session, signals []v1alpha1.SignalStatus) (string, error) {
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
		case sig.AlarmARN != "" && a.ARN != sig.AlarmARN:
			return fmt.Sprintf("alarm %q is of another Region or account than the one of the Incident", sig.AlarmName), nil
		case a.EvaluationState != "":
			return fmt.Sprintf("alarm %q could not be evaluated with all of its data", sig.AlarmName), nil
		case a.State != v1alpha1.AlarmOK:
			return fmt.Sprintf("alarm %q is %s now", sig.AlarmName, a.State), nil
		case a.TransitionedAt.After(sig.TransitionedAt.Time):
			return fmt.Sprintf("alarm %q was not OK all the time", sig.AlarmName), nil
		}
	}
	return "", nil
}

// quietFor is how long nobody may have called a function of which an alarm is believed that it recovered. An alarm for
// which missing data is not breaching is also OK when nobody is served.
const quietFor = 15 * time.Minute

// confirmTraffic looks whether the functions of the signals are still called. It returns what is not as it should be,
// or "".
func (s *scope) confirmTraffic(ctx context.Context, session *aws.Session) (string, error) {
	seen := map[v1alpha1.FunctionName]bool{}
	for _, sig := range s.inc.Status.Signals {
		if sig.FunctionName == "" || seen[sig.FunctionName] {
			continue
		}
		seen[sig.FunctionName] = true
		begin := s.now.Add(-max(quietFor, s.stableFor))
		if over := s.inc.Status.RecoveredSince; over != nil && over.After(begin) {
			begin = over.Time
		}
		minutes, err := evidence.Traffic(ctx, session, string(sig.FunctionName), begin, s.now)
		if err != nil {
			return "the traffic could not be read: " + fault.From(err).Message, err
		}
		if !slices.ContainsFunc(minutes, func(m evidence.TrafficMinute) bool { return m.Invocations != nil && *m.Invocations > 0 }) {
			return fmt.Sprintf("every alarm is OK, but nobody calls function %s", sig.FunctionName), nil
		}
	}
	return "", nil
}
