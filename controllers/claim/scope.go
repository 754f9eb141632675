package claim

import (
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/claim"
	"github.com/runbook-operator/runbook-operator/internal/fault"
)

// scope is what one Reconcile knows: the phases fill it, close writes it down.
type scope struct {
	before  *v1alpha1.AWSAccount // as read
	account *v1alpha1.AWSAccount
	now     time.Time // world time, in whole seconds: the precision of the API

	idle     bool         // need: there is nothing to act for
	found    *claim.Claim // look: as it is now; nil where it could not be told
	fault    *fault.Fault // look: why it could not be told, or not be written
	tolerate bool         // look: the fault is younger than what is known
	quiet    time.Time    // look: until when this cluster neither acts nor writes; zero: it may

	again time.Duration // when to look again; zero: whenever something changes
}

func (r *Reconciler) newScope(account *v1alpha1.AWSAccount) *scope {
	return &scope{before: account.DeepCopy(), account: account, now: r.Clock.Now().UTC().Truncate(time.Second)}
}
