package approval

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// misplaced says why an Approval, whatever its decision, is not about the present plan or not of a person; "" where
// it is both.
func misplaced(in Input, plan *v1alpha1.Plan, a v1alpha1.Approval) string {
	rem, spec := in.Remediation, a.Spec
	action := rem.Spec.Action.Name()
	switch {
	case spec.RemediationRef.UID != string(rem.UID):
		return fmt.Sprintf("it is for another Remediation of this name, with the UID %s: create an Approval for %s",
			spec.RemediationRef.UID, rem.UID)
	case spec.Action != action:
		return fmt.Sprintf("it is for the action %s, and this is %s", spec.Action, action)
	case spec.PlanDigest != plan.Digest:
		return fmt.Sprintf("it is for another plan (%s): read plan %d (%s) and create an Approval for it",
			shortDigest(spec.PlanDigest), plan.Number, shortDigest(plan.Digest)) + because(plan.Replaces)
	case spec.Approver == nil || spec.Approver.Username == "":
		return "it does not say who approves: it was created while the admission policies were not in force"
	case !isPerson(*spec.Approver):
		return fmt.Sprintf("%s is not a person", spec.Approver.Username)
	}
	return ""
}

// refused says why an Approval of the present plan does not count; "" where it does.
func refused(in Input, plan *v1alpha1.Plan, a v1alpha1.Approval, t tally) string {
	person, rem := *a.Spec.Approver, in.Remediation
	if a.DeletionTimestamp != nil {
		return "it is being deleted"
	}
	if !in.Policy.AllowRequester {
		if why := requested(in, person); why != "" {
			return why
		}
	}
	// Nothing that was created before the policies were in force, or that cannot be told from it, counts. The
	// creation time is the API server's, on the wall as SettledAt.
	if !a.CreationTimestamp.After(in.Admission.SettledAt) {
		return fmt.Sprintf("it was created too early: until %s, %d s after the admission policies were first seen in force, no Approval counts: create another Approval",
			in.Admission.SettledAt.UTC().Format(time.RFC3339), int(settle.Seconds()))
	}
	if outcome, used := usedUp(rem, plan, a.Name); used {
		return fmt.Sprintf("it was used for an attempt whose outcome is %s: an Approval is for one change", outcome)
	}
	if !in.May[a.Name] {
		return fmt.Sprintf("%s may not approve remediations/%s in namespace %s any more",
			person.Username, rem.Spec.Action.Name(), rem.Namespace)
	}
	for i, other := range t.people {
		if !different(other, person) {
			return fmt.Sprintf("%s approved already with %s", person.Username, t.names[i])
		}
	}
	return ""
}

// because appends why the present plan replaced another one, where that is known.
func because(replaces string) string {
	if replaces == "" {
		return ""
	}
	return "; " + replaces
}

// request is one thing without which the change would not have been proposed, and whose author may not approve it.
type request struct {
	what   string // the object, for people
	did    string // what its author did
	remedy string // where nobody knows who that is
	by     *v1alpha1.Person
	at     time.Time // when it was created
}

// requests returns who asked for a change: by the Remediation itself, or by the Incident that the operator proposed it
// for. Who opens an Incident by hand chooses its Runbooks, and so the change.
func requests(in Input) []request {
	rem := in.Remediation
	asked := []request{{"the Remediation", "asked for the change", "delete it and create it again", rem.Spec.RequestedBy, rem.CreationTimestamp.Time}}
	if rem.Spec.IncidentRef != nil && metav1.GetControllerOf(rem) != nil {
		asked[0].remedy = fmt.Sprintf("delete it, and the operator proposes the change again: kubectl delete remediation %s -n %s", rem.Name, rem.Namespace)
	}
	if inc := in.Incident; inc != nil {
		of := request{"the Incident", "opened the Incident", "create a Remediation that names no Incident, with the same action, and reject or delete this one", inc.Spec.RequestedBy, inc.CreationTimestamp.Time}
		if unknown(in, of) != "" {
			asked[0].remedy = of.remedy // another one for the same Incident would be no better
		}
		asked = append(asked, of)
	}
	return asked
}

// unknown says that nobody knows who asked for a change, so that whoever approves it may have; "" where it is known.
func unknown(in Input, r request) string {
	switch {
	case r.by == nil:
		return fmt.Sprintf("nobody knows who %s, and whoever did may not approve the change: %s was created while the admission policies were not in force: %s", r.did, r.what, r.remedy)
	case r.at.Before(in.Admission.RequestersSince):
		return fmt.Sprintf("nobody knows who %s, and whoever did may not approve the change: %s was created before %s, when the admission policies were first seen in force: %s",
			r.did, r.what, in.Admission.RequestersSince.UTC().Format(time.RFC3339), r.remedy)
	}
	return ""
}

// unapprovable says why nobody at all can approve the change of a Remediation, and what to do instead; "" where somebody
// can.
func unapprovable(in Input) string {
	if in.Policy.AllowRequester {
		return ""
	}
	for _, r := range requests(in) {
		if why := unknown(in, r); why != "" {
			return why
		}
	}
	return ""
}

// requested says why a person may not approve because they asked for the change, or because nobody knows who did; "" where
// it is known that somebody else did.
func requested(in Input, person v1alpha1.Person) string {
	if ref := in.Remediation.Spec.IncidentRef; ref != nil && in.Incident == nil {
		return fmt.Sprintf("nobody knows who opened Incident %s, which is gone, and whoever did may not approve the change", ref.Name)
	}
	for _, r := range requests(in) {
		if why := unknown(in, r); why != "" {
			return why
		}
		if !different(*r.by, person) {
			return fmt.Sprintf("%s %s, and somebody else has to approve it", person.Username, r.did)
		}
	}
	return ""
}

// usedUp says whether a change was made, or may have been made, upon an Approval. A call that AWS refused, or that
// was seen not to have arrived, uses nothing up. Approvals cover each call of their plan once.
func usedUp(rem *v1alpha1.Remediation, plan *v1alpha1.Plan, approval string) (v1alpha1.Outcome, bool) {
	applied := 0
	for _, intent := range rem.Status.Intents {
		ofPlan := intent.PlanNumber == plan.Number
		if !ofPlan && !slices.Contains(intent.Approvals, approval) {
			continue
		}
		switch {
		case intent.Outcome == v1alpha1.OutcomeNotApplied, intent.Outcome == v1alpha1.OutcomeRefused:
			continue
		case intent.Outcome == v1alpha1.OutcomeApplied && ofPlan:
			if applied++; applied < len(plan.Calls) {
				continue
			}
		}
		return intent.Outcome, true
	}
	return "", false
}

// isPerson says whether a user is none of the names that Kubernetes keeps for itself: service accounts, nodes and
// components (Kubernetes documentation, Authenticating: the prefix system:).
func isPerson(p v1alpha1.Person) bool {
	return !strings.HasPrefix(p.Username, "system:")
}

// different says whether two records are proved to be of two people: by the username, or by a claim that both have
// with different values. Where one has no claims, they cannot be told apart, and count as one.
func different(a, b v1alpha1.Person) bool {
	if a.Username != b.Username {
		return true
	}
	for _, x := range a.Extra {
		for _, y := range b.Extra {
			if x.Key == y.Key && !slices.Equal(x.Values, y.Values) {
				return true
			}
		}
	}
	return false
}
