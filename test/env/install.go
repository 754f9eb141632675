package env

import (
	"context"
	"fmt"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"

	"github.com/runbook-operator/runbook-operator/config"
	"github.com/runbook-operator/runbook-operator/hack/cluster"
	"github.com/runbook-operator/runbook-operator/internal/operator"
)

// SystemNamespace is the operator's namespace in the shipped manifests. Its service account is there.
const SystemNamespace = "runbook-operator-system"

// install puts the shipped admission policies and rights into the API server and logs the operator in.
func (e *Environment) install(ctx context.Context) error {
	policies, err := config.AdmissionPolicies(nil)
	if err != nil {
		return err
	}
	system := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: SystemNamespace}}
	if err := e.Admin.Create(ctx, system); err != nil {
		return fmt.Errorf("creating namespace %s: %w", SystemNamespace, err)
	}
	rights, err := cluster.Manifests("config", "rbac")
	if err != nil {
		return err
	}
	for _, o := range append(policies, rights...) {
		if err := e.Admin.Create(ctx, o.DeepCopy()); err != nil {
			return fmt.Errorf("creating %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	if err := e.logIn(ctx); err != nil {
		return err
	}
	return e.awaitPolicies(ctx)
}

// logIn asks the API server for a token of the operator's service account.
func (e *Environment) logIn(ctx context.Context) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: SystemNamespace, Name: operator.Name}}
	token := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: ptr.To(int64((24 * time.Hour).Seconds())),
	}}
	if err := e.Admin.SubResource("token").Create(ctx, account, token); err != nil {
		return fmt.Errorf("creating a token of the operator: %w", err)
	}
	e.OperatorConfig = unlimited(rest.AnonymousClientConfig(e.Config))
	e.OperatorConfig.BearerToken = token.Status.Token
	return e.awaitAllowed(ctx, operatorUser, authorizationv1.ResourceAttributes{
		Group: "runbook-operator.io", Resource: "incidents", Verb: "list",
	})
}

const operatorUser = "system:serviceaccount:" + SystemNamespace + ":" + operator.Name

// awaitAllowed waits until the API server's authorizer has seen a binding: it reads them from a cache.
func (e *Environment) awaitAllowed(ctx context.Context, user string, what authorizationv1.ResourceAttributes) error {
	err := wait.PollUntilContextTimeout(ctx, 5*time.Millisecond, 10*time.Second, true, func(ctx context.Context) (bool, error) {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: user, ResourceAttributes: &what,
		}}
		err := e.Admin.Create(ctx, review)
		return review.Status.Allowed, err
	})
	if err != nil {
		return fmt.Errorf("waiting until %s may %s %s in %q: %w", user, what.Verb, what.Resource, what.Namespace, err)
	}
	return nil
}

// operatorNamespace makes a namespace that the operator has the same rights in as in the shipped one.
func (e *Environment) operatorNamespace(ctx context.Context, name string) error {
	if err := e.Admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
		return fmt.Errorf("creating namespace %s: %w", name, err)
	}
	rights, err := cluster.Manifests("config", "rbac")
	if err != nil {
		return err
	}
	for _, o := range rights {
		if o.GetKind() != "Role" && o.GetKind() != "RoleBinding" {
			continue
		}
		o.SetNamespace(name)
		if err := e.Admin.Create(ctx, o); err != nil {
			return fmt.Errorf("creating %s %s/%s: %w", o.GetKind(), name, o.GetName(), err)
		}
	}
	return e.awaitAllowed(ctx, operatorUser, authorizationv1.ResourceAttributes{
		Group: "coordination.k8s.io", Resource: "leases", Verb: "create", Namespace: name,
	})
}

// attributes names one thing that a rule allows.
func attributes(rule rbacv1.PolicyRule, namespace string) authorizationv1.ResourceAttributes {
	resource, subresource, _ := strings.Cut(rule.Resources[0], "/")
	return authorizationv1.ResourceAttributes{
		Group: rule.APIGroups[0], Resource: resource, Subresource: subresource, Verb: rule.Verbs[0], Namespace: namespace,
	}
}
