//go:build fault

package effect

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/operator"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/fault/process"
)

// life is one Remediation from the request to the end, and what became of it.
type life struct {
	*stage
	errand   errand
	rem      *v1alpha1.Remediation
	mark     int    // the entry of the ledger before it
	approved string // the digest that Alice approved
	deaths   []*process.Incarnation
	// reborn says how the next incarnation starts, after so many deaths; nil: unarmed.
	reborn func(deaths int) (armed bool, at process.Point)
	// meanwhile is what else happens, at every look; graceful says that an operator may end by itself.
	meanwhile func() error
	graceful  bool
	// rough says that the API server may be away.
	rough bool
	// careful says that no transport time is skipped: somebody who is stopped may still send what was announced.
	careful  bool
	patience time.Duration
	looks    []string // every observation that was seen, for a failure
	err      error
}

// asks creates a Remediation as a person.
func (s *stage) asks(what errand) *life {
	s.t.Helper()
	s.lives++
	s.forget()
	l := &life{stage: s, errand: what, patience: patient, mark: s.AWS.Ledger().Len()}
	l.rem = builder.Remediation(process.Team, what.wants, func(r *v1alpha1.Remediation) {
		r.Name = fmt.Sprintf("change-%d", s.lives)
		r.Spec.NotAfter = metav1.NewTime(s.Clock.World().Now().Add(24 * time.Hour).Truncate(time.Second))
	})
	s.Expect(s.Cluster.Admin.Create(s.ctx, l.rem)).To(Succeed())
	return l
}

// lead makes sure that there is an operator, and that it leads at once.
func (s *stage) lead(armed bool, at process.Point) {
	s.t.Helper()
	if s.now != nil && s.now.Alive() {
		return
	}
	if s.now != nil {
		s.dead = append(s.dead, s.now)
	}
	s.Eventually(func() error { return s.Vacate(s.ctx) }).WithTimeout(patient).Should(Succeed())
	next, err := s.Start(armed, at)
	s.Expect(err).NotTo(HaveOccurred())
	s.now = next
}

// ends lets the Remediation live to its end.
func (l *life) ends() *life {
	l.t.Helper()
	return l.until(func() bool { return l.rem.Status.EndedAt != nil && len(l.rem.Finalizers) == 0 })
}

// until lets the Remediation live until something is so: Alice approves its plan once, an operator that was killed
// starts again, and time is skipped while the operator waits.
func (l *life) until(so func() bool) *life {
	l.t.Helper()
	err := wait.PollUntilContextTimeout(l.ctx, often, l.patience, true, func(ctx context.Context) (bool, error) {
		if !l.now.Alive() {
			if killed, _ := l.now.Killed(); !killed && !l.graceful {
				return false, fmt.Errorf("%s ended, and not by SIGKILL: %s", l.now.Name, l.now.Log())
			}
			l.deaths = append(l.deaths, l.now)
			armed, at := false, process.Learn
			if l.reborn != nil {
				armed, at = l.reborn(len(l.deaths))
			}
			l.lead(armed, at)
		}
		err := l.Cluster.Admin.Get(ctx, client.ObjectKeyFromObject(l.rem), l.rem)
		if err == nil {
			err = l.moves(ctx)
		}
		if err != nil {
			return false, l.unlessRough(err)
		}
		if l.meanwhile != nil {
			if err := l.meanwhile(); err != nil {
				return false, err
			}
		}
		return so(), nil
	})
	l.Clock.Hold()
	if err != nil {
		l.err = fmt.Errorf("%s does not come to where it should: %w\n%s", l.rem.Name, err, l.now.Log())
	}
	return l
}

// unlessRough drops an error of the API server where that is killed.
func (l *life) unlessRough(err error) error {
	if l.rough {
		return nil
	}
	return err
}

// moves does what a person and time do.
func (l *life) moves(ctx context.Context) error {
	st := l.rem.Status
	if v := st.Verification; v != nil {
		l.sees(fmt.Sprintf("observation %d: %s, %s", v.Observations, v.Last, v.Message))
	}
	if r := st.Revert; r != nil && r.Verification != nil {
		l.sees(fmt.Sprintf("of the revert, observation %d: %s, %s", r.Verification.Observations, r.Verification.Last, r.Verification.Message))
	}
	if conditions.Reason(st.Conditions, v1alpha1.ConditionApproved) == v1alpha1.ReasonAwaitingApproval && l.approved == "" {
		l.Clock.Hold()
		l.approved = st.Plan.Digest
		return l.alice.Create(ctx, builder.Approval(l.rem))
	}
	// A call that nobody saw arrive may arrive until its deadline, which is transport time.
	l.Clock.Run(!l.careful && len(st.Intents) > 0 && st.Intents[len(st.Intents)-1].Outcome == v1alpha1.OutcomeUnknown)
	return nil
}

// sees keeps what an observation says, once.
func (l *life) sees(look string) {
	if n := len(l.looks); n == 0 || l.looks[n-1] != look {
		l.looks = append(l.looks, look)
	}
}

// locks counts the Leases of changes.
func (s *stage) locks() int {
	s.t.Helper()
	var list coordinationv1.LeaseList
	s.Expect(s.Cluster.Admin.List(s.ctx, &list, client.InNamespace(s.Namespace))).To(Succeed())
	n := 0
	for _, l := range list.Items {
		if l.Name != operator.Name {
			n++
		}
	}
	return n
}

// forget removes what earlier lives left behind, and sets the functions back by hand.
func (s *stage) forget() {
	s.t.Helper()
	for _, o := range []client.Object{&v1alpha1.Approval{}, &v1alpha1.Remediation{}} {
		s.Expect(s.Cluster.Admin.DeleteAllOf(s.ctx, o, client.InNamespace(process.Team))).To(Succeed())
	}
	if s.reserved() != reactstocks.BackendReserved {
		s.reserve(reactstocks.BackendReserved)
	}
	if s.timeout() != timeoutBefore {
		s.setTimeout(timeoutBefore)
		s.passes(updating)
	}
}

// story tells what happened, for a failure.
func (l *life) story() string {
	out := "\n"
	for _, e := range l.AWS.Ledger().Entries(ledger.After(l.mark)) {
		if e.Class != ledger.Read || e.Error != "" {
			out += e.String() + "\n"
		}
	}
	for _, c := range l.rem.Status.Conditions {
		out += fmt.Sprintf("%s=%s %s: %s\n", c.Type, c.Status, c.Reason, c.Message)
	}
	for _, i := range l.rem.Status.Intents {
		out += fmt.Sprintf("intent %s at %s, not after %s: %s %s\n", i.Token, i.At, i.NotAfter, i.Outcome, i.Message)
	}
	if v := l.rem.Status.Verification; v != nil {
		out += fmt.Sprintf("verification %+v\n", *v)
	}
	return out + strings.Join(l.looks, "\n") + "\n" + strings.Join(l.now.Said(`"msg":"AWS"`), "\n")
}
