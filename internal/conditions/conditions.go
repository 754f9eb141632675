// Package conditions owns setting conditions with a time that is an argument. It must not decide what a condition
// says; each controller's status.go does.
package conditions

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Set sets a condition and reports whether it changed. The transition time moves only when the status does
// (Kubernetes API conventions), and is the given time, not the wall's.
func Set(list *[]metav1.Condition, generation int64, now time.Time, typ string, status metav1.ConditionStatus, reason, message string) bool {
	return meta.SetStatusCondition(list, metav1.Condition{
		Type: typ, Status: status, Reason: reason, Message: message,
		ObservedGeneration: generation, LastTransitionTime: metav1.NewTime(now),
	})
}

// Present sets a condition to True, or removes it: Stalled, Reconciling and DriftDebt are there only when True.
func Present(list *[]metav1.Condition, generation int64, now time.Time, typ string, present bool, reason, message string) bool {
	if present {
		return Set(list, generation, now, typ, metav1.ConditionTrue, reason, message)
	}
	return meta.RemoveStatusCondition(list, typ)
}

// IsTrue says whether a condition is True.
func IsTrue(list []metav1.Condition, typ string) bool { return meta.IsStatusConditionTrue(list, typ) }

// Reason returns the reason of a condition, or "" where there is no such condition.
func Reason(list []metav1.Condition, typ string) string {
	if c := meta.FindStatusCondition(list, typ); c != nil {
		return c.Reason
	}
	return ""
}
