package aws

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/fault"
	simledger "github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

func TestAParameterIsCreatedOnceAndItsVersionsTellWhoWrote(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	s := w.session(t).SSM
	_, err := s.Parameter(t.Context(), "/team/owner")
	g.Expect(fault.IsNotFound(err)).To(BeTrue())

	g.Expect(s.CreateParameter(t.Context(), "/team/owner", "blue")).To(Succeed())
	w.clock.Step(time.Second)
	f := fault.From(s.CreateParameter(t.Context(), "/team/owner", "green"))
	g.Expect(f.Reason).To(Equal(ReasonExists))
	g.Expect(f.Refused).To(BeTrue(), "it changed nothing")
	p, err := s.Parameter(t.Context(), "/team/owner")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(p).To(Equal(Parameter{Value: "blue", Version: 1}))

	w.clock.Step(time.Second)
	version, err := s.OverwriteParameter(t.Context(), "/team/owner", "green")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(version).To(BeEquivalentTo(2))
}

func TestParametersAreReadAndWrittenBelowTheirQuotas(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	s := w.session(t).SSM
	held, read, written := 0, 0, 0
	note := func(count *int, err error) {
		switch {
		case err == nil || fault.IsNotFound(err):
			*count++
		default:
			g.Expect(fault.From(err).Class).To(Equal(fault.Waiting))
			held++
		}
	}
	for range 20 {
		for range 20 {
			_, err := s.OverwriteParameter(t.Context(), "/team/owner", "blue")
			note(&written, err)
			_, err = s.Parameter(t.Context(), "/team/owner")
			note(&read, err)
		}
		w.clock.Step(250 * time.Millisecond)
	}
	g.Expect(held).To(BeNumerically(">", 0))
	g.Expect(read).To(BeNumerically(">=", 75))
	g.Expect(written).To(BeNumerically(">=", 5))
	g.Expect(w.Ledger().Count(simledger.ByError("ThrottlingException"))).To(BeZero())
}
