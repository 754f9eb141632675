//go:build fault

package approval

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// stamps lets the operator read when things were created by its own wall clock, which a spec moves, where the API server
// stamped them by the machine's: ten seconds pass without anybody waiting, and always in the same way.
type stamps struct {
	client.Client
	at map[string]time.Time // by UID
}

func (s stamps) stamp(o client.Object) {
	if at, ok := s.at[string(o.GetUID())]; ok {
		o.SetCreationTimestamp(metav1.NewTime(at.Truncate(time.Second)))
	}
}

func (s stamps) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	err := s.Client.Get(ctx, key, o, opts...)
	s.stamp(o)
	return err
}

func (s stamps) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	err := s.Client.List(ctx, list, opts...)
	if approvals, ok := list.(*v1alpha1.ApprovalList); ok {
		for i := range approvals.Items {
			s.stamp(&approvals.Items[i])
		}
	}
	return err
}
