package expectations

import (
	"context"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

func runbook(conditions ...metav1.Condition) *v1alpha1.Runbook {
	return &v1alpha1.Runbook{
		ObjectMeta: metav1.ObjectMeta{Namespace: "here", Name: "r", Generation: 3, UID: "1"},
		Status:     v1alpha1.RunbookStatus{Conditions: conditions},
	}
}

func TestAConditionMatchesInTypeStatusReasonAndGeneration(t *testing.T) {
	ready := metav1.Condition{Type: "Ready", Status: metav1.ConditionTrue, Reason: "Compiled", ObservedGeneration: 3, Message: "every expression compiles"}
	for _, tc := range []struct {
		name    string
		object  client.Object
		matches bool
	}{
		{"the same", runbook(ready), true},
		{"no condition", runbook(), false},
		{"another status", runbook(metav1.Condition{Type: "Ready", Status: metav1.ConditionFalse, Reason: "Compiled", ObservedGeneration: 3}), false},
		{"another reason", runbook(metav1.Condition{Type: "Ready", Status: metav1.ConditionTrue, Reason: "Watched", ObservedGeneration: 3}), false},
		{"an earlier generation", runbook(metav1.Condition{Type: "Ready", Status: metav1.ConditionTrue, Reason: "Compiled", ObservedGeneration: 2}), false},
		{"a kind without status", &corev1.ConfigMap{}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			matched, err := HaveCondition("Ready", metav1.ConditionTrue, "Compiled").Match(tc.object)
			NewWithT(t).Expect(err).NotTo(HaveOccurred())
			NewWithT(t).Expect(matched).To(Equal(tc.matches))
		})
	}
	g := NewWithT(t)
	g.Expect(HaveCondition("Stalled", metav1.ConditionTrue, "X").FailureMessage(runbook(ready))).
		To(ContainSubstring("Ready=True/Compiled (generation 3 of 3): every expression compiles"))
	g.Expect(runbook(ready)).To(HaveNoCondition("Stalled"))
	g.Expect(runbook(ready)).NotTo(HaveNoCondition("Ready"))
}

// failures runs an expectation and returns what it says when it fails.
func failures(expect func()) (said []string) {
	RegisterFailHandler(func(message string, _ ...int) { said = append(said, message) })
	defer RegisterFailHandler(nil)
	expect()
	return said
}

func TestExpectationsAboutObjectsFailWhenTheyShould(t *testing.T) {
	ctx := context.Background()
	scheme := runtime.NewScheme()
	g := NewWithT(t)
	g.Expect(corev1.AddToScheme(scheme)).To(Succeed())
	g.Expect(eventsv1.AddToScheme(scheme)).To(Succeed())
	object := func(value string) *corev1.ConfigMap {
		return &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: "here", Name: "c", UID: types.UID("1")}, Data: map[string]string{"k": value},
		}
	}
	event := &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{Namespace: "here", Name: "e"}, Reason: "Opened", Regarding: corev1.ObjectReference{UID: "1"},
	}
	held := object("held")
	held.Finalizers = []string{"example.com/held"}
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(event).Build()

	g.Expect(failures(func() { ExpectExists(ctx, c, object("")) })).NotTo(BeEmpty())
	g.Expect(failures(func() { ExpectApplied(ctx, c, object("first"), object("second")) })).To(BeEmpty())
	g.Expect(existing(ctx, c, object(""))).To(Equal("second"), "what exists is replaced")
	g.Expect(failures(func() { ExpectRefused(ctx, c, object(""), "already exists") })).To(BeEmpty())
	g.Expect(failures(func() { ExpectRefused(ctx, c, object(""), "forbidden") })).NotTo(BeEmpty())
	g.Expect(failures(func() { ExpectEvents(ctx, c, object(""), "Opened") })).To(BeEmpty())
	g.Expect(failures(func() { ExpectEvents(ctx, c, object(""), "Closed") })).To(ContainElement(ContainSubstring("no event Closed, but [Opened]")))
	g.Expect(failures(func() { ExpectApplied(ctx, c, held) })).To(BeEmpty())
	g.Expect(failures(func() { ExpectDeleted(ctx, c, object("")) })).To(ContainElement(ContainSubstring("is still there")))
}

// existing returns the value of a ConfigMap as ExpectExists has it.
func existing(ctx context.Context, c client.Client, o *corev1.ConfigMap) (value string) {
	failures(func() { value = ExpectExists(ctx, c, o).Data["k"] })
	return value
}
