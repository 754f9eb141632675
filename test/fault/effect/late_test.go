//go:build fault

package effect

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/fault/process"
)

// A call may hang until its caller gives up, and take effect later. The operator waits for that until 30 seconds after
// the call's deadline: what takes effect until then is seen, and counted once.
//
// What takes effect later than that is not promised to be known: AWS has no way to take a call back, and no document
// that bounds how late it can be. What is promised even then is shown here: nothing is called a success that was not
// read back, and the late effect leads to no second change. A call with a RevisionId cannot take effect any more once
// another one did; the reserved concurrency, for which AWS has no condition, becomes what was approved, whenever that
// may be.
func TestAnEffectThatComesLateIsCountedOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, reactstocks.Steady)
	s.lead(false, process.Learn)
	for _, what := range []errand{moreConcurrency, moreTimeForAWhile} {
		calm := s.asks(what).ends()
		s.Expect(calm.err).NotTo(HaveOccurred())
		want := calm.effect()

		t.Run(fmt.Sprintf("%s takes effect 25 seconds after it was sent", what.call), func(t *testing.T) {
			s := s.in(t)
			l := s.hangs(what, 25*time.Second)
			l.ends()
			s.Expect(l.err).NotTo(HaveOccurred(), l.story())
			l.expect(want)
		})

		t.Run(fmt.Sprintf("%s takes effect two minutes after it was sent, when it was made again", what.call), func(t *testing.T) {
			s := s.in(t)
			l := s.hangs(what, 2*time.Minute)
			l.ends()
			s.Expect(l.err).NotTo(HaveOccurred(), l.story())
			l.expectDisturbed(want, answer{calls: 2, outcomes: []string{"NotApplied", "Applied"}})
			s.Expect(s.changes(l.mark)[0].Late).NotTo(BeZero(), "the first call took effect")
			s.Expect(s.changes(l.mark)[0].Changed).To(BeFalse(), "and changed nothing any more")
		})
	}

	t.Run("a call takes effect ten minutes after it was sent, when nobody waits for it any more", func(t *testing.T) {
		s := s.in(t)
		l := s.hangs(moreConcurrency, 10*time.Minute)
		defer s.mode(v1alpha1.ModeAct)
		s.mode(v1alpha1.ModePropose) // a brake, so that it is not made again
		l.until(func() bool {
			return conditions.Reason(l.rem.Status.Conditions, v1alpha1.ConditionApplied) == v1alpha1.ReasonModePropose
		})
		s.Expect(l.err).NotTo(HaveOccurred(), l.story())
		s.Expect(l.rem.Status.Intents[0].Outcome).To(Equal(v1alpha1.OutcomeNotApplied), "that is what could be known then")

		s.passes(11 * time.Minute)
		s.Expect(s.reserved()).To(BeEquivalentTo(200), "what was approved took effect")
		s.mode(v1alpha1.ModeAct)
		l.ends()
		s.Expect(l.err).NotTo(HaveOccurred(), l.story())
		s.Expect(conditions.IsTrue(l.rem.Status.Conditions, v1alpha1.ConditionSucceeded)).To(BeFalse(), l.story())
		s.Expect(l.rem.Status.AppliedAt).To(BeNil(), "nobody says that this change was seen")
		s.Expect(l.rem.Status.Intents).To(HaveLen(1), l.story())
		s.Expect(l.effect().Changed).To(Equal(map[string]int{"0": 1}))
	})
	s.expectAnnounced()
}

// hangs asks for a change whose first call is not answered, and takes effect later. It returns when the operator has given
// it up.
func (s *stage) hangs(what errand, late time.Duration) *life {
	s.t.Helper()
	s.lead(false, process.Learn)
	l := s.asks(what)
	s.passes(time.Minute) // since the function was set back by hand
	s.AWS.Faults().Add(faults.Rule{Action: what.call, Role: role, Times: 1, Effect: faults.HangThenApply(late)})
	defer s.AWS.Faults().Clear()
	l.until(func() bool {
		n := len(l.rem.Status.Intents)
		return n == 1 && l.rem.Status.Intents[0].Message != ""
	})
	s.Expect(l.err).NotTo(HaveOccurred(), l.story())
	s.Expect(s.AWS.Ledger().Entries(ledger.After(l.mark), ledger.ByAction(what.call), ledger.ByRole(role), ledger.ByError("NoAnswer"))).To(HaveLen(1))
	return l
}

// mode sets the mode of the application, as a person does.
func (s *stage) mode(m v1alpha1.Mode) {
	s.t.Helper()
	app := builder.ServerlessApplication(process.Team)
	s.Eventually(func() error {
		if err := s.Cluster.Admin.Get(s.ctx, client.ObjectKeyFromObject(app), app); err != nil {
			return err
		}
		app.Spec.Mode = m
		return s.Cluster.Admin.Update(s.ctx, app)
	}).WithTimeout(patient).Should(Succeed())
}
