package account

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

func TestWhatNeedsAPersonIsShownFirst(t *testing.T) {
	g := NewWithT(t)
	slow := trouble{`grant "slow"`, fault.New(fault.Transient, v1alpha1.ReasonAWSUnavailable, "STS does not answer")}
	denied := trouble{`grant "denied"`, fault.New(fault.Blocked, v1alpha1.ReasonAccessDenied, "let the role trust the operator")}
	g.Expect(gravest([]trouble{slow, denied}).Reason).To(Equal(v1alpha1.ReasonAccessDenied))
	g.Expect(gravest([]trouble{slow}).Reason).To(Equal(v1alpha1.ReasonAWSUnavailable))
	g.Expect(describe([]trouble{slow, denied})).To(Equal(
		`grant "slow": STS does not answer; grant "denied": let the role trust the operator`))
}

func TestTheConditionStaysReadableWithManyGrants(t *testing.T) {
	g := NewWithT(t)
	var list []trouble
	for i := range 64 {
		list = append(list, trouble{fmt.Sprintf("grant %q", fmt.Sprint(i)), fault.New(fault.Blocked, v1alpha1.ReasonAccessDenied, "denied")})
	}
	g.Expect(describe(list)).To(HaveSuffix(`grant "7": denied; and 56 more`))
}
