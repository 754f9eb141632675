package operator

import (
	"errors"
	"fmt"
	"unique"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/incident"
	"github.com/runbook-operator/runbook-operator/controllers/remediation"
)

// abridged marks an object in the cache of which only a part was kept. The API server never sees it: the client refuses
// to write what has it.
const abridged = "runbook-operator.io/abridged"

// mark is one for all of them: nobody edits what is in the cache, and whoever copies an object copies it too.
var mark = map[string]string{abridged: "true"}

// errAbridged says that a write would have deleted what the cache did not keep.
var errAbridged = errors.New("the object is over and was read in part: what is over is never written")

// abridging is how objects are kept that are over: with what is still asked of them. There are thousands, of which most
// is evidence, and a controller is done with each before it would write anything.
func abridging() map[client.Object]cache.ByObject {
	return map[client.Object]cache.ByObject{
		&v1alpha1.Incident{}:    {Transform: transform(abridgeIncident)},
		&v1alpha1.Remediation{}: {Transform: transform(abridgeRemediation)},
	}
}

// transform keeps a part of those objects that are over, and all of the others but who last wrote which field.
func transform[O client.Object](abridge func(O) O) toolscache.TransformFunc {
	strip := cache.TransformStripManagedFields()
	return func(in any) (any, error) {
		out, err := strip(in)
		if o, ok := out.(O); ok && err == nil {
			return abridge(o), nil
		}
		return out, err
	}
}

// abridgeIncident keeps of an Incident that is over what detection compares alarms with.
func abridgeIncident(inc *v1alpha1.Incident) *v1alpha1.Incident {
	if !incident.Over(inc) {
		return inc
	}
	out := &v1alpha1.Incident{
		ObjectMeta: abridgeMeta(inc.ObjectMeta),
		Spec:       v1alpha1.IncidentSpec{ApplicationRef: inc.Spec.ApplicationRef, Concern: inc.Spec.Concern},
		Status:     v1alpha1.IncidentStatus{Conditions: abridgeConditions(inc.Status.Conditions)},
	}
	if s := inc.Spec.Signal; s != nil {
		out.Spec.Signal = &v1alpha1.Signal{AlarmName: s.AlarmName, AlarmARN: s.AlarmARN, TransitionedAt: s.TransitionedAt}
	}
	for _, s := range inc.Status.Signals {
		out.Status.Signals = append(out.Status.Signals, v1alpha1.SignalStatus{
			AlarmName: s.AlarmName, AlarmARN: s.AlarmARN, State: s.State, TransitionedAt: s.TransitionedAt,
		})
	}
	return out
}

// abridgeRemediation keeps of a Remediation that is over whose it was.
func abridgeRemediation(rem *v1alpha1.Remediation) *v1alpha1.Remediation {
	if !remediation.Over(rem) {
		return rem
	}
	return &v1alpha1.Remediation{
		ObjectMeta: abridgeMeta(rem.ObjectMeta),
		Spec:       v1alpha1.RemediationSpec{ApplicationRef: rem.Spec.ApplicationRef, IncidentRef: rem.Spec.IncidentRef},
		Status:     v1alpha1.RemediationStatus{EndedAt: rem.Status.EndedAt, Conditions: abridgeConditions(rem.Status.Conditions)},
	}
}

func abridgeMeta(m metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: m.Namespace, Name: m.Name, UID: m.UID, ResourceVersion: m.ResourceVersion, Generation: m.Generation,
		CreationTimestamp: m.CreationTimestamp, DeletionTimestamp: m.DeletionTimestamp, Finalizers: m.Finalizers,
		Labels: m.Labels, Annotations: mark,
	}
}

// abridgeConditions keeps what conditions are, and not what they say to people.
func abridgeConditions(list []metav1.Condition) []metav1.Condition {
	out := make([]metav1.Condition, 0, len(list))
	for _, c := range list {
		out = append(out, metav1.Condition{
			Type: once(c.Type), Status: metav1.ConditionStatus(once(string(c.Status))), Reason: once(c.Reason), LastTransitionTime: c.LastTransitionTime,
		})
	}
	return out
}

// once keeps one copy of a word of which there are few, in thousands of objects.
func once(word string) string { return unique.Make(word).Value() }

// whole returns an error for an object of which only a part was read.
func whole(o client.Object) error {
	if _, is := o.GetAnnotations()[abridged]; is {
		return fmt.Errorf("writing %T %s/%s: %w", o, o.GetNamespace(), o.GetName(), errAbridged)
	}
	return nil
}
