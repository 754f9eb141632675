package detection

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

func TestWhyMessagesCannotBeDeletedIsKeptUntilOneIs(t *testing.T) {
	g := NewWithT(t)
	denied := fault.New(fault.Blocked, v1alpha1.ReasonAccessDenied, "allow sqs:DeleteMessage")
	u := &undeleted{}
	g.Expect(u.of("a")).To(Succeed())
	u.tried("a", denied)
	g.Expect(u.of("a")).To(Equal(denied))
	g.Expect(u.of("b")).To(Succeed(), "of another queue")
	u.tried("a", nil)
	g.Expect(u.of("a")).To(Succeed())
	u.tried("a", fault.New(fault.Transient, v1alpha1.ReasonAWSUnavailable, "no answer"))
	g.Expect(u.of("a")).To(Succeed(), "that passes by itself")
}
