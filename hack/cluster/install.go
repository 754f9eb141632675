package cluster

import (
	"context"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"

	"github.com/runbook-operator/runbook-operator/config"
	"github.com/runbook-operator/runbook-operator/internal/operator"
)

// Operator is the user of the operator's service account.
const Operator = "system:serviceaccount:" + Namespace + ":" + operator.Name

// install puts the shipped admission policies and rights into the API server, logs the operator in, and waits until the
// policies are in force.
func (c *Cluster) install(ctx context.Context) error {
	policies, err := config.AdmissionPolicies(nil)
	if err != nil {
		return err
	}
	rights, err := Manifests("config", "rbac")
	if err != nil {
		return err
	}
	system := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: Namespace}}
	if err := c.Admin.Create(ctx, system); err != nil {
		return fmt.Errorf("creating namespace %s: %w", Namespace, err)
	}
	if err := c.Create(ctx, append(policies, rights...)); err != nil {
		return err
	}
	if err := c.logIn(ctx); err != nil {
		return err
	}
	return c.awaitPolicies(ctx)
}

// logIn asks the API server for a token of the operator's service account.
func (c *Cluster) logIn(ctx context.Context) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: operator.Name}}
	token := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: ptr.To(int64((24 * time.Hour).Seconds())),
	}}
	if err := c.Admin.SubResource("token").Create(ctx, account, token); err != nil {
		return fmt.Errorf("creating a token of the operator: %w", err)
	}
	c.OperatorConfig = unlimited(rest.AnonymousClientConfig(c.Config))
	c.OperatorConfig.BearerToken = token.Status.Token
	return c.AwaitAllowed(ctx, rest.ImpersonationConfig{UserName: Operator}, authorizationv1.ResourceAttributes{
		Group: "runbook-operator.io", Resource: "incidents", Verb: "list",
	})
}

// AwaitAllowed waits until the API server's authorizer has seen a binding, which it reads from a cache: at most ten
// seconds.
func (c *Cluster) AwaitAllowed(ctx context.Context, user rest.ImpersonationConfig, what authorizationv1.ResourceAttributes) error {
	allowed := func(ctx context.Context) (bool, error) {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: user.UserName, Groups: user.Groups, ResourceAttributes: &what,
		}}
		err := c.Admin.Create(ctx, review)
		return review.Status.Allowed, err
	}
	if err := wait.PollUntilContextTimeout(ctx, 5*time.Millisecond, 10*time.Second, true, allowed); err != nil {
		return fmt.Errorf("waiting until %s may %s %s in %q: %w", user.UserName, what.Verb, what.Resource, what.Namespace, err)
	}
	return nil
}
