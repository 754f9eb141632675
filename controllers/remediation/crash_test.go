package remediation_test

import (
	"context"
	"errors"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/middleware"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var errCrash = errors.New("the operator stopped here")

// newest returns the newest intent, or nil.
func newest(rem *v1alpha1.Remediation) *v1alpha1.Intent {
	if n := len(rem.Status.Intents); n > 0 {
		return &rem.Status.Intents[n-1]
	}
	return nil
}

// once returns a mind that deals with the first status write that a spec picks, and lets all others through.
func once(pick func(*v1alpha1.Remediation) bool, deal func(write func() error) error) func(*v1alpha1.Remediation, func() error) error {
	done := false
	return func(rem *v1alpha1.Remediation, write func() error) error {
		if done || !pick(rem) {
			return write()
		}
		done = true
		return deal(write)
	}
}

var (
	announcing = func(rem *v1alpha1.Remediation) bool {
		i := newest(rem)
		return i != nil && i.Outcome == v1alpha1.OutcomeUnknown
	}
	reporting = func(rem *v1alpha1.Remediation) bool {
		i := newest(rem)
		return i != nil && i.Outcome == v1alpha1.OutcomeApplied
	}
	never   = func(func() error) error { return errCrash }
	unheard = func(write func() error) error { return errors.Join(write(), errCrash) }
)

var _ = DescribeTable("A write that goes wrong, and an operator that starts again, change the function once",
	func(pick func(*v1alpha1.Remediation) bool, deal func(func() error) error, attempts []v1alpha1.Outcome) {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		failed := false
		s.mind.status = once(pick, func(write func() error) error { failed = true; return deal(write) })
		s.until("the write failed", patient, func() bool { return failed })
		s.Driver.Restart(s.controllers(s.Deps))
		rem = s.ends(rem, 30*time.Minute)
		s.expectAsUndisturbed(rem)
		Expect(outcomes(rem)).To(Equal(attempts))
		Expect(s.calls()).To(HaveLen(1))
	},
	Entry("the intent is refused: no call", announcing, never, []v1alpha1.Outcome{"Applied"}),
	Entry("the intent is written, and nobody hears of it: no call upon it", announcing, unheard, []v1alpha1.Outcome{"NotApplied", "Applied"}),
	Entry("the outcome is not written", reporting, never, []v1alpha1.Outcome{"Applied"}),
	Entry("the outcome is written, and nobody hears of it", reporting, unheard, []v1alpha1.Outcome{"Applied"}),
)

var _ = Describe("An operator that stops", func() {
	It("right after AWS refused finds out that nothing was changed, and makes the change once", func() {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.World.Faults().Add(faults.Rule{Action: put, Times: 1, Effect: faults.Effect{Throttle: true}})
		s.mind.status = once(func(rem *v1alpha1.Remediation) bool {
			i := newest(rem)
			return i != nil && i.Outcome == v1alpha1.OutcomeRefused
		}, never)
		rem = s.ends(rem, 30*time.Minute)
		s.expectAsUndisturbed(rem)
		Expect(outcomes(rem)).To(Equal([]v1alpha1.Outcome{v1alpha1.OutcomeNotApplied, v1alpha1.OutcomeApplied}))
	})

	It("for two hours in the middle of the verification looks through the whole window again", func() {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.until("there is an observation", patient, func() bool {
			v := s.get(rem.Name).Status.Verification
			return v != nil && v.Observations == 1
		})
		s.World.AdvanceTo(s.Clock.Now().Add(2 * time.Minute))
		s.Clock.Step(2 * time.Minute)
		s.Wall.Step(2 * time.Minute)
		s.Driver.Restart(s.controllers(s.Deps))
		rem = s.ends(rem, 30*time.Minute)
		s.expectAsUndisturbed(rem)
		v := rem.Status.Verification
		Expect(v.LargestGapSeconds).To(BeNumerically(">=", 120))
		Expect(v.GoodSince.After(v.FirstAt.Time)).To(BeTrue(), "what was good before the gap does not count")
	})
})

var _ = DescribeTable("A status that makes no sense ends the Remediation for a person, and does not stop the operator",
	func(spoil func(*v1alpha1.RemediationStatus)) {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.World.Faults().Add(faults.Rule{Action: put, Effect: faults.Effect{ResetBefore: true}})
		s.until("a call is on its way", patient, func() bool { return newest(s.get(rem.Name)) != nil })
		rem = s.get(rem.Name)
		spoil(&rem.Status)
		Expect(s.Admin.Status().Update(s.ctx, rem)).To(Succeed())
		rem = s.ends(rem, patient)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonHeld))
		s.until("it is let go", time.Minute, func() bool { return len(s.get(rem.Name).Finalizers) == 0 })
	},
	Entry("without a plan", func(st *v1alpha1.RemediationStatus) { st.Plan = nil }),
	Entry("without calls", func(st *v1alpha1.RemediationStatus) { st.Plan.Calls = []v1alpha1.PlannedCall{} }),
	Entry("with an intent of no call", func(st *v1alpha1.RemediationStatus) { st.Intents[0].Index = 3 }),
	Entry("with a negative intent", func(st *v1alpha1.RemediationStatus) { st.Intents[0].Index = -1 }),
	Entry("without what verification compares with", func(st *v1alpha1.RemediationStatus) { st.Verification = nil }),
	Entry("applied, and without a verification", func(st *v1alpha1.RemediationStatus) {
		st.Intents[0].Outcome, st.Verification, st.AppliedAt = v1alpha1.OutcomeApplied, nil, &st.Plan.PlannedAt
	}),
	Entry("applied, and nobody knows when", func(st *v1alpha1.RemediationStatus) {
		st.Intents[0].Outcome, st.AppliedAt = v1alpha1.OutcomeApplied, nil
	}),
)

var _ = Describe("A call whose outcome cannot be read", func() {
	begun := func() (*story, *v1alpha1.Remediation) {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.World.Faults().Add(faults.Rule{Action: put, Effect: faults.Effect{ResetBefore: true}})
		s.until("a call is on its way", patient, func() bool { return newest(s.get(rem.Name)) != nil })
		return s, rem
	}

	It("ends as diverged when the function is gone", func() {
		s, rem := begun()
		s.World.RemoveFunction(reactstocks.BackendFunction)
		rem = s.ends(rem, patient)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonDiverged))
		Expect(outcomes(rem)).To(Equal([]v1alpha1.Outcome{v1alpha1.OutcomeDiverged}))
	})

	It("is not taken for one that never arrived upon an old answer that was long on its way", func() {
		var slow func()
		s := beginWith(aws.Options{Load: []func(*config.LoadOptions) error{config.WithAPIOptions([]func(*middleware.Stack) error{
			func(stack *middleware.Stack) error {
				return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("Slow", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
					out, metadata, err := next.HandleFinalize(ctx, in)
					if slow != nil && awsmiddleware.GetOperationName(ctx) == "GetFunction" {
						slow()
					}
					return out, metadata, err
				}), middleware.Before)
			},
		})}})
		rem := s.asks()
		s.approves(rem)
		s.World.Faults().Add(faults.Rule{Action: put, Times: 1, Effect: faults.Effect{ResetAfter: true}})
		s.World.Faults().Add(faults.Rule{Action: "lambda:GetFunction*", Role: reactstocks.GrantRole, Effect: faults.Effect{Stale: 20 * time.Second}})
		s.until("the call is made", patient, func() bool { return len(s.calls()) == 1 })
		answers := 0
		slow = func() { answers++; slow = nil; s.Wall.Step(45 * time.Second) }
		s.pass(5 * time.Second)
		Expect(answers).To(Equal(1))
		Expect(outcomes(s.get(rem.Name))).To(Equal([]v1alpha1.Outcome{v1alpha1.OutcomeUnknown}))
	})

	It("ends as diverged when somebody put back what it wrote before anybody read it", func() {
		s := begin()
		rem := s.asks(timing(reactstocks.NewsSyncFunction, 45))
		s.approves(rem)
		s.World.Faults().Add(faults.Rule{Action: update, Role: reactstocks.GrantRole, Effect: faults.Effect{ResetAfter: true}})
		s.until("the call is made", patient, func() bool { return len(s.calls()) == 1 })
		Expect(s.get(rem.Name)).To(HaveCondition(v1alpha1.ConditionApplied, metav1.ConditionFalse, v1alpha1.ReasonOutcomeUnknown))
		s.Driver.Restart(s.controllers(s.Deps))
		away := 5 * time.Minute
		s.Wall.Step(away)
		s.Clock.Step(away)
		s.World.AdvanceTo(s.Clock.Now())
		Expect(s.timeout()).To(Equal(int32(45)))
		s.setTimeout(10)
		rem = s.ends(rem, patient)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonDiverged))
		Expect(s.calls()).To(HaveLen(1), "an approval is for one change")
		Expect(s.timeout()).To(Equal(int32(10)))
	})

	It("stays unknown, is never repeated, and is given to a person when the role is taken away for good", func() {
		s, rem := begun()
		nothing := iam.Allow("cloudwatch:DescribeAlarms")
		s.World.IAM().SetRolePolicy(reactstocks.GrantRoleARN, &nothing)
		s.pass(30 * time.Minute)
		Expect(s.get(rem.Name).Status.EndedAt).To(BeNil(), "a role that comes back within the hour tells")
		Expect(s.get(rem.Name)).To(HaveCondition(v1alpha1.ConditionApplied, metav1.ConditionFalse, v1alpha1.ReasonOutcomeUnknown))
		Expect(s.Admin.Delete(s.ctx, s.get(rem.Name))).To(Succeed())
		s.until("it is let go", 2*time.Hour, func() bool { return s.gone(rem.Name) })
		Expect(s.calls()).To(HaveLen(1))
		Expect(s.leases()).To(BeZero())
	})
})
