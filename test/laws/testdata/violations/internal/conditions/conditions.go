// Package conditions keeps the law: it is what the writers of conditions share.
package conditions

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Set sets a condition.
func Set(list *[]metav1.Condition, c metav1.Condition) { meta.SetStatusCondition(list, c) }

// Present removes one.
func Present(list *[]metav1.Condition, typ string) { meta.RemoveStatusCondition(list, typ) }
