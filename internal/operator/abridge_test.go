package operator

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

var then = metav1.NewTime(time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC))

// whole objects, each over or not.
func aWholeIncident(over metav1.ConditionStatus) *v1alpha1.Incident {
	signal := v1alpha1.Signal{AlarmName: "a", AlarmARN: "arn", FunctionName: "f", Runbooks: []string{"r"}, TransitionedAt: then}
	return &v1alpha1.Incident{
		ObjectMeta: metav1.ObjectMeta{Namespace: "here", Name: "app-7", UID: "1", ResourceVersion: "5", Annotations: map[string]string{"note": "x"},
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "somebody"}}},
		Spec: v1alpha1.IncidentSpec{ApplicationRef: v1alpha1.LocalReference{Name: "app"}, Concern: v1alpha1.ConcernAvailability, Signal: &signal},
		Status: v1alpha1.IncidentStatus{
			Conditions: []metav1.Condition{{Type: v1alpha1.ConditionResolved, Status: over, Reason: "Remediated", Message: "long", LastTransitionTime: then}},
			Evidence:   []v1alpha1.StepResult{{Step: "throttles", At: then}},
			Rules:      []v1alpha1.RuleResult{{}},
			Runbooks:   []v1alpha1.PinnedRunbook{{Name: "r", Spec: "{}"}},
			Signals:    []v1alpha1.SignalStatus{{AlarmName: "a", AlarmARN: "arn", FunctionName: "f", State: v1alpha1.AlarmOK, TransitionedAt: then}},
		},
	}
}

func aWholeRemediation(endedAt *metav1.Time, finalizers ...string) *v1alpha1.Remediation {
	return &v1alpha1.Remediation{
		ObjectMeta: metav1.ObjectMeta{Namespace: "here", Name: "app-7-1", UID: "2", ResourceVersion: "6", Finalizers: finalizers},
		Spec: v1alpha1.RemediationSpec{
			ApplicationRef: v1alpha1.LocalReference{Name: "app"}, IncidentRef: &v1alpha1.UIDReference{Name: "app-7", UID: "1"},
			Target: v1alpha1.Target{FunctionName: "f"},
		},
		Status: v1alpha1.RemediationStatus{EndedAt: endedAt, Plan: &v1alpha1.Plan{Summary: "more"}, TemplatePatch: "patch"},
	}
}

func transformed(t *testing.T, o client.Object) client.Object {
	t.Helper()
	g := NewWithT(t)
	for kind, by := range abridging() {
		if runtimeType(kind) == runtimeType(o) {
			out, err := by.Transform(o.DeepCopyObject())
			g.Expect(err).NotTo(HaveOccurred())
			return out.(client.Object)
		}
	}
	t.Fatalf("%T is not transformed", o)
	return nil
}

func runtimeType(o runtime.Object) string {
	switch o.(type) {
	case *v1alpha1.Incident:
		return "Incident"
	case *v1alpha1.Remediation:
		return "Remediation"
	}
	return ""
}

func TestWhatIsNotOverIsKeptWhole(t *testing.T) {
	g := NewWithT(t)
	open := aWholeIncident(metav1.ConditionFalse)
	kept := transformed(t, open)
	open.ManagedFields = nil // nobody asks
	g.Expect(kept).To(Equal(open))
	for _, rem := range []*v1alpha1.Remediation{aWholeRemediation(nil), aWholeRemediation(&then, v1alpha1.FinalizerChange)} {
		g.Expect(transformed(t, rem)).To(Equal(rem), "one that has something to give back is not over")
	}
}

func TestWhatIsOverIsKeptWithoutWhatNobodyAsks(t *testing.T) {
	g := NewWithT(t)
	inc := transformed(t, aWholeIncident(metav1.ConditionTrue)).(*v1alpha1.Incident)
	g.Expect(inc.Status.Evidence).To(BeNil())
	g.Expect(inc.Status.Runbooks).To(BeNil())
	g.Expect(inc.Spec.ApplicationRef.Name).To(Equal("app"))
	g.Expect(inc.Spec.Signal.TransitionedAt).To(Equal(then))
	g.Expect(inc.Status.Signals).To(HaveLen(1))
	g.Expect(inc.Status.Signals[0].State).To(Equal(v1alpha1.AlarmOK))
	g.Expect(inc.ResourceVersion).To(Equal("5"))
	rem := transformed(t, aWholeRemediation(&then)).(*v1alpha1.Remediation)
	g.Expect(rem.Status.Plan).To(BeNil())
	g.Expect(rem.Status.EndedAt).To(Equal(&then))
	g.Expect(rem.Spec.IncidentRef.Name).To(Equal("app-7"))
}

func TestWhatWasKeptInPartIsNeverWritten(t *testing.T) {
	g := NewWithT(t)
	scheme, err := NewScheme()
	g.Expect(err).NotTo(HaveOccurred())
	stored := []client.Object{aWholeIncident(metav1.ConditionTrue), aWholeRemediation(&then)}
	for _, o := range stored {
		o.SetResourceVersion("")
		o.SetManagedFields(nil)
	}
	inner := fake.NewClientBuilder().WithScheme(scheme).WithObjects(stored...).
		WithStatusSubresource(&v1alpha1.Incident{}, &v1alpha1.Remediation{}).Build()
	c := &splitClient{Client: inner, live: inner}
	for _, o := range stored {
		g.Expect(inner.Get(t.Context(), client.ObjectKeyFromObject(o), o)).To(Succeed())
		part := transformed(t, o)
		patch := client.MergeFrom(part.DeepCopyObject().(client.Object))
		g.Expect(c.Update(t.Context(), part)).To(MatchError(errAbridged))
		g.Expect(c.Patch(t.Context(), part, patch)).To(MatchError(errAbridged))
		g.Expect(c.Status().Update(t.Context(), part)).To(MatchError(errAbridged))
		g.Expect(c.Status().Patch(t.Context(), part, patch)).To(MatchError(errAbridged))
		g.Expect(c.Create(t.Context(), part)).To(MatchError(errAbridged))
		now := o.DeepCopyObject().(client.Object)
		g.Expect(inner.Get(t.Context(), client.ObjectKeyFromObject(o), now)).To(Succeed())
		g.Expect(now).To(Equal(o))
		g.Expect(c.Status().Update(t.Context(), now)).To(Succeed(), "what was read as a whole is written")
	}
}
