package detection

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
)

// scope is what one Reconcile knows: the phases fill it, close writes it down.
type scope struct {
	before  *v1alpha1.AWSAccount // as read
	account *v1alpha1.AWSAccount
	now     time.Time // world time at the start

	applications []*application                             // of the account, in all namespaces
	siblings     []*application                             // of other AWSAccounts of the same account: to place alarms only
	runbooks     map[types.NamespacedName]*v1alpha1.Runbook // by name, nil where gone
	readings     []*reading                                 // one for each Region
	again        time.Duration                              // when to go on, if sooner than at the interval
	regions      map[v1alpha1.Region]*facts                 // of the Regions that were read
	unmatched    []string                                   // alarms of no application that is watched
	finished     bool                                       // every phase ran
}

// application is a ServerlessApplication of the account, as this Reconcile sees it.
type application struct {
	object    *v1alpha1.ServerlessApplication
	ready     bool       // Ready, and its grant holds now
	access    aws.Access // of the account role in its Region, where ready
	incidents []v1alpha1.Incident
	runbooks  []*v1alpha1.Runbook // that apply, where ready

	owned     []owned  // alarms in ALARM, or that were, that are its alone
	ambiguous []owned  // those that are another's as well
	unplaced  []string // of its own, those that no Runbook is for or that no Incident has room for
	failed    bool     // what was decided could not be written in full
	unsettled bool     // a Runbook of its list is gone or was edited: the list is about to follow
}

// key names the application.
func (a *application) key() types.NamespacedName {
	return types.NamespacedName{Namespace: a.object.Namespace, Name: a.object.Name}
}

func (r *Reconciler) newScope(account *v1alpha1.AWSAccount) *scope {
	return &scope{
		before: account.DeepCopy(), account: account, now: r.Clock.Now(),
		runbooks: map[types.NamespacedName]*v1alpha1.Runbook{},
		regions:  map[v1alpha1.Region]*facts{},
	}
}
