package approval

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// State says whether a plan may be carried out. Each is the reason of the condition Approved.
type State string

const (
	// Approved says that enough people approved the present plan.
	Approved State = v1alpha1.ReasonApproved
	// Awaiting says that more people have to approve it.
	Awaiting State = v1alpha1.ReasonAwaitingApproval
	// Rejected says that a person rejected it.
	Rejected State = v1alpha1.ReasonRejected
	// Expired says that its time ran out.
	Expired State = v1alpha1.ReasonExpired
	// PoliciesChanged says that the admission policies are not as shipped, so that no approval counts.
	PoliciesChanged State = v1alpha1.ReasonPoliciesChanged
)

const (
	// maxCounted is how many approvals a Remediation's status lists.
	maxCounted = 16
	// maxNamed is how many approvals an intent names.
	maxNamed = 5
	// maxMessage is how many bytes of a message status holds.
	maxMessage = 512
)

// Input is everything that a decision is made upon.
type Input struct {
	// Remediation with the present plan and the intents.
	Remediation *v1alpha1.Remediation
	// Incident that it is for, as it is now; nil where it is for none, or where that one is gone.
	Incident *v1alpha1.Incident
	// Approvals of the namespace, read before Admission; those that name another Remediation are left out.
	Approvals []v1alpha1.Approval
	// Policy is the stricter of the pinned and the present ChangePolicy.
	Policy v1alpha1.PinnedPolicy
	// Now in world time, as the plan's times.
	Now time.Time
	// Admission says whether approvals can be believed.
	Admission Admission
	// May says, by the name of an Approval, whether its person may approve now. Without an entry: no.
	May map[string]bool
}

// Verdict on a plan.
type Verdict struct {
	// State of the plan.
	State State
	// Message for people, at most 512 bytes, that stays the same while nothing changes.
	Message string
	// Counted lists at most 16 approvals of the Remediation, those that count first, and why the others do not.
	Counted []v1alpha1.CountedApproval
	// Unapprovable says why no approval at all can count, and what to do instead. Empty while somebody can approve.
	Unapprovable string
	// By names the approvals that count, at most five, for the intent. Empty unless the State is Approved.
	By []string
}

// Decide says whether people have agreed to the present plan. A rejection of the present plan ends it, also where
// the person may not approve any more or the policies changed since: stopping needs less proof than acting.
func Decide(in Input) Verdict {
	plan := in.Remediation.Status.Plan
	if plan == nil {
		return Verdict{State: Awaiting, Message: "there is no plan to approve yet"}
	}
	tally := count(in, plan)
	verdict := Verdict{Counted: tally.counted}
	switch expires := expiry(plan, in.Policy); {
	case tally.rejectedBy != "":
		verdict.State = Rejected
		verdict.Message = fmt.Sprintf("%s rejected plan %d", tally.rejectedBy, plan.Number)
	case !in.Now.Before(expires):
		verdict.State = Expired
		verdict.Message = fmt.Sprintf("plan %d expired at %s with %d of %d approvals: the operator plans again by itself, and that plan needs approvals of its own",
			plan.Number, expires.UTC().Format(time.RFC3339), len(tally.people), in.Policy.People)
	case !in.Admission.Intact:
		verdict.State = PoliciesChanged
		verdict.Message = in.Admission.Message
	case Digest(*plan, string(in.Remediation.UID)) != plan.Digest:
		verdict.State = Awaiting
		verdict.Message = fmt.Sprintf("plan %d does not match its digest: somebody edited status.plan, and no approval of it counts", plan.Number)
	case len(tally.people) >= int(max(in.Policy.People, 1)):
		verdict.State = Approved
		verdict.By = tally.names[:min(len(tally.names), maxNamed)]
		verdict.Message = fmt.Sprintf("plan %d was approved by %s", plan.Number, strings.Join(tally.usernames(), ", "))
	default:
		verdict.State = Awaiting
		verdict.Unapprovable = unapprovable(in)
		verdict.Message = waiting(in, plan, tally, verdict.Unapprovable)
	}
	verdict.Message = clip(verdict.Message)
	return verdict
}

// expiry is when the plan's approvals lapse; a policy that became stricter shortens it.
func expiry(plan *v1alpha1.Plan, policy v1alpha1.PinnedPolicy) time.Time {
	expires := plan.ExpiresAt.Time
	if policy.PlanExpiresAfterSeconds > 0 {
		stricter := plan.PlannedAt.Add(time.Duration(policy.PlanExpiresAfterSeconds) * time.Second)
		if stricter.Before(expires) {
			return stricter
		}
	}
	return expires
}

func waiting(in Input, plan *v1alpha1.Plan, tally tally, unapprovable string) string {
	action := in.Remediation.Spec.Action.Name()
	message := fmt.Sprintf("plan %d has %d of %d approvals of people who may approve remediations/%s",
		plan.Number, len(tally.people), max(in.Policy.People, 1), action)
	why := passedOver(tally.counted)
	switch {
	case unapprovable != "" && why != "":
		return message + why // which says what to do instead
	case unapprovable != "":
		return message + "; no approval of it can count: " + unapprovable
	}
	message += "; they count until " + expiry(plan, in.Policy).UTC().Format(time.RFC3339)
	for _, r := range requests(in) {
		if by := r.by; by != nil && !in.Policy.AllowRequester && isPerson(*by) {
			message += fmt.Sprintf("; it cannot be %s, who %s", by.Username, r.did)
		}
	}
	return message + why
}

// passedOver says why the newest approval that does not count does not, so that whoever waits need not look for it.
func passedOver(counted []v1alpha1.CountedApproval) string {
	for _, c := range counted { // what counts first, then the newest of the present plan
		if !c.Counts {
			return fmt.Sprintf("; Approval %s does not count: %s", c.Name, c.Message)
		}
	}
	return ""
}

// tally is what the approvals of a Remediation come to.
type tally struct {
	counted    []v1alpha1.CountedApproval
	people     []v1alpha1.Person
	names      []string
	rejectedBy string
}

func (t tally) usernames() []string {
	names := make([]string, len(t.people))
	for i, p := range t.people {
		names[i] = p.Username
	}
	return names
}

// count goes through the approvals in the order of their creation.
func count(in Input, plan *v1alpha1.Plan) tally {
	var t tally
	var counting, passed, elsewhere []v1alpha1.CountedApproval
	for _, a := range ofRemediation(in.Approvals, in.Remediation.Name) {
		entry := v1alpha1.CountedApproval{Name: a.Name, Decision: a.Spec.Decision}
		if a.Spec.Approver != nil {
			entry.Username = a.Spec.Approver.Username
		}
		if message := misplaced(in, plan, a); message != "" {
			entry.Message = clip(message)
			elsewhere = append(elsewhere, entry)
			continue
		}
		if a.Spec.Decision != v1alpha1.DecisionRejected {
			entry.Message = clip(refused(in, plan, a, t))
		} else if t.rejectedBy == "" {
			t.rejectedBy = a.Spec.Approver.Username
		}
		if entry.Message != "" {
			passed = append(passed, entry)
			continue
		}
		entry.Counts = true
		counting = append(counting, entry)
		if a.Spec.Decision != v1alpha1.DecisionRejected {
			t.people = append(t.people, *a.Spec.Approver)
			t.names = append(t.names, a.Name)
		}
	}
	for _, list := range [][]v1alpha1.CountedApproval{counting, passed, elsewhere} {
		slices.Reverse(list) // the newest first
		t.counted = append(t.counted, list...)
	}
	t.counted = t.counted[:min(len(t.counted), maxCounted)]
	return t
}

// ofRemediation returns the approvals that name a Remediation, oldest first.
func ofRemediation(all []v1alpha1.Approval, name string) []v1alpha1.Approval {
	var own []v1alpha1.Approval
	for _, a := range all {
		if a.Spec.RemediationRef.Name == name {
			own = append(own, a)
		}
	}
	slices.SortFunc(own, func(a, b v1alpha1.Approval) int {
		if c := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return own
}

func clip(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessage-len("…")], "") + "…"
}
