package remediation_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/account"
	"github.com/runbook-operator/runbook-operator/controllers/application"
	"github.com/runbook-operator/runbook-operator/controllers/claim"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/controllers/remediation"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

// leads lets the operator believe that it leads for so long, from now on.
func (s *story) leads(left *time.Duration) {
	GinkgoHelper()
	d := s.Deps
	d.Leadership = func() time.Duration { return *left }
	s.Driver.Controllers = []controller.Controller{account.New(d), claim.New(d), application.New(d), remediation.New(d)}
}

var _ = Describe("A process that may not lead any more", func() {
	It("begins no call that could outlast its Lease, says so, and goes on when it leads for long enough", func() {
		s := begin()
		left := 4 * time.Second // less than any call needs
		s.leads(&left)
		rem := s.asks()
		s.approves(rem)
		s.pass(time.Minute)
		Expect(s.get(rem.Name)).To(HaveCondition(v1alpha1.ConditionApplied, "False", v1alpha1.ReasonNotLeading))
		Expect(s.get(rem.Name).Status.Intents).To(BeEmpty())
		Expect(s.calls()).To(BeEmpty())

		left = 7 * time.Second
		before := s.Wall.Now()
		s.until("the call is made", patient, func() bool { return len(s.get(rem.Name).Status.Intents) == 1 })
		intent := s.get(rem.Name).Status.Intents[0]
		Expect(intent.NotAfter.Time).To(BeTemporally("<=", s.Wall.Now().Add(left)), "the call is over before the Lease is")
		Expect(intent.NotAfter.Time).To(BeTemporally(">", before))
		Expect(s.changed()).To(HaveLen(1))
	})

	It("leaves the Lease of the function alone", func() {
		s := begin()
		left := time.Hour
		s.leads(&left)
		rem := s.asks()
		s.approves(rem)
		s.until("the change is made", patient, func() bool { return s.reason(rem.Name, v1alpha1.ConditionApplied) == v1alpha1.ReasonApplied })
		Expect(s.Admin.DeleteAllOf(s.ctx, &coordinationv1.Lease{}, client.InNamespace(s.OperatorNamespace))).To(Succeed())
		left = 0
		s.until("it looks once", patient, func() bool { return s.get(rem.Name).Status.Verification.Observations == 1 })
		Expect(s.leases()).To(BeZero(), "another process may have ended the change meanwhile")
	})
})
