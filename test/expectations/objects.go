// Package expectations owns the small vocabulary of the suites: what they put into a cluster, and what they expect to
// find there. It must not wait: time passes by the driver's hand alone.
package expectations

import (
	"context"
	"fmt"
	"reflect"

	"github.com/onsi/gomega"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// ExpectApplied creates objects, or replaces the spec of those that exist, as whoever the client is of. The objects
// are as the API server has them afterwards.
func ExpectApplied(ctx context.Context, c client.Client, objects ...client.Object) {
	for _, o := range objects {
		err := c.Create(ctx, o)
		if apierrors.IsAlreadyExists(err) {
			live := fresh(o)
			gomega.ExpectWithOffset(1, c.Get(ctx, client.ObjectKeyFromObject(o), live)).To(gomega.Succeed())
			o.SetUID(live.GetUID())
			o.SetResourceVersion(live.GetResourceVersion())
			err = c.Update(ctx, o)
		}
		gomega.ExpectWithOffset(1, err).NotTo(gomega.HaveOccurred(), "applying %s", describe(o))
	}
}

// ExpectExists returns an object as the API server has it now.
func ExpectExists[T client.Object](ctx context.Context, c client.Client, o T) T {
	live, ok := fresh(o).(T)
	gomega.ExpectWithOffset(1, ok).To(gomega.BeTrue())
	gomega.ExpectWithOffset(1, c.Get(ctx, client.ObjectKeyFromObject(o), live)).To(gomega.Succeed(), "reading %s", describe(o))
	return live
}

// ExpectDeleted deletes objects, and expects that nothing holds them back.
func ExpectDeleted(ctx context.Context, c client.Client, objects ...client.Object) {
	for _, o := range objects {
		gomega.ExpectWithOffset(1, c.Delete(ctx, o)).To(gomega.Succeed(), "deleting %s", describe(o))
		err := c.Get(ctx, client.ObjectKeyFromObject(o), fresh(o))
		gomega.ExpectWithOffset(1, apierrors.IsNotFound(err)).To(gomega.BeTrue(), "%s is still there: %v", describe(o), err)
	}
}

// ExpectRefused expects that the API server does not take an object, with a message for the person who wrote it.
func ExpectRefused(ctx context.Context, c client.Client, o client.Object, message string) {
	err := c.Create(ctx, o)
	gomega.ExpectWithOffset(1, err).To(gomega.MatchError(gomega.ContainSubstring(message)), "creating %s", describe(o))
}

// ExpectEvents returns the events of a reason about an object, oldest first, and expects that there are some.
func ExpectEvents(ctx context.Context, c client.Client, about client.Object, reason string) []eventsv1.Event {
	var list eventsv1.EventList
	gomega.ExpectWithOffset(1, c.List(ctx, &list)).To(gomega.Succeed())
	var found []eventsv1.Event
	var others []string
	for _, e := range list.Items {
		switch {
		case e.Regarding.UID != about.GetUID():
		case e.Reason == reason:
			found = append(found, e)
		default:
			others = append(others, e.Reason)
		}
	}
	gomega.ExpectWithOffset(1, found).NotTo(gomega.BeEmpty(), "%s has no event %s, but %v", describe(about), reason, others)
	return found
}

// fresh returns an empty object of the same kind.
func fresh(o client.Object) client.Object {
	empty, ok := reflect.New(reflect.TypeOf(o).Elem()).Interface().(client.Object)
	if !ok {
		panic(fmt.Sprintf("%T is no object", o))
	}
	return empty
}

func describe(o client.Object) string {
	return fmt.Sprintf("%T %s", o, client.ObjectKeyFromObject(o))
}
