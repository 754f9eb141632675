package expectations

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/onsi/gomega"
	"github.com/onsi/gomega/gcustom"
	"github.com/onsi/gomega/types"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// HaveCondition matches an object that has a condition with a status and a reason. What is said is said of the
// object's present generation.
func HaveCondition(conditionType string, status metav1.ConditionStatus, reason string) types.GomegaMatcher {
	want := fmt.Sprintf("%s=%s/%s", conditionType, status, reason)
	return gcustom.MakeMatcher(func(o client.Object) (bool, error) {
		found := meta.FindStatusCondition(conditions(o), conditionType)
		return found != nil && found.Status == status && found.Reason == reason &&
			found.ObservedGeneration == o.GetGeneration(), nil
	}).WithTemplate("Expected {{.To}} have the condition {{.Data.Want}} for the present generation, and it has:\n{{call .Data.Has .Actual}}", struct {
		Want string
		Has  func(any) string
	}{want, say})
}

// HaveNoCondition matches an object without a condition of a type.
func HaveNoCondition(conditionType string) types.GomegaMatcher {
	return gomega.WithTransform(func(o client.Object) *metav1.Condition {
		return meta.FindStatusCondition(conditions(o), conditionType)
	}, gomega.BeNil())
}

// conditions returns status.conditions of any kind.
func conditions(o client.Object) []metav1.Condition {
	status := reflect.Indirect(reflect.ValueOf(o)).FieldByName("Status")
	if !status.IsValid() {
		return nil
	}
	found, _ := status.FieldByName("Conditions").Interface().([]metav1.Condition)
	return found
}

// say lists the conditions of an object, a line each.
func say(actual any) string {
	o, ok := actual.(client.Object)
	if !ok {
		return fmt.Sprintf("%T is no object", actual)
	}
	var b strings.Builder
	for _, c := range conditions(o) {
		fmt.Fprintf(&b, "  %s=%s/%s (generation %d of %d): %s\n", c.Type, c.Status, c.Reason, c.ObservedGeneration, o.GetGeneration(), c.Message)
	}
	return b.String()
}
