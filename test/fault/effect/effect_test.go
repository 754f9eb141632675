//go:build fault

package effect

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// effect is what a life leaves behind, less what differs between two undisturbed lives: times, names, and how often
// something was looked at.
type effect struct {
	Spec       v1alpha1.Action
	Conditions []string
	Plan       v1alpha1.Plan
	Steps      []string // of the journal, with their outcomes, less attempts that did not arrive
	Observed   v1alpha1.ObservationResult
	Reverted   v1alpha1.RevertReason
	Proved     v1alpha1.ObservationResult // of the revert
	Leases     int
	Finalizers int
	Reserved   int32
	Timeout    int32
	Calls      int            // that may change something, and came whole
	Changed    map[string]int // that did change something, by the step of the journal
}

func (l *life) effect() effect {
	l.t.Helper()
	st := l.rem.Status
	e := effect{
		Spec: l.rem.Spec.Action, Finalizers: len(l.rem.Finalizers), Reserved: l.reserved(), Timeout: l.timeout(), Leases: l.locks(),
		Changed: map[string]int{},
	}
	for _, c := range st.Conditions {
		e.Conditions = append(e.Conditions, fmt.Sprintf("%s=%s %s", c.Type, c.Status, c.Reason))
	}
	slices.Sort(e.Conditions) // they stand in the order in which they came
	if st.Plan != nil {
		e.Plan = *st.Plan.DeepCopy()
		e.Plan.Digest, e.Plan.PlannedAt, e.Plan.ExpiresAt = "", metav1.Time{}, metav1.Time{}
		e.Plan.Warnings, e.Plan.Cost, e.Plan.BlastRadius = nil, "", nil // of the traffic of that moment, and not approved
	}
	for _, i := range st.Intents {
		if i.Outcome != v1alpha1.OutcomeNotApplied {
			e.Steps = append(e.Steps, stepOf(i.Token)+" "+string(i.Outcome))
		}
	}
	if st.Verification != nil {
		e.Observed = st.Verification.Last
	}
	if st.Revert != nil {
		e.Reverted = st.Revert.Reason
		if st.Revert.Verification != nil {
			e.Proved = st.Revert.Verification.Last
		}
	}
	for _, c := range l.changes(l.mark) {
		if c.Error != "SerializationException" { // of a request that broke off when its sender died
			e.Calls++
		}
		if c.Changed {
			e.Changed[stepOf(c.Principal)]++
		}
	}
	return e
}

// stepOf names the step of the journal that a token is of, "0" or "undo-0": a token, which is also the name of the AWS
// session, is <UID of the Remediation>-<step>-<attempt>.
func stepOf(token string) string {
	parts := strings.Split(token[strings.LastIndex(token, "/")+1:], "-")
	const uid = 5 // parts of a UID
	if len(parts) < uid+2 {
		return token
	}
	return strings.Join(parts[uid:len(parts)-1], "-")
}

// expect compares what a life left with what an undisturbed one did. Where a read of AWS failed during a verification,
// that may end undecided, for a person; what was done must be the same.
func (l *life) expect(want effect) {
	l.t.Helper()
	got := l.effect()
	for step, n := range got.Changed {
		l.Expect(n).To(Equal(1), "step %s changed something %d times: %s", step, n, l.story())
	}
	if slices.ContainsFunc(l.looks, func(look string) bool { return strings.Contains(look, string(v1alpha1.ObservationError)) }) {
		l.t.Logf("a read failed during the verification, which is not compared: %v", l.looks)
		got.Conditions, got.Observed, got.Proved = want.Conditions, want.Observed, want.Proved
	}
	l.Expect(got).To(Equal(want), l.story())
}
