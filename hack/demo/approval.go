package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/hack/world"
)

// refused lets a person approve who may not, and narrates what the API server answers.
func (s *story) refused(ctx context.Context) error {
	action := s.rem.Spec.Action.Name()
	// A developer may approve some changes and not this one, which is for the admission policy to say.
	user, person, reads := world.Developer(), s.developer, readsFor
	says := fmt.Sprintf("%s may not approve remediations/%s named %s in namespace %s", user.UserName, action, s.rem.Name, s.rem.Namespace)
	if action == v1alpha1.ActionSetTimeout { // which developers may approve, and administrators may approve nothing
		user, person, reads = world.Platform(), s.platform, doubtsFor
		says = fmt.Sprintf("User %q cannot create resource \"approvals\"", user.UserName)
	}
	if err := s.pause(ctx, reads); err != nil {
		return err
	}
	err := person.Create(ctx, s.approval(""))
	switch {
	case err == nil:
		return fmt.Errorf("%s could approve the change without the right to", user.UserName)
	case !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), says):
		return fmt.Errorf("approving as %s was not refused because %s, but: %w", user.UserName, says, err)
	}
	s.say("refused", "%s (%s) tries to approve: %s", user.UserName, strings.Join(user.Groups, ", "), err)
	return nil
}

// approved lets the person on call approve, and waits until the approval counts. One that came too soon after the
// installation does not count: the operator says so, and the person approves again.
func (s *story) approved(ctx context.Context) error {
	user := world.OnCall()
	said := ""
	for range attempts {
		a := s.approval(reasons[s.rem.Spec.Action.Name()])
		if err := s.onCall.Create(ctx, a); err != nil {
			return fmt.Errorf("approving as %s: %w", user.UserName, err)
		}
		var entry v1alpha1.CountedApproval
		err := s.await(ctx, "the counting of an approval", s.work(5*time.Minute), func(seen *sight) bool {
			i := slices.IndexFunc(seen.rem.Status.Approvals, func(c v1alpha1.CountedApproval) bool { return c.Name == a.Name })
			if i >= 0 {
				entry = seen.rem.Status.Approvals[i]
			}
			return i >= 0
		})
		if err != nil {
			return err
		}
		if entry.Username != user.UserName {
			return fmt.Errorf("the status says that Approval %s is of %q, and it is of %s", entry.Name, entry.Username, user.UserName)
		}
		if entry.Counts {
			s.say("approved", "by %s (%s) with Approval %s of plan %d: %s", entry.Username, strings.Join(user.Groups, ", "),
				entry.Name, s.rem.Status.Plan.Number, a.Spec.Reason)
			return nil
		}
		if entry.Message != said {
			said = entry.Message
			s.say("not counted", "Approval %s: %s", entry.Name, entry.Message)
		}
		if err := s.pause(ctx, again); err != nil {
			return err
		}
	}
	return fmt.Errorf("none of %s of %s counts: %s", several(attempts, "Approval"), user.UserName, said)
}

// reasons is what the person on call makes of a proposal.
var reasons = map[v1alpha1.ActionName]string{
	v1alpha1.ActionSetReservedConcurrency: "the traffic is real and the account has the headroom",
	v1alpha1.ActionSetTimeout:             "the worker may take longer, and its caller waits for it",
}

const (
	// readsFor is how long people read a plan before they decide, world time. So can whoever watches the demo.
	readsFor = 150 * time.Second
	// doubtsFor is how long they do where the cause is less plain. What users had before the change is then all trouble: a
	// revert, which brings the trouble back, is compared with the five minutes before the change.
	doubtsFor = 6 * time.Minute
	// again is how long a person waits before another Approval, world time.
	again = time.Minute
	// attempts is how often the person tries.
	attempts = 10
)

// approval is an Approval of the present plan. The API server fills in who approves.
func (s *story) approval(reason string) *v1alpha1.Approval {
	return &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.rem.Namespace, GenerateName: s.rem.Name + "-"},
		Spec: v1alpha1.ApprovalSpec{
			RemediationRef: v1alpha1.UIDReference{Name: s.rem.Name, UID: string(s.rem.UID)},
			Action:         s.rem.Spec.Action.Name(),
			PlanDigest:     s.rem.Status.Plan.Digest,
			Decision:       v1alpha1.DecisionApproved,
			Reason:         reason,
		},
	}
}
