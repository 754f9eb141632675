package remediation

import (
	"context"
	"fmt"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/evidence"
)

// deployed notes what is deployed before the change. What somebody deploys from here on makes the verification
// inconclusive: it may have fixed what the change did not.
func (r *Reconciler) deployed(ctx context.Context, s *scope) (*v1alpha1.Deployment, error) {
	alias := s.function.Alias
	if v := s.rem.Status.Verification; s.function.Name == "" && v != nil && v.Deployment != nil {
		alias = v.Deployment.Alias // a later call of the plan: the application is not asked any more
	}
	d, err := evidence.Deployed(ctx, s.session, string(s.rem.Spec.Target.FunctionName), alias)
	if err != nil {
		return nil, err
	}
	return &d, nil
}

// redeployed says what of the function is not as it was deployed before, or "".
func (r *Reconciler) redeployed(ctx context.Context, s *scope, was *v1alpha1.Deployment) (string, error) {
	if was == nil {
		return "", nil
	}
	name := string(s.rem.Spec.Target.FunctionName)
	is, err := evidence.Deployed(ctx, s.session, name, was.Alias)
	if err != nil {
		return "", err
	}
	return otherDeployment(name, *was, is), nil
}

// otherDeployment says what somebody else deployed, or "". Pure.
func otherDeployment(name string, was, is v1alpha1.Deployment) string {
	switch {
	case is.CodeSHA256 != was.CodeSHA256:
		return fmt.Sprintf("somebody else deployed other code to function %s", name)
	case is.AliasVersion != was.AliasVersion || is.AliasRevisionID != was.AliasRevisionID:
		return fmt.Sprintf("somebody else moved alias %s of function %s", was.Alias, name)
	case was.LastModified != "" && is.LastModified != was.LastModified:
		return fmt.Sprintf("somebody else updated the configuration of function %s", name)
	}
	return ""
}

// settledAt notes when the change itself updated the function. What updated it when no call could arrive any more is not
// the change: what was noted before it stays, and the first look says that somebody else did.
func (r *Reconciler) settledAt(ctx context.Context, s *scope, intent *v1alpha1.Intent) error {
	d := s.rem.Status.Verification.Deployment
	if d == nil {
		return nil
	}
	is, err := evidence.Deployed(ctx, s.session, string(s.rem.Spec.Target.FunctionName), d.Alias)
	if err != nil {
		return err
	}
	if since := r.Wall.Now().Sub(intent.NotAfter.Add(staleReads)); !updatedAfter(is, r.Clock.Now().Add(-since)) {
		d.LastModified = is.LastModified
	}
	return nil
}

// updatedAfter says whether a function was last updated after a time. Pure.
func updatedAfter(d v1alpha1.Deployment, at time.Time) bool {
	updated, err := time.Parse(lastModifiedFormat, d.LastModified)
	return err == nil && updated.After(at)
}

// lastModifiedFormat is "YYYY-MM-DDThh:mm:ss.sTZD" (Lambda API reference, FunctionConfiguration).
const lastModifiedFormat = "2006-01-02T15:04:05.999-0700"

// over returns the mean of the minutes that have data, at the newest minute. Without data in the newest there is none.
func over(minutes evidence.TrafficMinutes) evidence.TrafficMinute {
	if len(minutes) == 0 || offeredOf(minutes[len(minutes)-1]) == nil {
		return evidence.TrafficMinute{}
	}
	var invocations, errors, throttles, n float64
	for _, m := range minutes {
		if offeredOf(m) != nil {
			invocations, errors, throttles, n = invocations+value(m.Invocations), errors+value(m.Errors), throttles+value(m.Throttles), n+1
		}
	}
	mean := evidence.TrafficMinute{At: minutes[len(minutes)-1].At}
	invocations, errors, throttles = invocations/n, errors/n, throttles/n
	mean.Invocations, mean.Errors, mean.Throttles = &invocations, &errors, &throttles
	return mean
}

// unseen is how many minutes of traffic a look is made of: all since the one before, however far apart they are.
func unseen(v v1alpha1.VerificationStatus, plan v1alpha1.PlannedVerification, now time.Time) time.Duration {
	if v.LastAt == nil {
		return time.Minute
	}
	return max(time.Minute, min(now.Sub(v.LastAt.Time), seconds(plan.PeriodSeconds)*3/2).Truncate(time.Minute))
}
