package world

import (
	"context"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/rest"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/hack/cluster"
)

// OnCall is a person who may approve every change of the team's applications, by config/samples/people.yaml.
func OnCall() rest.ImpersonationConfig {
	return rest.ImpersonationConfig{UserName: "oncall@example.com", Groups: []string{"react-stocks-on-call"}}
}

// Developer is a person who may ask for changes, and approve longer timeouts only.
func Developer() rest.ImpersonationConfig {
	return rest.ImpersonationConfig{UserName: "developer@example.com", Groups: []string{"react-stocks-developers"}}
}

// Platform is a person of the platform team.
func Platform() rest.ImpersonationConfig {
	return rest.ImpersonationConfig{UserName: "platform@example.com", Groups: []string{"platform"}}
}

// awaitRights waits until the authorizer knows the bindings of the people.
func awaitRights(ctx context.Context, c *cluster.Cluster) error {
	of := func(verb, resource, subresource, namespace string) authorizationv1.ResourceAttributes {
		return authorizationv1.ResourceAttributes{
			Group: v1alpha1.GroupVersion.Group, Namespace: namespace, Verb: verb, Resource: resource, Subresource: subresource,
		}
	}
	for _, right := range []struct {
		user rest.ImpersonationConfig
		what authorizationv1.ResourceAttributes
	}{
		{OnCall(), of("approve", "remediations", string(v1alpha1.ActionSetReservedConcurrency), Team)},
		{OnCall(), of("watch", "incidents", "", Team)},
		{Developer(), of("create", "approvals", "", Team)},
		{Developer(), of("create", "incidents", "", Team)},
		{Platform(), of("get", "awsaccounts", "", "")},
	} {
		if err := c.AwaitAllowed(ctx, right.user, right.what); err != nil {
			return err
		}
	}
	return nil
}
