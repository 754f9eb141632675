package remediation

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// noted keeps events.
type noted struct{ all []string }

func (n *noted) Eventf(_, _ runtime.Object, kind, reason, _, note string, args ...any) {
	n.all = append(n.all, fmt.Sprintf("%s %s ", kind, reason)+fmt.Sprintf(note, args...))
}

func TestWhatAPersonHasToMendIsAWarning(t *testing.T) {
	for _, c := range []struct{ typ, reason, kind string }{
		{v1alpha1.ConditionApproved, v1alpha1.ReasonPoliciesChanged, "Warning"},
		{v1alpha1.ConditionAccepted, v1alpha1.ReasonAccountNotFound, "Warning"},
		{v1alpha1.ConditionApplied, v1alpha1.ReasonDiverged, "Warning"},
		{v1alpha1.ConditionApproved, v1alpha1.ReasonAwaitingApproval, "Normal"},
		{v1alpha1.ConditionApplied, v1alpha1.ReasonTakingEffect, "Normal"},
	} {
		g := NewWithT(t)
		notes := &noted{}
		r := &Reconciler{}
		r.Recorder = notes
		after := &v1alpha1.Remediation{}
		conditions.Set(&after.Status.Conditions, 1, time.Time{}, c.typ, metav1.ConditionFalse, c.reason, "m")
		r.announceChanges(&v1alpha1.Remediation{}, after)
		g.Expect(notes.all).To(Equal([]string{c.kind + " " + c.reason + " m"}))
	}
}
