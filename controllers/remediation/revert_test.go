package remediation_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

const update = "lambda:UpdateFunctionConfiguration"

// timeout returns the news worker's timeout as AWS has it.
func (s *story) timeout() int32 {
	GinkgoHelper()
	out, err := s.byHand().GetFunctionConfiguration(s.ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String(reactstocks.NewsSyncFunction)})
	Expect(err).NotTo(HaveOccurred())
	return aws.ToInt32(out.Timeout)
}

// setTimeout changes the news worker's timeout as a person.
func (s *story) setTimeout(seconds int32) {
	GinkgoHelper()
	_, err := s.byHand().UpdateFunctionConfiguration(s.ctx, &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String(reactstocks.NewsSyncFunction), Timeout: aws.Int32(seconds),
	})
	Expect(err).NotTo(HaveOccurred())
}

// wrong starts a story in which a longer timeout was applied that cannot help.
func wrong(changes ...func(*v1alpha1.Remediation)) (*story, *v1alpha1.Remediation) {
	GinkgoHelper()
	s := begin()
	reactstocks.Apply(s.World, reactstocks.WrongFix, 1)
	s.pass(10 * time.Minute)
	rem := s.asks(append(changes, timing(reactstocks.NewsSyncFunction, 45))...)
	s.approves(rem)
	s.until("it is applied", patient, func() bool { return s.get(rem.Name).Status.AppliedAt != nil })
	Expect(s.timeout()).To(Equal(int32(45)))
	return s, s.get(rem.Name)
}

// directions returns what became of the intents, those of the inverse call with a minus.
func directions(rem *v1alpha1.Remediation) []string {
	var out []string
	for _, i := range rem.Status.Intents {
		sign := "+"
		if i.Inverse {
			sign = "-"
		}
		out = append(out, sign+string(i.Outcome))
	}
	return out
}

func expiring(after string) func(*v1alpha1.Remediation) {
	return func(r *v1alpha1.Remediation) { r.Spec.ExpiresAfter = after }
}

var _ = Describe("A change that does not help", func() {
	It("is reverted once, and the revert is read back and watched", func() {
		s, rem := wrong()
		Expect(meta.FindStatusCondition(rem.Status.Conditions, v1alpha1.ConditionDriftDebt).Message).To(HaveSuffix("In the template: " + rem.Status.TemplatePatch))
		s.until("it is reverting", time.Hour, func() bool { return s.get(rem.Name).Status.Revert != nil })
		Expect(s.get(rem.Name)).To(HaveCondition(v1alpha1.ConditionVerified, metav1.ConditionFalse, v1alpha1.ReasonNotFixed))
		rem = s.ends(rem, time.Hour)
		Expect(s.timeout()).To(Equal(int32(10)))
		Expect(directions(rem)).To(Equal([]string{"+Applied", "-Applied"}))
		Expect(s.changed()).To(HaveLen(2), "the change and its inverse")
		Expect(rem).To(HaveCondition(v1alpha1.ConditionReverted, metav1.ConditionTrue, v1alpha1.ReasonReverted))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonReverted))
		Expect(rem.Status.Revert.Reason).To(Equal(v1alpha1.RevertVerificationFailed))
		Expect(rem.Status.Revert.Verification.Good).To(BeNumerically(">=", 2))
		Expect(rem.Status.Intents[1].Approvals).To(Equal(rem.Status.Intents[0].Approvals), "the approval of the plan covers its inverse")
		Expect(rem).To(HaveNoCondition(v1alpha1.ConditionDriftDebt))
		ExpectEvents(s.ctx, s.Admin, rem, v1alpha1.ReasonReverting)
		ExpectEvents(s.ctx, s.Admin, rem, v1alpha1.ReasonReverted)
		s.pass(time.Minute)
		Expect(s.leases()).To(BeZero())
	})

	It("is reverted also when the mode is Observe by then and the Incident's people went home", func() {
		s, rem := wrong()
		app := ExpectExists(s.ctx, s.Admin, builder.ServerlessApplication(s.Namespace))
		app.Spec.Mode = v1alpha1.ModeObserve
		Expect(s.Admin.Update(s.ctx, app)).To(Succeed())
		Expect(s.ends(rem, 2*time.Hour)).To(HaveCondition(v1alpha1.ConditionReverted, metav1.ConditionTrue, v1alpha1.ReasonReverted))
	})

	It("is not reverted where somebody changed the function meanwhile", func() {
		s, rem := wrong()
		// Between the last bad observation and the inverse call.
		s.mind.status = once(func(rem *v1alpha1.Remediation) bool { return rem.Status.Revert != nil }, func(func() error) error {
			s.setTimeout(60)
			return errCrash
		})
		rem = s.ends(rem, 2*time.Hour)
		Expect(s.timeout()).To(Equal(int32(60)))
		Expect(s.changed()).To(HaveLen(1))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonHeld), "nobody can tell what helped by now")
	})

	It("is not reverted blindly: an edited plan is not carried out", func() {
		s, rem := wrong()
		s.until("it was observed", time.Hour, func() bool { return s.get(rem.Name).Status.Verification.Observations > 0 })
		rem = s.get(rem.Name)
		forged := "900"
		rem.Status.Plan.Calls[0].Inverse.Writes[0].Value = &forged
		Expect(s.Admin.Status().Update(s.ctx, rem)).To(Succeed())
		rem = s.ends(rem, 2*time.Hour)
		Expect(s.timeout()).To(Equal(int32(45)))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionReverted, metav1.ConditionFalse, v1alpha1.ReasonHeld))
	})

	It("stays, and a person is asked, when AWS refuses the inverse call for good", func() {
		s, rem := wrong()
		s.World.Faults().Add(faults.Rule{Action: update, Effect: faults.Effect{Throttle: true}})
		rem = s.ends(rem, 3*time.Hour)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionReverted, metav1.ConditionFalse, v1alpha1.ReasonRevertRefused))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonRevertRefused))
		Expect(s.timeout()).To(Equal(int32(45)))
	})
})

var _ = DescribeTable("A write that goes wrong while a change is reverted, and an operator that starts again, revert it once",
	func(outcome v1alpha1.Outcome, deal func(func() error) error, want []string) {
		s, rem := wrong()
		failed := false
		s.mind.status = once(func(rem *v1alpha1.Remediation) bool {
			i := newest(rem)
			return i != nil && i.Inverse && i.Outcome == outcome
		}, func(write func() error) error { failed = true; return deal(write) })
		s.until("the write failed", time.Hour, func() bool { return failed })
		s.Driver.Restart(s.controllers(s.Deps))
		rem = s.ends(rem, 2*time.Hour)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionReverted, metav1.ConditionTrue, v1alpha1.ReasonReverted))
		Expect(directions(rem)).To(Equal(want))
		Expect(s.calls()).To(HaveLen(2))
		Expect(s.timeout()).To(Equal(int32(10)))
	},
	Entry("the intent is refused: no call", v1alpha1.OutcomeUnknown, never, []string{"+Applied", "-Applied"}),
	Entry("the intent is written, and nobody hears of it", v1alpha1.OutcomeUnknown, unheard, []string{"+Applied", "-NotApplied", "-Applied"}),
	Entry("the outcome is not written", v1alpha1.OutcomeApplied, never, []string{"+Applied", "-Applied"}),
	Entry("the outcome is written, and nobody hears of it", v1alpha1.OutcomeApplied, unheard, []string{"+Applied", "-Applied"}),
)

var _ = Describe("A change that expires", func() {
	// raised starts a story in which more concurrency was reserved for a while, which helps nobody and harms nobody.
	raised := func(after string) (*story, *v1alpha1.Remediation) {
		s := begin()
		rem := s.asks(expiring(after))
		Expect(rem.Status.Plan.Summary).To(ContainSubstring("200"))
		s.approves(rem)
		s.until("it is applied", patient, func() bool { return s.get(rem.Name).Status.AppliedAt != nil })
		Expect(s.reserved()).To(Equal(int32(200)))
		return s, s.get(rem.Name)
	}

	It("is proved to help, and is reverted when its time is over, not before", func() {
		s, rem := raised("1h")
		applied := rem.Status.AppliedAt.Time
		s.until("it succeeded", time.Hour, func() bool { return s.reason(rem.Name, v1alpha1.ConditionSucceeded) == v1alpha1.ReasonSucceeded })
		Expect(s.get(rem.Name).Status.EndedAt).To(BeNil())
		Expect(s.reserved()).To(Equal(int32(200)))
		Expect(meta.FindStatusCondition(s.get(rem.Name).Status.Conditions, v1alpha1.ConditionDriftDebt).Message).To(And(
			ContainSubstring("expires at "+applied.Add(time.Hour).UTC().Format(time.RFC3339)), Not(ContainSubstring(rem.Status.TemplatePatch))),
			"nobody is told to put into the template what is about to be undone")
		rem = s.ends(rem, 2*time.Hour)
		Expect(s.reserved()).To(Equal(int32(reactstocks.BackendReserved)))
		Expect(rem.Status.Revert.Reason).To(Equal(v1alpha1.RevertExpired))
		Expect(rem.Status.Revert.StartedAt.Sub(applied)).To(BeNumerically("~", time.Hour, 2*time.Second))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionReverted, metav1.ConditionTrue, v1alpha1.ReasonReverted))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionTrue, v1alpha1.ReasonSucceeded))
		Expect(s.changed()).To(HaveLen(2))
		Expect(s.leases()).To(BeZero())
	})

	It("is left alone where a deployment had put the value of before back", func() {
		s, rem := raised("1h")
		_, err := s.byHand().PutFunctionConcurrency(s.ctx, &lambda.PutFunctionConcurrencyInput{
			FunctionName: aws.String(reactstocks.BackendFunction), ReservedConcurrentExecutions: aws.Int32(reactstocks.BackendReserved),
		})
		Expect(err).NotTo(HaveOccurred())
		rem = s.ends(rem, 3*time.Hour)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionReverted, metav1.ConditionTrue, v1alpha1.ReasonAlreadyReverted))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonAlreadyReverted))
		Expect(s.calls()).To(HaveLen(1))
		Expect(rem).To(HaveNoCondition(v1alpha1.ConditionDriftDebt))
	})

	It("is reverted also where its time is over before it could be proved", func() {
		s, rem := raised("1m")
		Expect(rem.Status.Plan.Summary).To(HaveSuffix(", for 1m"))
		rem = s.ends(rem, time.Hour)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionVerified, metav1.ConditionFalse, v1alpha1.ReasonInconclusive))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionReverted, metav1.ConditionTrue, v1alpha1.ReasonReverted))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonReverted))
		Expect(s.reserved()).To(Equal(int32(reactstocks.BackendReserved)))
	})

	It("is left alone, and a person is asked, where somebody set a third value: with all three", func() {
		s, rem := raised("1h")
		_, err := s.byHand().PutFunctionConcurrency(s.ctx, &lambda.PutFunctionConcurrencyInput{
			FunctionName: aws.String(reactstocks.BackendFunction), ReservedConcurrentExecutions: aws.Int32(150),
		})
		Expect(err).NotTo(HaveOccurred())
		rem = s.ends(rem, 3*time.Hour)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionReverted, metav1.ConditionFalse, v1alpha1.ReasonRevertConflict))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonRevertConflict))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRevertConflict))
		for _, value := range []string{"200", "100", "150"} {
			Expect(messageOf(rem, v1alpha1.ConditionReverted)).To(ContainSubstring(value))
		}
		Expect(s.reserved()).To(Equal(int32(150)))
	})

	It("is reverted when its time is over also where its Remediation was deleted, which goes only then", func() {
		s, rem := raised("2h")
		Expect(s.Admin.Delete(s.ctx, rem)).To(Succeed())
		s.pass(90 * time.Minute)
		Expect(s.reserved()).To(Equal(int32(200)), "to delete a record is not to ask for a change")
		Expect(s.get(rem.Name).Status.Revert).To(BeNil())
		s.until("it is gone", 2*time.Hour, func() bool { return s.gone(rem.Name) })
		Expect(s.reserved()).To(Equal(int32(reactstocks.BackendReserved)))
		Expect(s.changed()).To(HaveLen(2))
		Expect(s.leases()).To(BeZero())
	})

	It("is not reverted by an operator that comes back after the approval's time: a person is asked", func() {
		s, rem := raised("1h")
		applied := metav1.NewTime(rem.Status.AppliedAt.Add(-time.Minute - time.Duration(rem.Status.Plan.RevertUntilSeconds)*time.Second))
		rem.Status.AppliedAt = &applied // a day of the world takes long to play
		Expect(s.Admin.Status().Update(s.ctx, rem)).To(Succeed())
		s.pass(time.Second)
		rem = s.ends(rem, 3*time.Hour)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionReverted, metav1.ConditionFalse, v1alpha1.ReasonRevertUntilPassed))
		Expect(s.reserved()).To(Equal(int32(200)))
	})
})

var _ = Describe("A change that is to be reverted while AWS is dead for good", func() {
	It("is left to a person when its approval covers the inverse no more, and its function is free", func() {
		s := begin()
		rem := s.asks(expiring("1h"))
		s.approves(rem)
		s.until("it is applied", patient, func() bool { return s.get(rem.Name).Status.AppliedAt != nil })
		rem = s.get(rem.Name)
		applied := metav1.NewTime(rem.Status.AppliedAt.Add(-time.Minute - time.Duration(rem.Status.Plan.RevertUntilSeconds)*time.Second))
		rem.Status.AppliedAt = &applied // a day of the world takes long to play
		Expect(s.Admin.Status().Update(s.ctx, rem)).To(Succeed())
		s.World.Outage("*", 24*time.Hour, faults.Unavailable())
		rem = s.ends(rem, time.Hour)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionReverted, metav1.ConditionFalse, v1alpha1.ReasonRevertUntilPassed))
		s.pass(time.Second)
		Expect(s.leases()).To(BeZero())
	})
})

func messageOf(rem *v1alpha1.Remediation, typ string) string {
	for _, c := range rem.Status.Conditions {
		if c.Type == typ {
			return c.Message
		}
	}
	return ""
}
