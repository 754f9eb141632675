package incident_test

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var _ = Describe("An Incident proposes", func() {
	It("for an application whose name is longer than a label may be", func() {
		long := strings.Repeat("a", 200)
		s := begin(reactstocks.Steady, func(a *v1alpha1.ServerlessApplication) { a.Name = long })
		s.opens(of(long))
		Expect(s.remediations()).To(HaveLen(1))
		Expect(s.remediations()[0].Name).To(Equal(long + "-1-1"))
	})

	It("under a name that nobody has", func() {
		s := begin(reactstocks.Steady)
		ExpectApplied(s.ctx, s.Admin, builder.Remediation(s.Namespace, func(r *v1alpha1.Remediation) { r.Name = "by-hand-1" }))
		inc := s.opens()
		Expect(inc.Status.Remediations).To(ConsistOf(HaveField("Name", "by-hand-2")))
	})

	It("nothing more when a Remediation that was under way was deleted, and is not over", func() {
		s := begin(reactstocks.Steady)
		inc := s.opens()
		rem := s.remediations()[0]
		inc.Status.Remediations[0].Result = v1alpha1.ReasonObserving
		rem.Finalizers = nil
		Expect(s.Admin.Delete(s.ctx, &rem)).To(Succeed())
		Expect(s.Admin.Status().Update(s.ctx, inc)).To(Succeed())
		s.pass(10 * time.Minute)
		Expect(s.remediations()).To(BeEmpty())
		Expect(s.get(inc)).To(HaveCondition(v1alpha1.ConditionResolved, metav1.ConditionFalse, v1alpha1.ReasonHeldForPerson))
	})

	It("again when a plan that waited was deleted, under another name", func() {
		s := begin(reactstocks.Steady)
		inc := s.opens()
		Expect(s.Admin.Delete(s.ctx, &s.remediations()[0])).To(Succeed())
		s.pass(time.Minute)
		Expect(s.remediations()).To(ConsistOf(HaveField("Name", inc.Name+"-2")))
	})
})

var _ = Describe("An Incident whose Runbooks are not all well", func() {
	It("follows those that are Ready, and the other once it is", func() {
		s := begin(reactstocks.Steady)
		broken := runs(s.Namespace, "a-broken", func(r *v1alpha1.Runbook) { r.Spec.Diagnose[0].When = "nothing.at.all" })
		ExpectApplied(s.ctx, s.Admin, broken)
		s.pass(time.Second)
		inc := s.opens(signalled(reactstocks.BackendFunction, "a-broken", builder.ThrottlingRunbook))
		Expect(inc).To(HaveCondition(v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted))
		Expect(inc.Status.Runbooks).To(ConsistOf(HaveField("Name", builder.ThrottlingRunbook)))
		Expect(inc.Status.Causes).NotTo(BeEmpty())

		broken = ExpectExists(s.ctx, s.Admin, broken)
		broken.Spec.Diagnose[0].When = "fn.memoryMB > 0"
		Expect(s.Admin.Update(s.ctx, broken)).To(Succeed())
		s.pass(time.Minute)
		Expect(s.get(inc).Status.Runbooks).To(HaveLen(2))
	})

	It("waits where none is Ready, and goes on by itself", func() {
		s := begin(reactstocks.Steady)
		inc := s.opens(func(i *v1alpha1.Incident) { i.Spec.RunbookRefs[0].Name = "later" })
		Expect(inc).To(HaveCondition(v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonRunbookNotFound))
		ExpectApplied(s.ctx, s.Admin, runs(s.Namespace, "later"))
		s.pass(time.Minute)
		Expect(s.get(inc)).To(HaveCondition(v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted))
	})

	It("leaves out one that its status has no room for, and says so", func() {
		s := begin(reactstocks.Steady)
		large := func(name string, rules int) *v1alpha1.Runbook {
			return runs(s.Namespace, name, func(r *v1alpha1.Runbook) {
				rule := r.Spec.Diagnose[0]
				rule.Respond = v1alpha1.Response{Instruct: &v1alpha1.Instruction{Text: strings.Repeat("x", 2000)}}
				r.Spec.Diagnose = nil
				for i := range rules {
					rule.Cause = "Cause" + strings.Repeat("X", i)
					r.Spec.Diagnose = append(r.Spec.Diagnose, rule)
				}
			})
		}
		ExpectApplied(s.ctx, s.Admin, large("beyond", 30), large("first", 20), large("second", 20), large("third", 20))
		s.pass(time.Second)
		inc := s.opens(signalled(reactstocks.BackendFunction, "beyond", "first", "second", "third", builder.ThrottlingRunbook))
		Expect(inc).To(HaveCondition(v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted))
		Expect(inc.Status.Conditions).To(ContainElement(HaveField("Message", ContainSubstring("third (too many or too large)"))))
		Expect(inc.Status.Conditions).To(ContainElement(HaveField("Message", ContainSubstring("beyond (not Ready)"))), "it says itself why")
		Expect(inc.Status.Runbooks).To(ConsistOf(HaveField("Name", "first"), HaveField("Name", "second"), HaveField("Name", builder.ThrottlingRunbook)))
	})

	It("is written whatever the number and the length of the names that are gone", func() {
		s := begin(reactstocks.Steady)
		inc := s.opens(signalled(reactstocks.BackendFunction, builder.ThrottlingRunbook))
		for i := range 31 {
			sig := inc.Status.Signals[0]
			sig.AlarmName += strings.Repeat("y", i+1)
			sig.Runbooks = nil
			for j := range 8 {
				sig.Runbooks = append(sig.Runbooks, strings.Repeat("z", 200+i)+strings.Repeat("w", j+1))
			}
			inc.Status.Signals = append(inc.Status.Signals, sig)
		}
		Expect(s.Admin.Status().Update(s.ctx, inc)).To(Succeed())
		s.pass(time.Minute)
		Expect(s.get(inc).Status.Conditions).To(ContainElement(HaveField("Message", ContainSubstring("(deleted)"))))
		for _, step := range s.Driver.Trace() {
			Expect(step.Err).NotTo(HaveOccurred())
		}
	})
})

var _ = Describe("An Incident whose application changes", func() {
	It("goes on with the functions that are left", func() {
		s := begin(reactstocks.Steady)
		inc := s.opens(signalled(reactstocks.BackendFunction, builder.ThrottlingRunbook))
		gone := inc.Status.Signals[0]
		gone.AlarmName, gone.FunctionName = "another", "react-stocks-backend-prod-gone"
		inc.Status.Signals = append(inc.Status.Signals, gone)
		Expect(s.Admin.Status().Update(s.ctx, inc)).To(Succeed())
		s.pass(time.Minute)
		Expect(s.get(inc)).To(HaveCondition(v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted))
		Expect(s.get(inc).Status.Conditions).To(ContainElement(HaveField("Message", ContainSubstring("react-stocks-backend-prod-gone"))))
		Expect(s.get(inc).Status.Causes).NotTo(BeEmpty())
	})

	It("waits for one that is deleted, and goes on when it is back", func() {
		s := begin(reactstocks.Steady)
		app := builder.ServerlessApplication(s.Namespace)
		Expect(s.Admin.Delete(s.ctx, app)).To(Succeed())
		inc := s.opens()
		Expect(inc).To(HaveCondition(v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonApplicationNotFound))
		Expect(inc).To(HaveCondition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonApplicationNotFound))
		ExpectApplied(s.ctx, s.Admin, builder.ServerlessApplication(s.Namespace))
		s.pass(time.Minute)
		Expect(s.get(inc)).To(HaveCondition(v1alpha1.ConditionDiagnosed, metav1.ConditionTrue, "ReservedConcurrencyTooLow"))
		Expect(s.get(inc)).To(HaveNoCondition(v1alpha1.ConditionStalled))
	})
})

var _ = Describe("An Incident with a gap in its evidence", func() {
	It("is left alone while a change that it proposed waits", func() {
		s := begin(reactstocks.Steady)
		id := s.World.Faults().Add(faults.Rule{Action: "lambda:GetAccountSettings", Times: 1, Effect: faults.InternalError()})
		inc := s.opens()
		Expect(s.World.Faults().Fired(id)).To(Equal(1))
		Expect(inc).To(HaveCondition(v1alpha1.ConditionInvestigated, metav1.ConditionTrue, v1alpha1.ReasonWithGaps))
		Expect(s.remediations()).To(HaveLen(1))
		s.pass(2 * time.Minute)
		before := s.looks()
		s.pass(10 * time.Minute)
		Expect(s.looks()-before).To(BeNumerically("<", 10), "nothing happens in these ten minutes")
	})

	It("is read again half a minute later while nothing was proposed", func() {
		s := begin(reactstocks.Steady)
		s.World.Faults().Add(faults.Rule{Action: "lambda:GetFunction", Role: "runbook-operator-react-stocks", Times: 2, Effect: faults.InternalError()})
		inc := s.opens()
		Expect(inc).To(HaveCondition(v1alpha1.ConditionDiagnosed, metav1.ConditionFalse, v1alpha1.ReasonUndiagnosed))
		s.pass(2 * time.Minute)
		Expect(s.get(inc)).To(HaveCondition(v1alpha1.ConditionInvestigated, metav1.ConditionTrue, v1alpha1.ReasonComplete))
		Expect(s.remediations()).To(HaveLen(1))
	})
})

var _ = Describe("An Incident that a person opens", func() {
	It("is answered by a change that the function's own alarms prove", func() {
		s := begin(reactstocks.SlowDependency)
		ExpectApplied(s.ctx, s.Admin, runs(s.Namespace, "timeouts", func(r *v1alpha1.Runbook) {
			r.Spec.Diagnose[0].Respond.Remediate = []v1alpha1.ActionTemplate{{SetTimeout: &v1alpha1.SetTimeoutTemplate{Seconds: intstr.FromInt32(45)}}}
		}))
		s.pass(8 * time.Minute)
		s.opens(func(i *v1alpha1.Incident) {
			i.Spec.RunbookRefs[0].Name, i.Spec.Functions = "timeouts", []v1alpha1.FunctionName{reactstocks.NewsSyncFunction}
		})
		Expect(s.remediations()).To(HaveLen(1))
		Expect(s.remediations()[0].Status.Plan.Verification.Alarms).To(ConsistOf(reactstocks.TimeoutAlarm))
	})
})
