package lease_test

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/internal/lease"
	"github.com/runbook-operator/runbook-operator/test/env"
)

var now = time.Date(2026, time.November, 23, 3, 0, 0, 0, time.UTC)

func holder(name string) lease.Holder {
	return lease.Holder{Key: types.NamespacedName{Namespace: "team", Name: name}, UID: types.UID("uid-of-" + name)}
}

func alive(context.Context, lease.Holder) (bool, error) { return true, nil }
func gone(context.Context, lease.Holder) (bool, error)  { return false, nil }

// late is a client whose reads do not see yet what somebody else has just written.
type late struct {
	client.Reader
	first bool
}

func (l *late) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if !l.first {
		l.first = true
		return apierrors.NewNotFound(corev1.Resource("leases"), key.Name)
	}
	return l.Reader.Get(ctx, key, o, opts...)
}

func TestATargetHasOneHolder(t *testing.T) {
	e := env.Start(t)
	ctx := t.Context()
	g := NewWithT(t)
	g.Expect(e.Admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "locks"}})).To(Succeed())
	locks := lease.Locker{Client: e.Admin, Reader: e.Admin, Namespace: "locks"}
	const target = "arn:aws:lambda:us-east-1:123456789012:function:f"

	held := func() (types.UID, error) {
		var found coordinationv1.Lease
		if err := e.Admin.Get(ctx, types.NamespacedName{Namespace: "locks", Name: lease.Name(target)}, &found); err != nil {
			return "", err
		}
		return types.UID(*found.Spec.HolderIdentity), nil
	}

	t.Run("the first takes it, and taking it again changes nothing", func(t *testing.T) {
		g := NewWithT(t)
		for range 2 {
			other, err := locks.Take(ctx, target, holder("first"), now, alive)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(other).To(BeNil())
		}
		g.Expect(held()).To(Equal(holder("first").UID))
	})
	t.Run("the second is told who has it, also when its reads are late", func(t *testing.T) {
		g := NewWithT(t)
		for _, reader := range []client.Reader{e.Admin, &late{Reader: e.Admin}} {
			other, err := lease.Locker{Client: e.Admin, Reader: reader, Namespace: "locks"}.Take(ctx, target, holder("second"), now, alive)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(other).To(HaveValue(Equal(holder("first"))))
		}
	})
	t.Run("time does not take it away", func(t *testing.T) {
		g := NewWithT(t)
		other, err := locks.Take(ctx, target, holder("second"), now.Add(1000*time.Hour), alive)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(other).NotTo(BeNil())
	})
	t.Run("only its holder gives it back", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(locks.Release(ctx, target, holder("second").UID)).To(Succeed())
		g.Expect(held()).To(Equal(holder("first").UID))
	})
	t.Run("a holder that does not exist any more loses it, to one taker", func(t *testing.T) {
		g := NewWithT(t)
		other, err := locks.Take(ctx, target, holder("second"), now, gone)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(other).To(BeNil())
		g.Expect(held()).NotTo(Equal(holder("first").UID))
		g.Expect(locks.Release(ctx, target, holder("first").UID)).To(Succeed())
		g.Expect(held()).To(Equal(holder("second").UID))
	})
	t.Run("what was given back is free", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(locks.Release(ctx, target, holder("second").UID)).To(Succeed())
		other, err := locks.Take(ctx, target, holder("third"), now, alive)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(other).To(BeNil())
	})
}
