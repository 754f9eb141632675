package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// people is where each kind of request says who made it, as the admission policies fill it in.
var people = map[string]string{"Incident": "requestedBy", "Remediation": "requestedBy", "Approval": "approver"}

// awaitPolicies waits until the admission policies are in force, at most a minute: the API server reads and compiles
// them, and learns of the kinds, some time after they were created. It tries the sample's requests and creates nothing.
func (c *Cluster) awaitPolicies(ctx context.Context) error {
	requests, err := Manifests("config", "samples", "requests")
	if err != nil {
		return err
	}
	// To whom nothing is forbidden but by an admission policy.
	nobody, err := c.As(rest.ImpersonationConfig{UserName: "system:nobody", Groups: []string{"system:masters"}})
	if err != nil {
		return err
	}
	var last error
	inForce := func(ctx context.Context) (bool, error) {
		for _, request := range requests {
			if last = c.tried(ctx, nobody, request); last != nil {
				return false, nil
			}
		}
		return true, nil
	}
	if err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, time.Minute, true, inForce); err != nil {
		return fmt.Errorf("waiting until the admission policies are in force: %w; at last: %w", err, last)
	}
	return nil
}

// tried returns what is not in force yet for a kind of request: the stamp of who made it, or, for an Approval, the
// refusal of whoever is no person.
func (c *Cluster) tried(ctx context.Context, nobody client.Client, request *unstructured.Unstructured) error {
	o := request.DeepCopy()
	o.SetNamespace(Namespace)
	if err := c.Admin.Create(ctx, o, client.DryRunAll); err != nil {
		return err
	}
	if _, stamped, _ := unstructured.NestedMap(o.Object, "spec", people[o.GetKind()]); !stamped {
		return fmt.Errorf("%s does not say who made it", o.GetKind())
	}
	if o.GetKind() != "Approval" {
		return nil
	}
	o = request.DeepCopy()
	o.SetNamespace(Namespace)
	if err := nobody.Create(ctx, o, client.DryRunAll); err == nil {
		return errors.New("an Approval of system:nobody is accepted")
	}
	return nil
}
