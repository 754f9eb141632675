package env

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// objectKey names one object of any kind.
type objectKey struct {
	kind schema.GroupVersionKind
	name types.NamespacedName
}

// change is what a watch reports: an object as it was, and as it is. One of them is nil at creation and deletion.
type change struct {
	key     objectKey
	was, is client.Object
}

// observe finds out what changed since it was last asked, and wakes whom the controllers' watches name. Only what a
// controller declares wakes it: a missing watch is missed here too.
func (d *Driver) observe(ctx context.Context) error {
	if d.seen == nil {
		d.seen, d.agenda, d.failures = map[objectKey]client.Object{}, map[work]time.Time{}, map[work]int{}
		d.known = map[schema.GroupVersionKind]written{}
	}
	d.changed = nil
	kinds, err := d.kinds()
	if err != nil {
		return err
	}
	revision, err := d.revision(ctx)
	if err != nil {
		return err
	}
	if revision != "" && revision == d.revisionSeen {
		kinds = nil // nothing was written since: most looks find nothing
	}
	for _, kind := range kinds {
		changes, err := d.written(ctx, kind)
		if err != nil {
			return err
		}
		for _, c := range changes {
			if err := d.wake(ctx, c); err != nil {
				return err
			}
		}
		d.changed = append(d.changed, changes...)
	}
	d.revisionSeen = revision
	for i, c := range d.Controllers {
		if c.Wakes == nil {
			continue
		}
		for _, r := range c.Wakes.Take() {
			d.schedule(work{i, r}, d.Clock.Now())
		}
	}
	return nil
}

// revision is that of the whole store, which every write to any kind moves: the store says it, and so does a list without a
// cache.
func (d *Driver) revision(ctx context.Context) (string, error) {
	if d.store != nil {
		return d.store.revision(ctx)
	}
	var some corev1.NamespaceList
	if err := d.Client.List(ctx, &some, client.Limit(1)); err != nil {
		return "", fmt.Errorf("asking for the revision: %w", err)
	}
	return some.ResourceVersion, nil
}

// kinds returns every kind that a controller reconciles or watches, in a fixed order.
func (d *Driver) kinds() ([]schema.GroupVersionKind, error) {
	var kinds []schema.GroupVersionKind
	add := func(o client.Object) error {
		kind, err := apiutil.GVKForObject(o, d.Client.Scheme())
		if err == nil && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
		return err
	}
	for _, c := range d.Controllers {
		if err := add(c.Object); err != nil {
			return nil, err
		}
		for _, w := range c.Watches {
			if err := add(w.Object); err != nil {
				return nil, err
			}
		}
	}
	return kinds, nil
}

// written returns what changed of a kind: of the store, what was written since, and by a list where that does not say it
// all, because something is new or gone.
func (d *Driver) written(ctx context.Context, kind schema.GroupVersionKind) ([]change, error) {
	if d.store == nil {
		return d.changes(ctx, kind)
	}
	before, listed := d.known[kind]
	w, known, err := d.since(ctx, kind, before.until)
	if err != nil {
		return nil, err
	}
	if !known {
		return d.changes(ctx, kind)
	}
	var changes []change
	for _, name := range w.names {
		key := objectKey{kind, name}
		was := d.seen[key]
		if !listed || was == nil || w.total != before.total {
			listed = false
			break
		}
		made, err := d.Client.Scheme().New(kind)
		if err != nil {
			return nil, err
		}
		is, ok := made.(client.Object)
		if !ok {
			return nil, fmt.Errorf("%s is no object", kind)
		}
		if err := d.Client.Get(ctx, name, is); apierrors.IsNotFound(err) {
			listed = false // and gone since
			break
		} else if err != nil {
			return nil, fmt.Errorf("getting %s %s: %w", kind.Kind, name, err)
		}
		if was.GetResourceVersion() != is.GetResourceVersion() {
			changes = append(changes, change{key, was, is})
		}
	}
	if !listed || w.total != before.total {
		if changes, err = d.changes(ctx, kind); err != nil {
			return nil, err
		}
		d.known[kind] = w
		return changes, nil
	}
	for _, c := range changes {
		d.seen[c.key] = c.is
	}
	d.known[kind] = w
	slices.SortFunc(changes, byName)
	return changes, nil
}

func byName(a, b change) int { return cmp.Compare(a.key.name.String(), b.key.name.String()) }

// changes compares the objects of a kind with those seen before, and remembers them.
func (d *Driver) changes(ctx context.Context, kind schema.GroupVersionKind) ([]change, error) {
	listKind := kind.GroupVersion().WithKind(kind.Kind + "List")
	made, err := d.Client.Scheme().New(listKind)
	if err != nil {
		return nil, err
	}
	list, ok := made.(client.ObjectList)
	if !ok {
		return nil, fmt.Errorf("%s is no list", listKind)
	}
	if err := d.Client.List(ctx, list); err != nil {
		return nil, fmt.Errorf("listing %s: %w", kind.Kind, err)
	}
	items, err := meta.ExtractList(list)
	if err != nil {
		return nil, err
	}
	var changes []change
	live := map[objectKey]bool{}
	for _, item := range items {
		o, ok := item.(client.Object)
		if !ok || !d.inScope(o) {
			continue
		}
		key := objectKey{kind, client.ObjectKeyFromObject(o)}
		live[key] = true
		was := d.seen[key]
		if was == nil || was.GetResourceVersion() != o.GetResourceVersion() {
			changes = append(changes, change{key, was, o})
			d.seen[key] = o
		}
	}
	for key, was := range d.seen {
		if key.kind == kind && !live[key] {
			changes = append(changes, change{key, was, nil})
			delete(d.seen, key)
		}
	}
	slices.SortFunc(changes, byName)
	return changes, nil
}

func (d *Driver) inScope(o client.Object) bool {
	if _, ok := o.(*corev1.Namespace); ok {
		return slices.Contains(d.Namespaces, o.GetName())
	}
	return o.GetNamespace() == "" || slices.Contains(d.Namespaces, o.GetNamespace())
}

// wake puts on the agenda what a manager would put into the queues.
func (d *Driver) wake(ctx context.Context, c change) error {
	now := d.Clock.Now()
	for i, ctl := range d.Controllers {
		kind, err := apiutil.GVKForObject(ctl.Object, d.Client.Scheme())
		if err != nil {
			return err
		}
		if kind == c.key.kind {
			d.schedule(work{i, reconcile.Request{NamespacedName: c.key.name}}, now)
		}
		for _, w := range ctl.Watches {
			kind, err := apiutil.GVKForObject(w.Object, d.Client.Scheme())
			if err != nil {
				return err
			}
			if kind != c.key.kind {
				continue
			}
			for _, o := range []client.Object{c.was, c.is} {
				if o == nil {
					continue
				}
				for _, r := range w.Requests(ctx, o) {
					d.schedule(work{i, r}, now)
				}
			}
		}
	}
	return nil
}

// describe says what changed, for a person who looks for a hot loop.
func describe(changes []change) string {
	if len(changes) == 0 {
		return "nothing: a Reconcile asks for another look at once"
	}
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "%s %s:\n%s\n", c.key.kind.Kind, c.key.name, gocmp.Diff(c.was, c.is))
	}
	return b.String()
}
