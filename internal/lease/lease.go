// Package lease owns the locks of changes: one Lease per target and one per concurrency pool, in the operator's
// namespace, held from before the first intent until the change is settled. It must not let a Lease expire by time,
// nor know what a change does.
package lease

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	annotationTarget = "runbook-operator.io/target"
	annotationHolder = "runbook-operator.io/holder"
)

// Holder is the object that holds a Lease.
type Holder struct {
	// Key of the object.
	Key types.NamespacedName
	// UID of the object: a later object of the same name is another holder.
	UID types.UID
}

// Exists says whether a holder still exists, live.
type Exists func(ctx context.Context, h Holder) (bool, error)

// Locker takes and gives back Leases by compare-and-swap.
type Locker struct {
	// Client writes Leases; reads go to Reader.
	Client client.Client
	// Reader reads Leases uncached.
	Reader client.Reader
	// Namespace of the Leases: the operator's.
	Namespace string
}

// FunctionTarget names the lock of a function.
func FunctionTarget(functionARN string) string { return functionARN }

// PoolTarget names the lock of the concurrency pool of an account and Region.
func PoolTarget(accountID, region string) string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:concurrency-pool", region, accountID)
}

// Name returns the name of the Lease of a target: targets hold characters that names may not.
func Name(target string) string {
	sum := sha256.Sum256([]byte(target))
	return "change-" + hex.EncodeToString(sum[:12])
}

// Take takes the Lease of a target for a holder. A second call by the same holder changes nothing. Where another
// holder has it, Take returns that holder; a holder that does not exist any more loses it.
func (l Locker) Take(ctx context.Context, target string, h Holder, now time.Time, exists Exists) (*Holder, error) {
	var found coordinationv1.Lease
	err := l.Reader.Get(ctx, types.NamespacedName{Namespace: l.Namespace, Name: Name(target)}, &found)
	if apierrors.IsNotFound(err) {
		created := l.make(target, h, now)
		err = l.Client.Create(ctx, created)
		if apierrors.IsAlreadyExists(err) {
			return l.Take(ctx, target, h, now, exists) // somebody was faster: see who
		}
		if err != nil {
			return nil, fmt.Errorf("creating Lease of %s: %w", target, err)
		}
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading Lease of %s: %w", target, err)
	}
	if got := found.Annotations[annotationTarget]; got != target {
		return nil, fmt.Errorf("reading Lease %s: it is of %q, not of %q: delete it if no change is under way", found.Name, got, target)
	}
	other := holderOf(found)
	if other.UID == h.UID {
		return nil, nil
	}
	alive, err := exists(ctx, other)
	if err != nil {
		return nil, fmt.Errorf("reading holder of Lease of %s: %w", target, err)
	}
	if alive {
		return &other, nil
	}
	// Compare-and-swap on the resourceVersion: of two takers one gets a conflict.
	next := l.make(target, h, now)
	next.ResourceVersion = found.ResourceVersion
	if err := l.Client.Update(ctx, next); err != nil {
		return nil, fmt.Errorf("taking over Lease of %s: %w", target, err)
	}
	return nil, nil
}

// Other returns who else has the Lease of a target, and nil where nobody has it, the one who asks does, or its holder does
// not exist any more. It takes nothing.
func (l Locker) Other(ctx context.Context, target string, uid types.UID, exists Exists) (*Holder, error) {
	var found coordinationv1.Lease
	err := l.Reader.Get(ctx, types.NamespacedName{Namespace: l.Namespace, Name: Name(target)}, &found)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading Lease of %s: %w", target, err)
	}
	other := holderOf(found)
	if other.UID == uid {
		return nil, nil
	}
	alive, err := exists(ctx, other)
	if err != nil {
		return nil, fmt.Errorf("reading holder of Lease of %s: %w", target, err)
	}
	if !alive {
		return nil, nil
	}
	return &other, nil
}

// Release gives back the Lease of a target, if the holder has it.
func (l Locker) Release(ctx context.Context, target string, uid types.UID) error {
	var found coordinationv1.Lease
	err := l.Reader.Get(ctx, types.NamespacedName{Namespace: l.Namespace, Name: Name(target)}, &found)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading Lease of %s: %w", target, err)
	}
	if holderOf(found).UID != uid {
		return nil
	}
	err = l.Client.Delete(ctx, &found, client.Preconditions{UID: &found.UID, ResourceVersion: &found.ResourceVersion})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("releasing Lease of %s: %w", target, err)
	}
	return nil
}

func (l Locker) make(target string, h Holder, now time.Time) *coordinationv1.Lease {
	identity := string(h.UID)
	acquired := metav1.NewMicroTime(now)
	return &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: l.Namespace, Name: Name(target),
			Annotations: map[string]string{annotationTarget: target, annotationHolder: h.Key.String()},
		},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: &identity, AcquireTime: &acquired},
	}
}

func holderOf(found coordinationv1.Lease) Holder {
	h := Holder{}
	if found.Spec.HolderIdentity != nil {
		h.UID = types.UID(*found.Spec.HolderIdentity)
	}
	for i, key := 0, found.Annotations[annotationHolder]; i < len(key); i++ {
		if key[i] == '/' {
			h.Key = types.NamespacedName{Namespace: key[:i], Name: key[i+1:]}
			break
		}
	}
	return h
}
