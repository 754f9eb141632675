package application

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
)

// ofAccount names the applications of an AWSAccount: its grants may have changed.
func (r *Reconciler) ofAccount(ctx context.Context, o client.Object) []reconcile.Request {
	return r.list(ctx, client.MatchingFields{"spec.aws.accountRef.name": o.GetName()})
}

// ofRunbook names the applications that a Runbook applies to: all of them where it is shared.
func (r *Reconciler) ofRunbook(ctx context.Context, o client.Object) []reconcile.Request {
	if o.GetNamespace() == r.Namespace {
		return r.list(ctx)
	}
	return r.ofNamespaced(ctx, o)
}

// ofNamespaced names the applications of an object's namespace.
func (r *Reconciler) ofNamespaced(ctx context.Context, o client.Object) []reconcile.Request {
	return r.list(ctx, client.InNamespace(o.GetNamespace()))
}

// ofNamespace names the applications of a namespace: grants select it by its labels.
func (r *Reconciler) ofNamespace(ctx context.Context, o client.Object) []reconcile.Request {
	return r.list(ctx, client.InNamespace(o.GetName()))
}

func (r *Reconciler) list(ctx context.Context, options ...client.ListOption) []reconcile.Request {
	apps := &v1alpha1.ServerlessApplicationList{}
	if err := r.Client.List(ctx, apps, options...); err != nil {
		logf.FromContext(ctx).Error(err, "Listing applications to wake")
		return nil
	}
	requests := make([]reconcile.Request, 0, len(apps.Items))
	for _, app := range apps.Items {
		requests = append(requests, controller.Request(app.Namespace, app.Name))
	}
	return requests
}
