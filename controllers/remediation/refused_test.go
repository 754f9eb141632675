package remediation_test

import (
	"time"

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

// briefly gives a Remediation up so soon after the start of its story that it ends while another is under way.
func (s *story) briefly(r *v1alpha1.Remediation) {
	r.Spec.NotAfter = metav1.NewTime(s.Clock.Now().Add(15 * time.Minute))
}

var _ = Describe("A Remediation that makes no sense here", func() {
	It("because its Incident is another of the same name ends, and says so", func() {
		s := begin()
		inc := builder.Incident(s.Namespace)
		Expect(s.Admin.Create(s.ctx, inc)).To(Succeed())
		rem := builder.Remediation(s.Namespace, func(r *v1alpha1.Remediation) {
			r.Spec.IncidentRef = &v1alpha1.UIDReference{Name: inc.Name, UID: "11111111-2222-3333-4444-555555555555"}
		})
		Expect(s.Admin.Create(s.ctx, rem)).To(Succeed())
		rem = s.ends(rem, patient)
		message := "Incident by-hand is there, and its uid is " + string(inc.UID) +
			", not that of spec.incidentRef: nothing was changed; create a new Remediation if it is for this Incident"
		for _, typ := range []string{v1alpha1.ConditionAccepted, v1alpha1.ConditionSucceeded} {
			Expect(rem).To(HaveCondition(typ, metav1.ConditionFalse, v1alpha1.ReasonIncidentNotFound))
			Expect(meta.FindStatusCondition(rem.Status.Conditions, typ).Message).To(Equal(message))
		}
		Expect(rem.Status.Plan).To(BeNil())
	})

	It("because its time was over before anybody looked at it was not accepted", func() {
		s := begin()
		rem := builder.Remediation(s.Namespace, func(r *v1alpha1.Remediation) { r.Spec.NotAfter = metav1.NewTime(s.Clock.Now().Add(-time.Minute)) })
		Expect(s.Admin.Create(s.ctx, rem)).To(Succeed())
		rem = s.ends(rem, patient)
		Expect(rem).To(HaveCondition(v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonExpired))
		Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonExpired))
	})

	It("is Stalled until somebody mends that", func() {
		s := begin()
		app := builder.ServerlessApplication(s.Namespace)
		Expect(s.Admin.Delete(s.ctx, app)).To(Succeed())
		rem := builder.Remediation(s.Namespace)
		Expect(s.Admin.Create(s.ctx, rem)).To(Succeed())
		s.pass(time.Minute)
		Expect(s.get(rem.Name)).To(HaveCondition(v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonApplicationNotFound))
		Expect(s.get(rem.Name)).To(HaveCondition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonApplicationNotFound))

		ExpectApplied(s.ctx, s.Admin, builder.ServerlessApplication(s.Namespace))
		s.until("it is accepted", time.Hour, func() bool { return s.reason(rem.Name, v1alpha1.ConditionAccepted) == v1alpha1.ReasonAccepted })
		Expect(s.get(rem.Name)).To(HaveNoCondition(v1alpha1.ConditionStalled))
	})
})

var _ = Describe("A Remediation whose time ended while it waited for its turn", func() {
	It("promises no turn any more", func() {
		s := begin()
		first := s.asks(named("a"), reserving(reactstocks.BackendFunction, 200))
		second := s.asks(named("b"), reserving(reactstocks.NewsSyncFunction, 20), s.briefly)
		s.World.Faults().Add(faults.Rule{Action: "lambda:GetFunction*", Role: role, Effect: faults.Effect{Stale: 10 * time.Second}})
		s.approves(first)
		s.until("the first one's outcome is open", patient, func() bool { return s.reason("a", v1alpha1.ConditionApplied) == v1alpha1.ReasonTakingEffect })
		s.World.Faults().Add(faults.Rule{Action: "lambda:GetFunction*", Role: role, Effect: faults.Effect{ResetBefore: true}}) // and stays open
		s.approves(second)
		s.until("the second waits for its turn", patient, func() bool { return s.reason("b", v1alpha1.ConditionApplied) == v1alpha1.ReasonTargetBusy })
		second = s.ends(second, 20*time.Minute)
		Expect(second).To(HaveCondition(v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonExpired))
		Expect(second).To(HaveCondition(v1alpha1.ConditionApplied, metav1.ConditionFalse, v1alpha1.ReasonNotBegun))
		Expect(meta.FindStatusCondition(second.Status.Conditions, v1alpha1.ConditionApplied).Message).To(Equal("no call was made"))
	})
})
