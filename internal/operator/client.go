package operator

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// newClient makes the controllers' client. The kinds of the API and Namespaces are read from the cache, and a read
// after a write sees that write: no Reconcile works on what its predecessor changed already. Everything else, such as
// Leases, ConfigMaps and access reviews, is read and written live, and never watched.
func newClient(cfg *rest.Config, o client.Options) (client.Client, error) {
	direct := o
	direct.Cache = nil
	live, err := client.New(cfg, direct)
	if err != nil {
		return nil, fmt.Errorf("making the live client: %w", err)
	}
	o.Cache.EnableReadYourWritesConsistency = ptr.To(true)
	cached, err := client.New(cfg, o)
	if err != nil {
		return nil, fmt.Errorf("making the cached client: %w", err)
	}
	return &splitClient{Client: cached, live: live}, nil
}

// splitClient sends kinds that are not cached to a client of their own: a client that lets reads see its writes waits
// for the cache of whatever it writes, also of kinds that are excluded from the cache.
type splitClient struct {
	client.Client // of the kinds that are cached
	live          client.Client
}

// of returns the client of an object's or a list's kind.
func (c *splitClient) of(o runtime.Object) client.Client {
	switch o.(type) {
	case *corev1.Namespace, *corev1.NamespaceList:
		return c.Client
	}
	kind, err := apiutil.GVKForObject(o, c.Scheme())
	if err == nil && kind.GroupVersion() == v1alpha1.GroupVersion {
		return c.Client
	}
	return c.live // of a kind that is not known, it says so
}

// Get reads an object.
func (c *splitClient) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	return c.of(o).Get(ctx, key, o, opts...)
}

// List reads objects of a kind.
func (c *splitClient) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	return c.of(list).List(ctx, list, opts...)
}

// Create creates an object.
func (c *splitClient) Create(ctx context.Context, o client.Object, opts ...client.CreateOption) error {
	if err := whole(o); err != nil {
		return err
	}
	return c.of(o).Create(ctx, o, opts...)
}

// Update replaces an object.
func (c *splitClient) Update(ctx context.Context, o client.Object, opts ...client.UpdateOption) error {
	if err := whole(o); err != nil {
		return err
	}
	return c.of(o).Update(ctx, o, opts...)
}

// Patch changes an object.
func (c *splitClient) Patch(ctx context.Context, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
	if err := whole(o); err != nil {
		return err
	}
	return c.of(o).Patch(ctx, o, patch, opts...)
}

// Delete deletes an object.
func (c *splitClient) Delete(ctx context.Context, o client.Object, opts ...client.DeleteOption) error {
	return c.of(o).Delete(ctx, o, opts...)
}

// DeleteAllOf deletes objects of a kind.
func (c *splitClient) DeleteAllOf(ctx context.Context, o client.Object, opts ...client.DeleteAllOfOption) error {
	return c.of(o).DeleteAllOf(ctx, o, opts...)
}

// Status returns the client of statuses.
func (c *splitClient) Status() client.SubResourceWriter { return c.SubResource("status") }

// SubResource returns the client of a subresource.
func (c *splitClient) SubResource(name string) client.SubResourceClient {
	return wholeSubResource{SubResourceClient: c.Client.SubResource(name)}
}

// wholeSubResource writes subresources of objects that were read as a whole.
type wholeSubResource struct{ client.SubResourceClient }

// Update replaces the subresource of an object.
func (c wholeSubResource) Update(ctx context.Context, o client.Object, opts ...client.SubResourceUpdateOption) error {
	if err := whole(o); err != nil {
		return err
	}
	return c.SubResourceClient.Update(ctx, o, opts...)
}

// Patch changes the subresource of an object.
func (c wholeSubResource) Patch(ctx context.Context, o client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
	if err := whole(o); err != nil {
		return err
	}
	return c.SubResourceClient.Patch(ctx, o, patch, opts...)
}
