package operator

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/internal/claim"
)

// ThisCluster returns which cluster this is. Its namespace kube-system is as old as it, and nobody can delete it.
func ThisCluster(ctx context.Context, reader client.Reader, name string) (claim.Cluster, error) {
	var namespace corev1.Namespace
	if err := reader.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, &namespace); err != nil {
		return claim.Cluster{}, fmt.Errorf("finding out which cluster this is: %w", err)
	}
	return claim.NewCluster(string(namespace.UID), name)
}

// ownNamespace makes sure that the operator's own namespace exists: in another one it would never lead, and look well.
func ownNamespace(ctx context.Context, reader client.Reader, name string) error {
	var namespace corev1.Namespace
	err := reader.Get(ctx, client.ObjectKey{Name: name}, &namespace)
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("the operator's own namespace %s does not exist: correct --namespace or POD_NAMESPACE", name)
	}
	if err != nil {
		return fmt.Errorf("looking for the operator's own namespace: %w", err)
	}
	return nil
}
