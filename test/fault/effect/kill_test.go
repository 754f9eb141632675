//go:build fault

package effect

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/fault/process"
)

// seed draws what is not run in full. It is printed with what it drew.
const seed = 7

// howMany names the environment variable that says at how many points the operator is killed: decisive are those around
// intent, call and outcome alone, every is every one, which takes hours. Not set, some of the others are drawn.
const howMany, decisive, every = "DEATHS", "decisive", "every"

// deaths says how many points are run, of those that are not always run.
type deaths struct {
	inverse bool // only the points around the last call, which is the inverse
	others  int  // at which something else is done than the decisive steps of the journal
	reads   int  // after the change, at which only alarms or metrics are read
	again   int  // with a second death in the recovery
}

// Every write to the API server and every call to AWS of one change is a point to die at, before and after. An undisturbed
// change says which there are. What is left after each death is compared with what that one left.
func TestAnOperatorThatIsKilledAnywhereChangesTheFunctionOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, reactstocks.Steady)
	want := s.killed(moreConcurrency, deaths{others: 16, reads: 4, again: 6})
	s.Expect(want.Steps).To(Equal([]string{"0 Applied"}))
	s.Expect(want.Calls).To(Equal(1))
	s.Expect(want.Conditions).To(ContainElement("Succeeded=True Succeeded"))
}

// The update of a timeout goes on after its call was answered, and this change expires: its inverse goes the same way as
// the change, and has the same points.
func TestAnOperatorThatIsKilledAnywhereMakesAChangeAndItsInverseOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, reactstocks.Steady)
	want := s.killed(moreTimeForAWhile, deaths{others: 10, reads: 4, again: 6})
	s.Expect(want.Steps).To(Equal([]string{"0 Applied", "undo-0 Applied"}))
	s.Expect(want.Calls).To(Equal(2))
	s.Expect(want.Timeout).To(BeEquivalentTo(timeoutBefore))
	s.Expect(want.Reverted).To(Equal(v1alpha1.RevertExpired))
	s.Expect(want.Conditions).To(ContainElements("Verified=True Verified", "Reverted=True Reverted", "Succeeded=True Succeeded"))
}

// A change that did not help is undone the same way, as was approved.
func TestAnOperatorThatIsKilledAroundTheInverseOfAChangeThatDidNotHelpUndoesItOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, reactstocks.WrongFix)
	s.lead(false, process.Learn)
	s.passes(10 * time.Minute) // until the alarm fires
	want := s.killed(moreTime, deaths{inverse: true, again: 2})
	s.Expect(want.Steps).To(Equal([]string{"0 Applied", "undo-0 Applied"}))
	s.Expect(want.Calls).To(Equal(2))
	s.Expect(want.Timeout).To(BeEquivalentTo(timeoutBefore))
	s.Expect(want.Reverted).To(Equal(v1alpha1.RevertVerificationFailed))
	s.Expect(want.Conditions).To(ContainElements("Verified=False NotFixed", "Reverted=True Reverted", "Succeeded=False Reverted"))
}

// killed lives through undisturbed changes, and then through one for each point, with an operator that is killed there. It
// returns what all of them left.
func (s *stage) killed(what errand, n deaths) effect {
	s.t.Helper()
	switch os.Getenv(howMany) {
	case decisive:
		n.others, n.reads, n.again = 0, 0, min(n.again, 2)
	case every:
		n.others, n.reads = math.MaxInt, math.MaxInt
	}
	s.lead(false, process.Learn)
	first := s.asks(what).ends() // fills the caches, and is no death's equal: it came with the start of the process
	s.Expect(first.err).NotTo(HaveOccurred())

	began := time.Now()
	want, all := s.learns(what)
	draw := rand.New(rand.NewPCG(seed, 0))
	always, drawn := chosen(all, n, draw)
	run := append(slices.Clone(always), drawn...)
	s.t.Logf("an undisturbed change passes %d points (learned in %s): %d are run, the %d around intent, call and outcome always, and %d of the others, drawn by seed %d",
		len(all), time.Since(began).Round(time.Second), len(run), len(always), len(drawn), seed)

	recoveries := map[string][]string{}
	missed := 0
	began = time.Now()
	part := s.t.(*testing.T)
	for _, point := range run {
		part.Run(point, func(t *testing.T) {
			l, died := s.in(t).dies(what, point, "")
			if !died {
				l.Expect(always).NotTo(ContainElement(point), "the operator never came to it")
				missed++ // how often alarms are read is not the same twice
			}
			l.expect(want)
			passed, err := l.now.Points()
			l.Expect(err).NotTo(HaveOccurred())
			recoveries[point] = passed
		})
	}
	s.t.Logf("%d deaths in %s", len(recoveries)-missed, time.Since(began).Round(time.Second))
	if s.t.Failed() {
		return want
	}
	s.Expect(missed).To(BeNumerically("<=", len(drawn)/4), "points that were not passed")

	began = time.Now()
	again := slices.DeleteFunc(slices.Clone(run), func(p string) bool { return len(recoveries[p]) == 0 })
	draw.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
	again = again[:min(len(again), n.again)]
	twice := 0
	for _, point := range again {
		second := recoveries[point][draw.IntN(len(recoveries[point]))]
		part.Run(fmt.Sprintf("%s, and in the recovery %s", point, second), func(t *testing.T) {
			l, _ := s.in(t).dies(what, point, second)
			l.expect(want)
			if len(l.deaths) > 1 {
				twice++
			}
		})
	}
	s.t.Logf("%d deaths with another in the recovery of %d that were planned in %s", twice, len(again), time.Since(began).Round(time.Second))
	// A recovery does not pass all that another one passed: how often alarms are read is not the same twice.
	s.Expect(2*twice).To(BeNumerically(">=", len(again)), "recoveries that came to the point of the second death")
	s.expectSilence()
	s.expectAnnounced()
	return want
}

// learns lives through undisturbed changes, and returns what each left and the points that each passed: how often alarms
// are read meanwhile is not the same twice.
func (s *stage) learns(what errand) (want effect, all []string) {
	s.t.Helper()
	for n := range 3 {
		s.Expect(s.now.Arm(process.Learn)).To(Succeed())
		before, err := s.now.Points()
		s.Expect(err).NotTo(HaveOccurred())
		calm := s.asks(what).ends()
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
	return want, all
}

// chosen returns the points that are always run, from before each intent to after the outcome of its call was written, and
// those that were drawn of the others.
func chosen(all []string, n deaths, draw *rand.Rand) (always, drawn []string) {
	const status = "PUT remediations/status"
	crucial := make([]bool, len(all))
	changed := len(all)
	for call, p := range all {
		if !strings.HasPrefix(p, "aws: sending ") {
			continue // every call that may change something passes one such point, and no other does
		}
		changed = min(changed, call)
		from, to := call, call
		for from > 0 && !strings.HasPrefix(all[from], "kubernetes: before "+status) {
			from--
		}
		for to < len(all)-1 && !strings.HasPrefix(all[to], "kubernetes: after "+status) {
			to++
		}
		if n.inverse {
			clear(crucial)
		}
		for i := max(from-1, 0); i <= min(to+1, len(all)-1); i++ {
			crucial[i] = true
		}
	}
	var others, reads []string
	for i, p := range all {
		switch {
		case crucial[i]:
			always = append(always, p)
		case i > changed && strings.HasPrefix(p, "aws: ") && strings.Contains(p, " cloudwatch:"):
			reads = append(reads, p)
		default:
			others = append(others, p)
		}
	}
	some := func(of []string, n int) []string {
		draw.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
		return of[:min(len(of), n)]
	}
	return always, append(some(others, n.others), some(reads, n.reads)...)
}

// dies lives through one change with an operator that is killed at a point, and its successor at another, if any. It also
// returns whether the operator came to the point.
func (s *stage) dies(what errand, point, second string) (l *life, died bool) {
	s.t.Helper()
	victim := s.arm(process.Point{Name: point})
	l = s.asks(what)
	l.reborn = func(deaths int) (bool, process.Point) { return deaths == 1, process.Point{Name: second} }
	l.ends()
	l.Expect(l.err).NotTo(HaveOccurred(), l.story())
	if second != "" {
		s.arm(process.Learn) // what it did not come to in this change, it does not die at in the next
	}
	select {
	case <-victim.Ended:
		killed, _ := victim.Killed()
		l.Expect(killed).To(BeTrue(), "%s ended with %v", victim.Name, victim.Status())
		return l, true
	case <-time.After(lastPoints):
		l.Expect(victim.Arm(process.Learn)).To(Succeed())
		return l, false
	}
}

// arm arms the operator, or the next one where this one dies of what it was armed for before.
func (s *stage) arm(at process.Point) *process.Incarnation {
	s.t.Helper()
	s.Eventually(func() error {
		s.lead(false, process.Learn)
		return s.now.Arm(at)
	}).WithTimeout(patient).Should(Succeed())
	return s.now
}

// lastPoints is how long after the end of a change its last points are passed at the latest.
const lastPoints = 15 * time.Second
