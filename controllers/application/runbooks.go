package application

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// mostRunbooks is how many Runbooks the status of an application lists.
const mostRunbooks = 64

// resolveRunbooks lists the Runbooks of the application's namespace, and those of the operator's: the one lookup that
// leaves the namespace.
func (r *Reconciler) resolveRunbooks(ctx context.Context, s *scope) (bool, error) {
	own, shared := &v1alpha1.RunbookList{}, &v1alpha1.RunbookList{}
	if err := r.Client.List(ctx, own, client.InNamespace(s.app.Namespace)); err != nil {
		return false, fmt.Errorf("listing Runbooks of the namespace: %w", err)
	}
	if s.app.Namespace != r.Namespace {
		if err := r.Client.List(ctx, shared, client.InNamespace(r.Namespace)); err != nil {
			return false, fmt.Errorf("listing Runbooks of the operator's namespace: %w", err)
		}
	}
	s.runbooks, s.left = resolve(own.Items, shared.Items)
	s.resolved = true
	return true, nil
}

// resolve returns the Runbooks that apply, sorted by name, and how many more there are than a status holds. A Runbook
// of the application's namespace takes the place of a shared one of its name even while it does not compile: its
// author wants it, and following the other would be a surprise. Where not all fit, the namespace's own come first.
func resolve(own, shared []v1alpha1.Runbook) ([]v1alpha1.ResolvedRunbook, int) {
	shadowed := map[string]bool{}
	var list []v1alpha1.ResolvedRunbook
	for _, runbook := range own {
		shadowed[runbook.Name] = true
		if ready(runbook) {
			list = append(list, reference(runbook))
		}
	}
	sortByName(list)
	var rest []v1alpha1.ResolvedRunbook
	for _, runbook := range shared {
		if !shadowed[runbook.Name] && ready(runbook) {
			rest = append(rest, reference(runbook))
		}
	}
	sortByName(rest)
	list = append(list, rest...)
	left := max(0, len(list)-mostRunbooks)
	list = list[:len(list)-left]
	sortByName(list)
	return list, left
}

// ready says whether the Runbook compiles as it is written now.
func ready(runbook v1alpha1.Runbook) bool {
	return runbook.DeletionTimestamp.IsZero() && runbook.Status.ObservedGeneration == runbook.Generation &&
		conditions.IsTrue(runbook.Status.Conditions, v1alpha1.ConditionReady)
}

func reference(runbook v1alpha1.Runbook) v1alpha1.ResolvedRunbook {
	return v1alpha1.ResolvedRunbook{
		Namespace:  runbook.Namespace,
		Name:       runbook.Name,
		Generation: runbook.Generation,
		Digest:     runbook.Status.Digest,
	}
}

func sortByName(list []v1alpha1.ResolvedRunbook) {
	slices.SortFunc(list, func(a, b v1alpha1.ResolvedRunbook) int { return strings.Compare(a.Name, b.Name) })
}
