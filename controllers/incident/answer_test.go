package incident

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
)

// waiting is a Remediation that has not ended and whose root condition has a reason and a message.
func waiting(reason, message string, changes ...func(*v1alpha1.Remediation)) v1alpha1.Remediation {
	rem := remediation("shop-1-1", "", changes...)
	rem.Namespace = "shop"
	conditions.Set(&rem.Status.Conditions, 1, now, v1alpha1.ConditionSucceeded, metav1.ConditionFalse, reason, message)
	return rem
}

func planned(rem *v1alpha1.Remediation) {
	rem.Status.Plan = &v1alpha1.Plan{Number: 2, Summary: "reserved concurrency 110 → 200", ExpiresAt: at(30)}
}

func TestTheIncidentSaysWhatItsRemediationWaitsFor(t *testing.T) {
	for name, c := range map[string]struct {
		rem     v1alpha1.Remediation
		message string
	}{
		"people": {
			waiting(v1alpha1.ReasonAwaitingApproval, "plan 2 has 0 of 1 approvals", planned),
			"Remediation shop-1-1 waits for people to approve plan 2 (reserved concurrency 110 → 200) until 2026-11-23T03:30:00Z, when it is planned again: " +
				"kubectl describe remediation shop-1-1 -n shop shows the plan and how to approve or reject it",
		},
		"the mode Act": {
			waiting(v1alpha1.ReasonModePropose, "the plan is approved, and nothing is changed until the mode is Act", planned),
			"Remediation shop-1-1 has changed nothing yet: the plan is approved, and nothing is changed until the mode is Act",
		},
		"the admission policies": {
			waiting(v1alpha1.ReasonPoliciesChanged, "install config/admission again", planned),
			"Remediation shop-1-1 has changed nothing yet: install config/admission again",
		},
		"nothing, it is being made": {
			waiting(v1alpha1.ReasonTakingEffect, "m", planned),
			"Remediation shop-1-1 is making its change: kubectl describe remediation shop-1-1 -n shop",
		},
		"nothing, it is watched": {
			waiting(v1alpha1.ReasonObserving, "1 of 15 min", planned),
			"Remediation shop-1-1 made its change, and watches whether it helps: kubectl describe remediation shop-1-1 -n shop",
		},
		"AWS, in the middle of its change": {
			waiting(v1alpha1.ReasonUnreachable, "m", planned, func(rem *v1alpha1.Remediation) {
				rem.Status.Intents = []v1alpha1.Intent{{Outcome: v1alpha1.OutcomeApplied}}
			}),
			"Remediation shop-1-1 made a call and is not done with it: kubectl describe remediation shop-1-1 -n shop",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			s := &scope{inc: &v1alpha1.Incident{}, now: now, stableFor: 5 * time.Minute, remediations: []v1alpha1.Remediation{c.rem}}
			over, reason, message := s.outcome(nil, v1alpha1.AlarmFiring)
			g.Expect(over).To(BeFalse())
			g.Expect(reason).To(Equal(conditions.Reason(c.rem.Status.Conditions, v1alpha1.ConditionSucceeded)))
			g.Expect(message).To(Equal(c.message))
		})
	}
}

func TestAChangeThatEndedSaysHowToGoOn(t *testing.T) {
	g := NewWithT(t)
	rejected := remediation("shop-1-1", v1alpha1.ReasonRejected)
	rejected.Namespace = "shop"
	conditions.Set(&rejected.Status.Conditions, 1, now, v1alpha1.ConditionSucceeded, metav1.ConditionFalse, v1alpha1.ReasonRejected, "a person rejected the plan, nothing was changed")
	g.Expect(heldMessage(rejected, "shop-1")).To(Equal("Remediation shop-1-1 changed nothing and ended with Rejected (a person rejected the plan, nothing was changed): a person has to look. " +
		"To have a change proposed anew, or the Incident end by itself when its alarms are OK: kubectl delete remediation shop-1-1 -n shop (the role runbook-operator-editor may). " +
		"To close the Incident now: kubectl delete incident shop-1 -n shop"))
	_, propose := rungOf(v1alpha1.Cause{Runbook: "r", Name: "C", FunctionName: "f", Actions: make([]v1alpha1.Action, 1)}, []v1alpha1.Remediation{rejected})
	g.Expect(propose).To(BeFalse(), "the only action was rejected")
	_, propose = rungOf(v1alpha1.Cause{Runbook: "r", Name: "C", FunctionName: "f", Actions: make([]v1alpha1.Action, 1)}, nil)
	g.Expect(propose).To(BeTrue(), "and is proposed anew when that Remediation is gone")
	s := &scope{inc: &v1alpha1.Incident{}}
	s.inc.Status.Remediations = []v1alpha1.IncidentRemediation{{Name: "shop-1-1", Result: v1alpha1.ReasonRejected}}
	g.Expect(s.lost()).To(BeEmpty(), "nothing was changed, so nothing is lost with it")

	held := remediation("shop-1-1", v1alpha1.ReasonHeld, made)
	held.Namespace = "shop"
	g.Expect(heldMessage(held, "shop-1")).To(HavePrefix("Remediation shop-1-1 ended with Held: a person has to look: kubectl describe remediation shop-1-1 -n shop. "))
	g.Expect(heldMessage(held, "shop-1")).To(ContainSubstring("kubectl delete incident shop-1 -n shop"))
	g.Expect(heldMessage(held, "shop-1")).NotTo(ContainSubstring("delete remediation"), "what it did would be forgotten")
}

func TestAnIncidentNamesItsAlarms(t *testing.T) {
	g := NewWithT(t)
	firing := func(names ...string) (signals []v1alpha1.SignalStatus) {
		for _, name := range names {
			signals = append(signals, signal(name, v1alpha1.AlarmFiring, -1))
		}
		return append(signals, signal("quiet", v1alpha1.AlarmOK, -1))
	}
	g.Expect(firingText(firing("a"))).To(Equal(`alarm "a" is in ALARM`))
	g.Expect(firingText(firing("a", "b"))).To(Equal(`alarms "a", "b" are in ALARM`))
	g.Expect(firingText(firing("a", "b", "c", "d", "e"))).To(Equal(`alarms "a", "b", "c" and 2 more are in ALARM`))
	g.Expect(inState(firing("a"), v1alpha1.AlarmOK)).To(Equal(`alarm "quiet"`))
}

func TestTheIncidentTellsOnceOfEachThingThatItsRemediationWaitsFor(t *testing.T) {
	g := NewWithT(t)
	notes := &noted{}
	r := &Reconciler{}
	r.Recorder = notes
	says := func(reason, message string) *v1alpha1.Incident {
		inc := &v1alpha1.Incident{}
		conditions.Set(&inc.Status.Conditions, 1, now, v1alpha1.ConditionResolved, metav1.ConditionFalse, reason, message)
		return inc
	}
	one, two := says(v1alpha1.ReasonAwaitingApproval, "plan 1"), says(v1alpha1.ReasonAwaitingApproval, "plan 2")
	r.tell(one, one)
	g.Expect(notes.all).To(BeEmpty())
	r.tell(one, two)
	r.tell(two, says(v1alpha1.ReasonPoliciesChanged, "no approval counts"))
	r.tell(says(v1alpha1.ReasonObserving, "1 of 15"), says(v1alpha1.ReasonObserving, "2 of 15"))
	g.Expect(notes.all).To(Equal([]string{"Normal AwaitingApproval plan 2", "Warning PoliciesChanged no approval counts"}))
	notes.all = nil
	refused := says(v1alpha1.ReasonAccountNotFound, "there is no AWSAccount")
	conditions.Set(&refused.Status.Conditions, 1, now, v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonAccountNotFound, "there is no AWSAccount")
	r.tell(one, refused)
	g.Expect(notes.all).To(ContainElement("Warning AccountNotFound there is no AWSAccount"))
}
