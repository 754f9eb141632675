// Package remediation owns the life of one change: plan, approval, guard, gate, intent, call, observation, verification
// and, where the change did not help or expired, its inverse by the same way. It must not call the AWS SDK, nor repeat a
// call whose outcome it does not know.
package remediation

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/internal/alarms"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/lease"
	"github.com/runbook-operator/runbook-operator/internal/phase"
)

// Reconciler moves Remediations forward.
type Reconciler struct {
	controller.Deps
	approvals approval.Reviewer
	locks     lease.Locker
	mutes     *alarms.MuteRules
	listing   *alarms.Listing
}

// New returns the controller of Remediations.
func New(d controller.Deps) controller.Controller {
	policies, err := approval.NewAdmissionPolicies(d.APIReader, d.Client, d.Namespace, d.Wall, nil)
	if err != nil {
		panic(err) // the manifests are part of the binary: a broken build must not start
	}
	r := &Reconciler{
		Deps:      d,
		approvals: approval.Reviewer{Reader: d.APIReader, Policies: policies, Authorizer: approval.Authorizer{Client: d.Client}},
		locks:     lease.Locker{Client: d.Client, Reader: d.APIReader, Namespace: d.Namespace},
		mutes:     &alarms.MuteRules{},
		listing:   &alarms.Listing{},
	}
	return controller.Controller{
		Name:   "remediation",
		Object: &v1alpha1.Remediation{},
		Watches: []controller.Watch{
			{Object: &v1alpha1.Approval{}, Requests: ofApproval},
			{Object: &v1alpha1.Incident{}, Requests: r.ofIncident},
			{Object: &v1alpha1.ServerlessApplication{}, Requests: r.ofApplication},
		},
		Reconciler: reconcile.AsReconciler(d.Client, r),
	}
}

// +kubebuilder:rbac:groups=runbook-operator.io,resources=remediations,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=runbook-operator.io,resources=remediations/status,verbs=update
// +kubebuilder:rbac:groups=runbook-operator.io,resources=approvals;incidents;serverlessapplications;changepolicies;awsaccounts,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=validatingadmissionpolicies;validatingadmissionpolicybindings;mutatingadmissionpolicies;mutatingadmissionpolicybindings,verbs=get
// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,namespace=runbook-operator-system,verbs=get;create;update;delete
// +kubebuilder:rbac:groups="",resources=configmaps,namespace=runbook-operator-system,verbs=get;create;update

// Reconcile moves one Remediation forward by as many phases as are ready. Status is written once, by close, and by
// the intent before the call it announces.
func (r *Reconciler) Reconcile(ctx context.Context, rem *v1alpha1.Remediation) (res reconcile.Result, err error) {
	if Over(rem) {
		return res, nil
	}
	ctx, done := outlast(ctx) // deadline.go: a call that began is seen through
	defer done()
	s := r.newScope(rem)
	defer func() { res, err = r.close(ctx, s, err) }() // close.go

	if rem.Status.EndedAt != nil {
		return res, r.finish(ctx, s) // finish.go: give back Leases and finalizer
	}
	return res, phase.Run(ctx, s,
		r.abandon,  // finish.go     a Remediation that is deleted before anything began
		r.trust,    // finish.go     a status that cannot be
		r.load,     // load.go       what must be true now, read live
		r.letGo,    // letgo.go      one that is deleted and cannot be seen through
		r.accept,   // accept.go     Accepted
		r.withdraw, // accept.go     nothing began and the application recovered
		r.hear,     // approve.go    what people said of the present plan
		r.turn,     // turn.go       of approved changes of one pool, one at a time
		r.plan,     // plan.go       Planned: calls, digest, expiry
		r.approve,  // approve.go    Approved: people
		r.guard,    // guard.go      mode, cause, Leases
		r.gate,     // gate.go       identity, approvals and live state, immediately before
		r.change,   // change.go     intent, then the call
		r.observe,  // observe.go    Applied: read back
		r.expire,   // revert.go     its time is over
		r.verify,   // verify.go     Verified, Succeeded
		r.revert,   // revert.go     the inverse calls, of a change that failed or expired
		r.prove,    // prove.go      Reverted
	)
}

// Over says whether a Remediation ended and gave everything back: it is never written again, and the cache keeps only a
// part of it.
func Over(rem *v1alpha1.Remediation) bool {
	return rem.Status.EndedAt != nil && !controllerutil.ContainsFinalizer(rem, v1alpha1.FinalizerChange)
}

func ofApproval(_ context.Context, o client.Object) []reconcile.Request {
	a, ok := o.(*v1alpha1.Approval)
	if !ok {
		return nil
	}
	return []reconcile.Request{controller.Request(a.Namespace, a.Spec.RemediationRef.Name)}
}

func (r *Reconciler) ofIncident(ctx context.Context, o client.Object) []reconcile.Request {
	inc, ok := o.(*v1alpha1.Incident)
	if !ok {
		return nil
	}
	return r.open(ctx, o.GetNamespace(), inc.Spec.ApplicationRef.Name, func(rem v1alpha1.Remediation) bool {
		return rem.Spec.IncidentRef != nil && rem.Spec.IncidentRef.Name == o.GetName()
	})
}

func (r *Reconciler) ofApplication(ctx context.Context, o client.Object) []reconcile.Request {
	return r.open(ctx, o.GetNamespace(), o.GetName(), func(v1alpha1.Remediation) bool { return true })
}

// open lists the Remediations of an application that have not ended.
func (r *Reconciler) open(ctx context.Context, namespace, application string, pick func(v1alpha1.Remediation) bool) []reconcile.Request {
	var list v1alpha1.RemediationList
	if err := r.Client.List(ctx, &list, client.InNamespace(namespace), client.MatchingFields{"spec.applicationRef.name": application}); err != nil {
		return nil // the watch's cache is the list's; every waiting Remediation also wakes itself
	}
	var out []reconcile.Request
	for _, rem := range list.Items {
		if rem.Status.EndedAt == nil && pick(rem) {
			out = append(out, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: rem.Name}})
		}
	}
	return out
}
