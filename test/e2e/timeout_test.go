package e2e

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

// timeout asks for another timeout of a function, by hand.
func (w *walk) timeout(function v1alpha1.FunctionName, seconds int32) {
	ExpectApplied(w.ctx, w.Admin, builder.Remediation(w.Namespace, func(r *v1alpha1.Remediation) {
		r.Spec.Target.FunctionName = function
		r.Spec.Action = v1alpha1.Action{SetTimeout: &v1alpha1.SetTimeout{Seconds: seconds}}
	}))
}

var _ = Describe("A timeout", func() {
	It("that a person asks for is raised once and proved by the function's own alarms", func() {
		w := begin(reactstocks.SlowDependency)
		Expect(w.Driver.RunFor(w.ctx, 10*time.Minute)).To(Succeed())
		w.timeout(reactstocks.NewsSyncFunction, 45)
		rem := w.proposed()
		Expect(rem.Status.Plan.Summary).To(ContainSubstring("10"))
		Expect(rem.Status.Plan.Verification.Alarms).To(ContainElement(reactstocks.TimeoutAlarm))

		Expect(w.approve(carol, rem)).To(Succeed())
		rem = w.ended(time.Hour)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionTrue, v1alpha1.ReasonSucceeded))
		Expect(rem.Status.Intents).To(HaveLen(1))
		Expect(rem.Status.Intents[0].RevisionID).NotTo(BeEmpty(), "the call is conditional on the revision that was read")
		changes := w.changes()
		Expect(changes).To(HaveLen(1))
		Expect(changes[0].Action()).To(Equal("lambda:UpdateFunctionConfiguration"))
		Expect(changes[0].Changed).To(BeTrue())
	})

	It("of a function that is called through an alias is not planned", func() {
		w := begin(reactstocks.Steady)
		w.timeout(reactstocks.BackendFunction, 45)
		rem := w.ended(patient)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionPlanned, metav1.ConditionFalse, v1alpha1.ReasonAliasServesVersion))
		ExpectEvents(w.ctx, w.Admin, rem, v1alpha1.ReasonAliasServesVersion)
		w.expectNothingChanged()
	})

	It("is not planned while nobody says how long the caller waits, nor beyond that", func() {
		w := begin(reactstocks.Steady, func(a *v1alpha1.ServerlessApplication) { a.Spec.Functions[1].CallerTimeout = "" })
		w.timeout(reactstocks.NewsSyncFunction, 45)
		w.until("it says what is missing", patient, func() bool { return w.reason(v1alpha1.ConditionPlanned) == v1alpha1.ReasonCallerTimeoutUnknown })
		Expect(w.remediation()).To(HaveCondition(v1alpha1.ConditionPlanned, metav1.ConditionFalse, v1alpha1.ReasonCallerTimeoutUnknown))
		w.expectNothingChanged()

		w = begin(reactstocks.Steady)
		w.timeout(reactstocks.NewsSyncFunction, 61)
		Expect(w.ended(patient)).To(HaveCondition(v1alpha1.ConditionPlanned, metav1.ConditionFalse, v1alpha1.ReasonBeyondCallerTimeout))
		w.expectNothingChanged()
	})
})
