package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// The whole story, told once: what its lines say is compared with the API server's objects, read anew, and with the
// ledger of the simulated AWS.
func TestTheNarrationIsWhatTheObjectsAndTheLedgerSay(t *testing.T) {
	t.Parallel()
	s := hear(t, throttling(3), (*story).steps)
	g := NewWithT(t)
	var incidents v1alpha1.IncidentList
	var remediations v1alpha1.RemediationList
	g.Expect(s.world.Cluster.Admin.List(t.Context(), &incidents)).To(Succeed())
	g.Expect(s.world.Cluster.Admin.List(t.Context(), &remediations)).To(Succeed())
	g.Expect(incidents.Items).To(HaveLen(1))
	g.Expect(remediations.Items).To(HaveLen(1))
	inc, rem := incidents.Items[0], remediations.Items[0]
	book := s.world.AWS.Ledger()

	t.Run("alarm and Incident", func(t *testing.T) {
		g := NewWithT(t)
		signal := inc.Spec.Signal
		g.Expect(s.texts("alarm")).To(ConsistOf(ContainSubstring("%q of %s", signal.AlarmName, signal.FunctionName)))
		g.Expect(numbers(g, s.texts("incident")[0], `opened (\d+) s after`)).To(Equal([]float64{inc.Status.OpenedAt.Sub(signal.TransitionedAt.Time).Seconds()}))
	})
	t.Run("the operator's own work", func(t *testing.T) {
		g := NewWithT(t)
		line := s.texts("operator")[2]
		n := numbers(g, line, `needed (\d+) ms on the wall from AWS call (\d+)`)
		shown := book.Entries()[int(n[1])-1]
		g.Expect(shown.Action()).To(Equal("cloudwatch:DescribeAlarms"))
		g.Expect(shown.At).To(BeTemporally(">=", inc.Spec.Signal.TransitionedAt.Time))
		reads := book.Entries(ledger.After(shown.Sequence), ledger.ByAction("lambda:GetAccountSettings"))
		took := time.Duration(n[0]) * time.Millisecond
		g.Expect(took).To(BeNumerically(">=", reads[0].Wall.Sub(shown.Wall).Truncate(time.Millisecond)), "the evidence was read in between")
		g.Expect(took).To(BeNumerically("<", time.Minute))
	})
	t.Run("evidence", func(t *testing.T) {
		g := NewWithT(t)
		lines := s.texts("evidence")
		g.Expect(lines).To(HaveLen(len(inc.Status.Evidence)))
		for i, e := range inc.Status.Evidence {
			g.Expect(lines[i]).To(HavePrefix(e.Step + ": "))
			g.Expect(e.Gap).To(BeNil())
			if m := e.Evidence.Metric; m != nil {
				g.Expect(numbers(g, lines[i], m.Statistic+` ([\d.]+) over`)[0]).To(BeNumerically("~", float(g, m.Value), 0.05))
			}
		}
		g.Expect(lines).To(ContainElement(ContainSubstring("reserved concurrency %d,", reactstocks.BackendReserved)))
	})
	t.Run("diagnosis", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(s.texts("diagnosis")).To(HaveExactElements(HavePrefix(inc.Status.Causes[0].Name + " ")))
		fired, not := 0, s.texts("ruled out")
		for _, r := range inc.Status.Rules {
			if r.Verdict == v1alpha1.VerdictFired {
				fired++
				continue
			}
			g.Expect(not).To(ContainElement(HavePrefix("%s (%s): ", r.Cause, r.Verdict)))
		}
		g.Expect(len(not)+fired).To(Equal(len(inc.Status.Rules)), "every rule is accounted for")
	})
	t.Run("proposal and approval", func(t *testing.T) {
		g := NewWithT(t)
		plan := rem.Status.Plan
		g.Expect(s.texts("proposal")).To(ConsistOf(And(ContainSubstring(plan.Digest[:15]), HaveSuffix(plan.Summary))))
		g.Expect(s.texts("-")).To(ConsistOf(written(plan.Calls[0].Before[0])))
		g.Expect(s.texts("+")).To(ConsistOf(written(plan.Calls[0].Call.Writes[0])))
		g.Expect(s.texts("warning")).To(HaveLen(len(plan.Warnings)))
		g.Expect(s.texts("refused")).To(ConsistOf(ContainSubstring("may not approve remediations/setReservedConcurrency named %s", rem.Name)))
		g.Expect(s.texts("approved")).To(ConsistOf(ContainSubstring("Approval %s ", rem.Status.Intents[0].Approvals[0])))
	})
	t.Run("the one change", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(s.texts("change")).To(HaveLen(1))
		n := numbers(g, s.texts("change")[0], `AWS call (\d+): `)
		e := book.Entries()[int(n[0])-1]
		g.Expect(e.Class).To(Equal(ledger.Change))
		g.Expect(e.Changed).To(BeTrue())
		g.Expect(e.Principal).To(ContainSubstring(string(rem.UID)))
		g.Expect(s.texts("signed")).To(ConsistOf(ContainSubstring(e.Principal)))
		g.Expect(book.Count(ledger.ByClass(ledger.Change))).To(Equal(1))
	})
	t.Run("verification", func(t *testing.T) {
		g := NewWithT(t)
		v := rem.Status.Verification
		var observed []string
		for _, text := range s.texts("verifying") {
			if strings.HasPrefix(text, v1alpha1.ReasonObserving) || strings.HasPrefix(text, v1alpha1.ReasonVerified) {
				observed = append(observed, text)
			}
		}
		g.Expect(observed).To(HaveLen(int(v.Observations)), "one line for each observation")
		g.Expect(observed[len(observed)-1]).To(ContainSubstring("%d good observations in a row", v.Good))
		peak, err := s.concurrency(t.Context(), rem.Spec.Target.FunctionName, rem.Status.AppliedAt.Time, rem.Status.EndedAt.Time)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(numbers(g, s.texts("measured")[0], `came to (\d+) executions`)).To(Equal([]float64{peak}))
		g.Expect(peak).To(BeNumerically(">", reactstocks.BackendReserved), "the function needed the change")
	})
	t.Run("the end", func(t *testing.T) {
		g := NewWithT(t)
		g.Expect(s.texts("resolved")).To(ConsistOf(HavePrefix("Incident %s: %s, ", inc.Name, v1alpha1.ReasonRemediated)))
		g.Expect(s.texts("drift debt")).To(ConsistOf(ContainSubstring(rem.Status.TemplatePatch)))
		n := numbers(g, s.texts("total")[1], `(\d+) read, (\d+) bookkeeping, (\d+) change; (\d+) of all these were answered with an error; AWS differs after (\d+)`)
		last := lastCall(g, s, int(n[0]+n[1]+n[2]))
		counted := func(filters ...ledger.Filter) float64 {
			all := append(filters, func(e ledger.Entry) bool { return e.Sequence <= last })
			total := 0
			for _, role := range []string{reactstocks.OperatorRole, reactstocks.AccountRole, reactstocks.GrantRole} {
				total += book.Count(append(slices.Clone(all), ledger.ByRole(role))...)
			}
			return float64(total)
		}
		g.Expect(n).To(Equal([]float64{
			counted(ledger.ByClass(ledger.Read)), counted(ledger.ByClass(ledger.Bookkeeping)), 1,
			counted(func(e ledger.Entry) bool { return e.Error != "" }), 1,
		}))
	})
	t.Run("another seed has other numbers", func(t *testing.T) { otherNumbers(t, s) })
}

// lastCall is the sequence number of the operator's n-th call: it goes on working while the test looks.
func lastCall(g *WithT, s *story, n int) int {
	calls := s.operatorCalls()
	g.Expect(len(calls)).To(BeNumerically(">=", n))
	return calls[n-1].Sequence
}

// otherNumbers tells the story of another seed up to its proposal, which is where its numbers come from.
func otherNumbers(t *testing.T, one *story) {
	g := NewWithT(t)
	other := hear(t, throttling(7), func(s *story) []step {
		return []step{s.watched, s.opened, s.investigated, s.diagnosed, s.proposed}
	})
	for _, topic := range []string{"diagnosis", "touches"} {
		g.Expect(one.texts(topic)).NotTo(Equal(other.texts(topic)), topic)
	}
	for _, step := range []string{"throttles", "invocations", "traffic"} {
		of := func(s *story) string {
			for _, text := range s.texts("evidence") {
				if strings.HasPrefix(text, step+": ") {
					return text
				}
			}
			return "no evidence"
		}
		g.Expect(of(one)).NotTo(Equal(of(other)), fmt.Sprintf("the evidence of %s is that of the seed", step))
	}
}

// numbers are those that the groups of a pattern match in a text.
func numbers(g *WithT, text, pattern string) []float64 {
	match := regexp.MustCompile(pattern).FindStringSubmatch(text)
	g.Expect(match).NotTo(BeNil(), "%q does not match %s", text, pattern)
	var out []float64
	for _, m := range match[1:] {
		f, err := strconv.ParseFloat(m, 64)
		g.Expect(err).NotTo(HaveOccurred())
		out = append(out, f)
	}
	return out
}

func float(g *WithT, n *v1alpha1.Number) float64 {
	g.Expect(n).NotTo(BeNil())
	f, err := strconv.ParseFloat(string(*n), 64)
	g.Expect(err).NotTo(HaveOccurred())
	return f
}
