package env

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/builder"
)

// awaitPolicies waits until the admission policies are in force: the API server reads and compiles them some time
// after they were created. It creates nothing.
func (e *Environment) awaitPolicies(ctx context.Context) error {
	nobody := rest.CopyConfig(e.Config) // whom nothing is forbidden but by an admission policy
	nobody.Impersonate = rest.ImpersonationConfig{UserName: "system:nobody", Groups: []string{"system:masters"}}
	asNobody, err := client.New(nobody, client.Options{Scheme: e.Scheme})
	if err != nil {
		return fmt.Errorf("making a client of nobody: %w", err)
	}
	approval := func(of *v1alpha1.Remediation) *v1alpha1.Approval {
		of.UID = "1"
		return builder.Approval(of, func(a *v1alpha1.Approval) { a.Spec.PlanDigest = "sha256:" + strings.Repeat("0", 64) })
	}
	var last error
	err = wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		asked, decided := builder.Remediation(SystemNamespace), approval(builder.Remediation(SystemNamespace))
		if last = e.Admin.Create(ctx, asked, client.DryRunAll); last != nil || asked.Spec.RequestedBy == nil {
			return false, nil
		}
		if last = e.Admin.Create(ctx, decided, client.DryRunAll); last != nil || decided.Spec.Approver == nil {
			return false, nil
		}
		refused := asNobody.Create(ctx, approval(builder.Remediation(SystemNamespace)), client.DryRunAll)
		return refused != nil, nil
	})
	if err != nil {
		return fmt.Errorf("waiting until the admission policies are in force: %w; the last refusal: %v", err, last)
	}
	return nil
}
