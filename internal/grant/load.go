package grant

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// Load reads the AWSAccount and the namespace of an application, and resolves what it may do now. Before a change,
// the reader is one that does not cache: a grant that was taken away has to count at once.
func Load(ctx context.Context, reader client.Reader, app *v1alpha1.ServerlessApplication) (Resolved, error) {
	account := &v1alpha1.AWSAccount{}
	switch err := reader.Get(ctx, client.ObjectKey{Name: app.Spec.AWS.AccountRef.Name}, account); {
	case apierrors.IsNotFound(err):
		return Resolve(app, nil, nil)
	case err != nil:
		return Resolved{}, fmt.Errorf("getting AWSAccount: %w", err)
	}
	namespace := &corev1.Namespace{}
	if err := reader.Get(ctx, client.ObjectKey{Name: app.Namespace}, namespace); err != nil {
		return Resolved{}, fmt.Errorf("getting Namespace: %w", err)
	}
	return Resolve(app, account, namespace.Labels)
}
