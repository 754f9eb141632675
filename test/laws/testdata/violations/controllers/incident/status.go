package incident

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// setCondition is where conditions are written.
func setCondition(conditions *[]metav1.Condition, now metav1.Time) {
	meta.SetStatusCondition(conditions, metav1.Condition{Type: "Accepted", LastTransitionTime: now})
}

// Settle writes the conditions of one pass.
func Settle(conditions *[]metav1.Condition, now metav1.Time) { setCondition(conditions, now) }
