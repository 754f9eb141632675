package alarms

import (
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
)

// An account has more pages of alarms than the budget allows at once: each look goes on where the last one stopped.
func TestMorePagesThanTheBudgetAllowsAreReadOnceForEverybody(t *testing.T) {
	g := NewWithT(t)
	const many = 1150
	w, _ := crowded(t, many)
	listing, from := &Listing{}, w.Ledger().Len()
	var mu sync.Mutex
	read := 0
	for range 6 {
		var everybody sync.WaitGroup
		for range 20 {
			everybody.Go(func() {
				all, err := listing.Read(t.Context(), w.session, w.clock.Now())
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					g.Expect(fault.From(err).Class).To(Equal(fault.Waiting))
					g.Expect(aws.HeldBack(err)).To(BeTrue())
					return
				}
				g.Expect(len(all)).To(BeNumerically(">=", many))
				read++
			})
		}
		everybody.Wait()
		w.clock.Step(time.Second)
	}
	g.Expect(read).To(BeNumerically(">=", 20), "nobody who asks when they are read reads them again")
	g.Expect(w.Ledger().Count(ledger.After(from), ledger.ByAction("cloudwatch:DescribeAlarms"))).To(Equal(many/recordsPerPage+1), "one call a page")

	w.clock.Step(listingHolds)
	_, err := listing.Read(t.Context(), w.session, w.clock.Now())
	g.Expect(fault.From(err).Class).To(Equal(fault.Waiting), "after a minute they are read anew")
}

func TestAReadingOfAllAlarmsThatFailedIsBegunAnew(t *testing.T) {
	g := NewWithT(t)
	w, _ := crowded(t, 250)
	listing := &Listing{}
	w.Faults().Add(faults.Rule{Action: "cloudwatch:DescribeAlarms", Skip: 1, Times: 1, Effect: faults.Error("AccessDeniedException", "no", 403)})
	_, err := listing.Read(t.Context(), w.session, w.clock.Now())
	g.Expect(fault.From(err).Class).To(Equal(fault.Blocked))
	w.clock.Step(time.Second)
	all, err := listing.Read(t.Context(), w.session, w.clock.Now())
	g.Expect(err).NotTo(HaveOccurred())
	seen := map[string]int{}
	for _, a := range all {
		seen[a.Name]++
		g.Expect(seen[a.Name]).To(Equal(1), a.Name)
	}
	g.Expect(len(all)).To(BeNumerically(">=", 250))
}

// A token of a page may not be good any more when the budget allows the next page.
func TestAReadingOfAllAlarmsWhoseTokenGrewOldIsBegunAnewAndIsNobodysEnd(t *testing.T) {
	g := NewWithT(t)
	w, _ := crowded(t, 550)
	listing := &Listing{}
	_, err := listing.Read(t.Context(), w.session, w.clock.Now())
	g.Expect(aws.HeldBack(err)).To(BeTrue(), "it has more pages than the budget allows at once")
	w.clock.Step(4 * time.Second)
	w.Faults().Add(faults.Rule{Action: "cloudwatch:DescribeAlarms", Times: 1, Effect: faults.Error("InvalidNextToken", "expired", 400)})
	_, err = listing.Read(t.Context(), w.session, w.clock.Now())
	g.Expect(aws.HeldBack(err)).To(BeTrue())
	var all []Alarm
	for range 3 {
		w.clock.Step(4 * time.Second)
		if all, err = listing.Read(t.Context(), w.session, w.clock.Now()); err == nil {
			break
		}
	}
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(all)).To(BeNumerically(">=", 550))
}
