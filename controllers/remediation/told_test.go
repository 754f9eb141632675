package remediation_test

import (
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

// says returns the message of a condition of a Remediation.
func (s *story) says(name, typ string) string {
	for _, c := range s.get(name).Status.Conditions {
		if c.Type == typ {
			return c.Message
		}
	}
	return ""
}

var _ = Describe("What a Remediation says", func() {
	It("of a plan is until when it can be approved, and how to approve and to reject it", func() {
		s := begin()
		rem := s.asks()
		until := s.get(rem.Name).Status.Plan.ExpiresAt.UTC().Format(time.RFC3339)
		Expect(s.says(rem.Name, v1alpha1.ConditionApproved)).To(And(
			ContainSubstring("; they count until "+until),
			ContainSubstring(". To reject it, create the same with the decision Rejected. To approve it:\nkubectl create -f - <<'EOF'\n"),
		))
	})

	It("of a plan that replaces one upon which the function moved is what moved, in an event too", func() {
		s := begin()
		rem := s.asks()
		Expect(s.says(rem.Name, v1alpha1.ConditionPlanned)).NotTo(ContainSubstring("replaces"))
		_, err := s.byHand().PutFunctionConcurrency(s.ctx, &lambda.PutFunctionConcurrencyInput{
			FunctionName: awssdk.String(reactstocks.BackendFunction), ReservedConcurrentExecutions: awssdk.Int32(110),
		})
		Expect(err).NotTo(HaveOccurred())
		s.pass(6 * time.Minute)
		const why = "plan 1 does not hold any more: ReservedConcurrentExecutions of the function moved from 100 to 110"
		Expect(s.get(rem.Name).Status.Plan.Replaces).To(Equal(why))
		Expect(s.says(rem.Name, v1alpha1.ConditionPlanned)).To(HaveSuffix(". It replaces an earlier one: " + why))
		told := ExpectEvents(s.ctx, s.Admin, s.get(rem.Name), v1alpha1.ReasonPlanned)
		Expect(told).To(HaveLen(2))
		Expect(told[1].Note).To(HaveSuffix(why))
		s.pass(6 * time.Minute)
		Expect(s.says(rem.Name, v1alpha1.ConditionPlanned)).To(HaveSuffix(why), "for as long as the plan is the present one")
		Expect(ExpectEvents(s.ctx, s.Admin, s.get(rem.Name), v1alpha1.ReasonPlanned)).To(HaveLen(2))
	})

	It("of a plan that replaces one that expired is that, and so is why its approval counts no more", func() {
		s := begin()
		rem := s.asks()
		expired := s.get(rem.Name).Status.Plan.ExpiresAt.UTC().Format(time.RFC3339)
		old := s.get(rem.Name)
		s.pass(31 * time.Minute)
		person := environment.As(GinkgoTB(), rest.ImpersonationConfig{UserName: alice, Groups: []string{"system:authenticated"}})
		Expect(person.Create(s.ctx, builder.Approval(old))).To(Succeed())
		s.pass(time.Minute)
		why := "plan 1 expired at " + expired + ", and nothing else changed"
		Expect(s.says(rem.Name, v1alpha1.ConditionPlanned)).To(HaveSuffix(why))
		Expect(s.get(rem.Name).Status.Approvals).To(ConsistOf(And(HaveField("Counts", false), HaveField("Message", And(ContainSubstring("read plan 2"), HaveSuffix("; "+why))))))
	})

	It("of a call that AWS answered is that it takes effect, and not that its outcome is unknown", func() {
		s := begin()
		rem := s.asks(timing(reactstocks.NewsSyncFunction, 30))
		s.approves(rem)
		s.until("the update goes on", patient, func() bool {
			Expect(s.reason(rem.Name, v1alpha1.ConditionApplied)).NotTo(Equal(v1alpha1.ReasonOutcomeUnknown))
			return s.reason(rem.Name, v1alpha1.ConditionApplied) == v1alpha1.ReasonTakingEffect
		})
		Expect(s.get(rem.Name)).To(HaveCondition(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonTakingEffect))
		Expect(s.get(rem.Name).Status.Intents[0].Outcome).To(Equal(v1alpha1.OutcomeUnknown), "it is called applied when it was read back")
		s.until("it is applied", patient, func() bool { return s.get(rem.Name).Status.AppliedAt != nil })
	})

	It("while it is deleted and its change is not seen through is why it is still there", func() {
		s := begin()
		rem := s.asks()
		s.approves(rem)
		s.until("it is applied", patient, func() bool { return s.get(rem.Name).Status.AppliedAt != nil })
		Expect(s.get(rem.Name)).To(HaveNoCondition(v1alpha1.ConditionReconciling))
		Expect(s.Admin.Delete(s.ctx, rem)).To(Succeed())
		s.pass(time.Minute)
		Expect(s.get(rem.Name)).To(HaveCondition(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonDeleting))
		Expect(s.says(rem.Name, v1alpha1.ConditionSucceeded)).To(HavePrefix("it is deleted, and kept until its change is seen through: "))
	})
})
