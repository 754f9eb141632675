package account

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// checkSelectors finds selectors that Kubernetes does not understand. They select no namespace, and nobody would know.
func (r *Reconciler) checkSelectors(_ context.Context, s *scope) (bool, error) {
	for _, g := range s.account.Spec.Grants {
		if _, err := metav1.LabelSelectorAsSelector(&g.NamespaceSelector); err != nil {
			s.troubles = append(s.troubles, trouble{named(g), fault.New(fault.Terminal, v1alpha1.ReasonInvalidSelector,
				"its namespaceSelector is not a valid label selector and selects no namespace: correct its operators and values")})
		}
	}
	return true, nil
}
