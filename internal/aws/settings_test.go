package aws

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	simledger "github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

func TestLimitsOfAMomentAgoStandInForACallThatTheBudgetDoesNotAllow(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	one, err := w.clients.Session(t.Context(), w.access, "one")
	g.Expect(err).NotTo(HaveOccurred())
	another, err := w.clients.Session(t.Context(), w.access, "another")
	g.Expect(err).NotTo(HaveOccurred())
	stranger := w.access
	stranger.RoleARN = reactstocks.AccountRoleARN
	other, err := w.clients.Session(t.Context(), stranger, "one")
	g.Expect(err).NotTo(HaveOccurred())

	for range DefaultBudgets().LambdaReads.Burst {
		_, err = one.Lambda.AccountSettings(t.Context())
		g.Expect(err).NotTo(HaveOccurred())
	}
	_, err = one.Lambda.AccountSettings(t.Context())
	g.Expect(HeldBack(err)).To(BeTrue(), "before a change nothing stands in")
	_, err = other.Lambda.RecentAccountSettings(t.Context())
	g.Expect(HeldBack(err)).To(BeTrue(), "what another role was told is nobody else's")
	recent, err := another.Lambda.RecentAccountSettings(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(recent.ConcurrentExecutions).To(BeEquivalentTo(1000))

	w.clock.Step(recently)
	for range DefaultBudgets().LambdaReads.Burst {
		_, err = one.Lambda.Alias(t.Context(), reactstocks.BackendFunction, reactstocks.Alias)
		g.Expect(err).NotTo(HaveOccurred())
	}
	_, err = one.Lambda.RecentAccountSettings(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	w.clock.Step(time.Millisecond)
	_, err = one.Lambda.RecentAccountSettings(t.Context())
	g.Expect(HeldBack(err)).To(BeTrue(), "what is older than five seconds does not stand in")
	g.Expect(w.Ledger().Count(simledger.ByAction("lambda:GetAccountSettings"))).To(Equal(DefaultBudgets().LambdaReads.Burst))
}

func TestNothingStandsInForAnAnswerOfAWS(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	s := w.session(t)
	_, err := s.Lambda.AccountSettings(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	w.Faults().Add(faults.Rule{Action: "lambda:GetAccountSettings", Times: 1, Effect: faults.Error("AccessDeniedException", "no", 403)})
	_, err = s.Lambda.RecentAccountSettings(t.Context())
	g.Expect(fault.From(err).Class).To(Equal(fault.Blocked))
	w.Faults().Add(faults.Rule{Action: "lambda:GetAccountSettings", Times: 1, Effect: faults.Effect{Throttle: true}})
	_, err = s.Lambda.RecentAccountSettings(t.Context())
	g.Expect(err).To(HaveOccurred())
}
