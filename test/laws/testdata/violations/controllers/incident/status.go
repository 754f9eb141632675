package incident

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// setCondition is where conditions are written.
func setCondition(list *[]metav1.Condition, now metav1.Time) {
	meta.SetStatusCondition(list, metav1.Condition{Type: "Accepted", LastTransitionTime: now})
}

// settle is another way to write them.
func settle(list *[]metav1.Condition) { conditions.Present(list, "Stalled") }

// Settle writes the conditions of one pass.
func Settle(list *[]metav1.Condition, now metav1.Time) {
	settle(list)
	setCondition(list, now)
}
