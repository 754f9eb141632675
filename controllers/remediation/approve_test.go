package remediation_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var _ = Describe("An Approval that does not count", func() {
	It("is named in the condition with the reason, and told in one event, however often it is looked at", func() {
		s := begin()
		rem := s.asks()
		person := environment.As(GinkgoTB(), rest.ImpersonationConfig{UserName: alice, Groups: []string{"system:authenticated"}})
		other := builder.Approval(rem, func(a *v1alpha1.Approval) {
			a.GenerateName, a.Name, a.Spec.RemediationRef.UID = "", "of-another", "another"
		})
		Expect(person.Create(s.ctx, other)).To(Succeed())
		s.pass(20 * time.Minute)

		message := meta.FindStatusCondition(s.get(rem.Name).Status.Conditions, v1alpha1.ConditionApproved).Message
		Expect(message).To(ContainSubstring("; Approval of-another does not count: it is for another Remediation of this name, with the UID another"))
		told := ExpectEvents(s.ctx, s.Admin, rem, v1alpha1.ReasonNotCounted)
		Expect(told).To(HaveLen(1))
		Expect(told[0].Type).To(Equal("Warning"))
		Expect(told[0].Note).To(HavePrefix("Approval of-another does not count: it is for another Remediation of this name"))
		Expect(s.calls()).To(BeEmpty())
	})
})
