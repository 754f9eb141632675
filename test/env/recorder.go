package env

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/reference"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/internal/operator"
)

// recorder writes events at once, as the operator's account: an event that the API server refuses fails the test,
// where the real recorder would only log it.
type recorder struct {
	t      testing.TB
	ctx    context.Context // events have none of their own
	client client.Client
	clock  clock.PassiveClock
	count  int
}

var _ events.EventRecorder = &recorder{}

// Eventf writes an event of events.k8s.io.
func (r *recorder) Eventf(regarding, related runtime.Object, eventType, reason, action, note string, args ...any) {
	r.t.Helper()
	about, err := reference.GetReference(r.client.Scheme(), regarding)
	if err != nil {
		r.t.Errorf("the event %s is about an object that has no reference: %v", reason, err)
		return
	}
	r.count++
	event := &eventsv1.Event{
		ObjectMeta:          metav1.ObjectMeta{Namespace: about.Namespace, Name: fmt.Sprintf("%s.%s.%d", about.Name, about.UID, r.count)},
		EventTime:           metav1.NewMicroTime(r.clock.Now()),
		ReportingController: operator.Name,
		ReportingInstance:   operator.Name + "-test",
		Action:              action,
		Reason:              reason,
		Type:                eventType,
		Regarding:           *about,
		Note:                fmt.Sprintf(note, args...),
	}
	if event.Namespace == "" {
		event.Namespace = metav1.NamespaceDefault
	}
	if related != nil {
		other, err := reference.GetReference(r.client.Scheme(), related)
		if err != nil {
			r.t.Errorf("the event %s is related to an object that has no reference: %v", reason, err)
			return
		}
		event.Related = other
	}
	if eventType != corev1.EventTypeNormal && eventType != corev1.EventTypeWarning {
		r.t.Errorf("the event %s has the type %q", reason, eventType)
		return
	}
	if err := r.client.Create(r.ctx, event); err != nil {
		r.t.Errorf("writing the event %s about %s: %v", reason, about.Name, err)
	}
}
