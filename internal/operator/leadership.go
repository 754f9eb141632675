package operator

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/uuid"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
)

// leadership is the leader Lease with a memory: it knows until when this process may have calls under way that change
// something outside the cluster. The elector alone does not say it: it lets a process that took the Lease begin at
// once, and tells one that lost it only when it looks.
//
// The promise is that the times of two processes never meet. A holder may change things until RenewDeadline after it
// sent its last renewal. Whoever takes the Lease may begin LeaseDuration after it first read the Lease as it was when
// taken; the API server refuses to let it be taken otherwise, so every renewal of the holder before was sent before that
// reading. Hence the one ends at least LeaseDuration - RenewDeadline before the other begins, on clocks that run at the
// same speed, whatever they show. This holds too where the Lease was deleted or edited by hand: the elector takes a
// Lease that is not there, or names nobody, at once, and its process waits here.
type leadership struct {
	resourcelock.Interface
	wall clock.PassiveClock

	mu     sync.Mutex
	reach  time.Time // when the Lease was last read or written
	denied metav1.StatusReason
	record []byte    // as read last; nil where there is none
	read   time.Time // when it was first read as it is
	from   time.Time // when this process may begin; set when it takes the Lease
	until  time.Time // when its last renewal ends; zero while it does not hold the Lease
}

// Remaining returns for how long from now a call may be under way that changes something outside. Zero: none may begin.
func (l *leadership) Remaining() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.wall.Now()
	if l.until.IsZero() || now.Before(l.from) {
		return 0
	}
	return max(l.until.Sub(now), 0)
}

// Get reads the Lease. Whatever it shows that was not shown before was written just now, for all that this process
// knows.
func (l *leadership) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := l.Interface.Get(ctx)
	l.reached(err)
	if err != nil && !apierrors.IsNotFound(err) {
		return record, raw, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil || !bytes.Equal(raw, l.record) || l.read.IsZero() {
		l.record, l.read = raw, l.wall.Now()
	}
	if err != nil || record.HolderIdentity != l.Identity() {
		l.until = time.Time{}
	}
	return record, raw, err
}

// Create makes the Lease where there is none. Nobody knows who had one before, and until when.
func (l *leadership) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	sent := l.wall.Now()
	err := l.Interface.Create(ctx, record)
	l.reached(err)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.from, l.until = l.wall.Now().Add(LeaseDuration), sent.Add(RenewDeadline)
	return nil
}

// Update takes or renews the Lease as it was read or written last: the API server refuses it where anybody wrote since.
func (l *leadership) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	sent := l.wall.Now()
	err := l.Interface.Update(ctx, record)
	l.reached(err)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.until.IsZero() {
		l.from = l.read.Add(LeaseDuration)
	}
	l.until = sent.Add(RenewDeadline)
	if record.HolderIdentity != l.Identity() {
		l.until = time.Time{} // it is given back
	}
	return nil
}

// reached notes whether the Lease could be read or written. That this process may not is logged once: it never leads.
func (l *leadership) reached(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.reach, l.denied = l.wall.Now(), ""
		return
	}
	if why := apierrors.ReasonForError(err); why == metav1.StatusReasonForbidden && l.denied != why {
		l.denied = why
		ctrl.Log.WithName("leader-election").Info("This process cannot lead, so it does nothing: it may not read and write the Lease of the leader election. "+
			"See that --namespace or POD_NAMESPACE is the operator's own namespace, and that the Role of config/rbac is bound there", "lease", l.Describe())
	}
}

// Reachable returns an error unless the Lease was read or written lately: a process that cannot do that never leads, and
// is no standby either.
func (l *leadership) Reachable() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reach.IsZero() || l.wall.Since(l.reach) > LeaseDuration {
		return fmt.Errorf("the Lease %s of the leader election cannot be read and written", l.Describe())
	}
	return nil
}

// newLeadership makes the leader Lease of this process. Its identity is new with every process: nothing is inherited.
func newLeadership(cfg *rest.Config, o Options, events resourcelock.EventRecorder) (*leadership, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("reading the name of the host: %w", err)
	}
	cfg = rest.AddUserAgent(rest.CopyConfig(cfg), "leader-election")
	cfg.Timeout = RenewDeadline / 2 // a request that hangs must not cost the Lease; a watch of the others may hang
	leases, err := coordinationv1client.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("making the client of the leader election: %w", err)
	}
	return &leadership{
		wall: clock.RealClock{}, //nolint:forbidigo // the elector of client-go knows no other
		Interface: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: o.Namespace, Name: Name},
			Client:     leases,
			LockConfig: resourcelock.ResourceLockConfig{Identity: host + "_" + string(uuid.NewUUID()), EventRecorder: events},
		},
	}, nil
}

// elections tells of elections in events of the manager, which is made after the Lease.
type elections struct{ manager ctrl.Manager }

// Eventf writes an event about the Lease.
func (e *elections) Eventf(o runtime.Object, eventType, reason, format string, args ...any) {
	e.manager.GetEventRecorder(Name).Eventf(o, nil, eventType, reason, "Elect", format, args...)
}
