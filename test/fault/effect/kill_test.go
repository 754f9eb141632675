//go:build fault

package effect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/fault/process"
)

const (
	// seed draws what is not run in full. It is printed with what it drew.
	seed = 7
	// readsDrawn is how many of the points after the change are run at which only alarms and metrics are read.
	readsDrawn = 8
	// againDrawn is how many points are run with a second death in the recovery.
	againDrawn = 16
)

// Every write to the API server and every call to AWS of one change is a point to die at, before and after. An undisturbed
// change says which there are. What is left after each death is compared with what that one left.
func TestAnOperatorThatIsKilledAnywhereChangesTheFunctionOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.lead(false, process.Learn)
	first := s.asks().ends() // fills the caches, and is no death's equal: it came with the start of the process
	s.Expect(first.err).NotTo(HaveOccurred())

	want, all := s.learns()
	draw := rand.New(rand.NewPCG(seed, 0))
	run := chosen(all, draw)
	t.Logf("an undisturbed change passes %d points: %d are run (of those after the change at which only alarms or metrics are read, %d drawn by seed %d)",
		len(all), len(run), readsDrawn, seed)

	recoveries := map[string][]string{}
	began := time.Now()
	for _, point := range run {
		t.Run(point, func(t *testing.T) {
			l := s.in(t).dies(point, "")
			l.expect(want)
			passed, err := l.now.Points()
			l.Expect(err).NotTo(HaveOccurred())
			recoveries[point] = passed
		})
	}
	t.Logf("%d deaths in %s", len(recoveries), time.Since(began).Round(time.Second))
	if t.Failed() {
		return
	}

	began = time.Now()
	again := slices.DeleteFunc(slices.Clone(run), func(p string) bool { return len(recoveries[p]) == 0 })
	draw.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
	again = again[:min(len(again), againDrawn)]
	for _, point := range again {
		second := recoveries[point][draw.IntN(len(recoveries[point]))]
		t.Run(fmt.Sprintf("%s, and in the recovery %s", point, second), func(t *testing.T) {
			s.in(t).dies(point, second).expect(want)
		})
	}
	t.Logf("%d deaths with another in the recovery in %s", len(again), time.Since(began).Round(time.Second))
	s.expectSilence()
}

// learns lives through undisturbed changes, and returns what each left and the points that each passed: how often alarms
// are read meanwhile is not the same twice.
func (s *stage) learns() (want effect, all []string) {
	s.t.Helper()
	for n := range 3 {
		s.Expect(s.now.Arm(process.Learn)).To(Succeed())
		before, err := s.now.Points()
		s.Expect(err).NotTo(HaveOccurred())
		calm := s.asks().ends()
		s.Expect(calm.err).NotTo(HaveOccurred())
		passed, err := s.now.Points()
		s.Expect(err).NotTo(HaveOccurred())
		passed = passed[len(before):]
		if n == 0 {
			want, all = calm.effect(), passed
			continue
		}
		s.Expect(calm.effect()).To(Equal(want), calm.story())
		all = slices.DeleteFunc(all, func(p string) bool { return !slices.Contains(passed, p) })
	}
	s.Expect(want.Calls).To(Equal(1))
	s.Expect(want.Outcome).To(Equal(v1alpha1.OutcomeApplied))
	s.Expect(want.Conditions).To(ContainElement("Succeeded=True Succeeded"))
	return want, all
}

// chosen returns the points that are run: all, but of those after the change at which only alarms or metrics are read, some.
func chosen(all []string, draw *rand.Rand) []string {
	changed := slices.IndexFunc(all, func(p string) bool { return strings.HasPrefix(p, "aws: after lambda:Put") })
	var run, reads []string
	for i, p := range all {
		if i > changed && strings.HasPrefix(p, "aws: ") && strings.Contains(p, " cloudwatch:") {
			reads = append(reads, p)
		} else {
			run = append(run, p)
		}
	}
	draw.Shuffle(len(reads), func(i, j int) { reads[i], reads[j] = reads[j], reads[i] })
	return append(run, reads[:min(len(reads), readsDrawn)]...)
}

// dies lives through one change with an operator that is killed at a point, and its successor at another, if any.
func (s *stage) dies(point, second string) *life {
	s.t.Helper()
	s.lead(false, process.Learn)
	s.Expect(s.now.Arm(process.Point{Name: point})).To(Succeed())
	victim := s.now
	l := s.asks()
	l.reborn = func(deaths int) (bool, process.Point) { return deaths == 1, process.Point{Name: second} }
	l.ends()
	l.Expect(l.err).NotTo(HaveOccurred(), l.story())
	// The last points come when everything is over.
	l.Eventually(victim.Ended).WithTimeout(5*time.Second).Should(BeClosed(), "the operator never came to %q", point)
	killed, _ := victim.Killed()
	l.Expect(killed).To(BeTrue(), "%s ended with %v", victim.Name, victim.Status())
	return l
}

// onItsWay is how long after a death the server may take up a request that was sent before it.
const onItsWay = time.Second

// expectSilence expects that nothing came from an operator after it was dead, by the API server's audit log and by the
// requests that came to AWS.
func (s *stage) expectSilence() {
	s.t.Helper()
	deaths := 0
	for _, i := range append(slices.Clone(s.dead), s.now) {
		killed, died := i.Killed()
		if !killed {
			continue
		}
		deaths++
		writes, err := s.Writes(i, died.Add(onItsWay))
		s.Expect(err).NotTo(HaveOccurred())
		s.Expect(writes).To(BeEmpty(), "after the death of %s", i.Name)
		s.Expect(s.CallsAfter(i, died.Add(onItsWay))).To(BeEmpty(), "after the death of %s", i.Name)
	}
	s.Expect(deaths).NotTo(BeZero())
	s.t.Logf("nothing came from %d dead operators", deaths)
}
