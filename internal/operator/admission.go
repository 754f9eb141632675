package operator

import (
	"context"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/runbook-operator/runbook-operator/internal/approval"
)

// lookAtPolicies looks at the admission policies as soon as this process leads. An approval counts only when it came
// after they were first seen as they are: without this, the first approval after an installation or an upgrade of the
// policies would be void.
func lookAtPolicies(mgr ctrl.Manager, o Options) error {
	policies, err := approval.NewAdmissionPolicies(mgr.GetAPIReader(), mgr.GetClient(), o.Namespace, o.Wall, nil)
	if err != nil {
		return err
	}
	look := func(ctx context.Context) error {
		seen, err := policies.Check(ctx)
		log := ctrl.LoggerFrom(ctx).WithName("admission")
		switch {
		case err != nil:
			log.Error(err, "Looking at the admission policies; the next Remediation that waits for approval looks again")
		case !seen.Intact:
			log.Info("No approval counts: the admission policies are not as shipped", "message", seen.Message)
		default:
			log.Info("Admission policies are as shipped", "approvalsCountAfter", seen.SettledAt)
		}
		return nil // the operator detects and investigates without them
	}
	if err := mgr.Add(manager.RunnableFunc(look)); err != nil {
		return fmt.Errorf("adding the look at the admission policies: %w", err)
	}
	return nil
}
