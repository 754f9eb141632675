package account

import (
	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// scope is what one Reconcile knows: the phases fill it, close writes it down.
type scope struct {
	before  *v1alpha1.AWSAccount // as read
	account *v1alpha1.AWSAccount

	troubles  []trouble // one for the account role and each grant that does not work, in the order of the spec
	confirmed bool      // every role was looked at
}

// trouble is what keeps the account role or a grant from working.
type trouble struct {
	of    string // for people, such as: grant "react-stocks"
	fault *fault.Fault
}

func newScope(account *v1alpha1.AWSAccount) *scope {
	return &scope{before: account.DeepCopy(), account: account}
}
