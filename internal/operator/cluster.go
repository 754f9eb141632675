package operator

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
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
