package approval

import (
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

var settled = planned.Add(time.Minute)

// given returns a Remediation that dana asked for, approved by alice, and everything in order.
func given() *Input {
	plan := examplePlan()
	plan.Digest = Digest(plan, planUID)
	in := &Input{
		Remediation: &v1alpha1.Remediation{
			ObjectMeta: metav1.ObjectMeta{Name: "fix", Namespace: "shop", UID: types.UID(planUID), CreationTimestamp: metav1.NewTime(planned)},
			Spec: v1alpha1.RemediationSpec{
				Action:      v1alpha1.Action{SetReservedConcurrency: &v1alpha1.SetReservedConcurrency{Value: 20}},
				RequestedBy: &v1alpha1.Person{Username: "dana"},
			},
			Status: v1alpha1.RemediationStatus{Plan: &plan},
		},
		Policy:    Pin(nil, v1alpha1.ActionSetReservedConcurrency),
		Now:       planned.Add(5 * time.Minute),
		Admission: Admission{Intact: true, SettledAt: settled, RequestersSince: planned},
		May:       map[string]bool{},
	}
	in.approve("fix-1", "alice")
	return in
}

// forIncidentOf makes the change one that the operator proposed for an Incident of somebody's.
func (in *Input) forIncidentOf(username string) *v1alpha1.Incident {
	in.Remediation.Spec.IncidentRef = &v1alpha1.UIDReference{Name: "drill", UID: "incident"}
	in.Remediation.Spec.RequestedBy = &v1alpha1.Person{Username: "system:serviceaccount:runbook-operator-system:runbook-operator"}
	in.Incident = &v1alpha1.Incident{
		ObjectMeta: metav1.ObjectMeta{Name: "drill", CreationTimestamp: metav1.NewTime(planned)},
		Spec:       v1alpha1.IncidentSpec{RequestedBy: &v1alpha1.Person{Username: username}},
	}
	return in.Incident
}

// approve adds an Approval that counts, created a second after the one before.
func (in *Input) approve(name, username string, extra ...v1alpha1.PersonClaim) *v1alpha1.Approval {
	in.May[name] = true
	in.Approvals = append(in.Approvals, v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, CreationTimestamp: metav1.NewTime(settled.Add(time.Duration(len(in.Approvals)+1) * time.Second)),
		},
		Spec: v1alpha1.ApprovalSpec{
			RemediationRef: v1alpha1.UIDReference{Name: "fix", UID: planUID},
			Action:         v1alpha1.ActionSetReservedConcurrency, PlanDigest: in.Remediation.Status.Plan.Digest,
			Decision: v1alpha1.DecisionApproved, Approver: &v1alpha1.Person{Username: username, Extra: extra},
		},
	})
	return &in.Approvals[len(in.Approvals)-1]
}

func TestAPersonWhoMayApproveAndDidNotAskApprovesThePlan(t *testing.T) {
	g := NewWithT(t)
	g.Expect(Decide(*given())).To(Equal(Verdict{
		State: Approved, Message: "plan 3 was approved by alice", By: []string{"fix-1"},
		Counted: []v1alpha1.CountedApproval{{Name: "fix-1", Username: "alice", Decision: v1alpha1.DecisionApproved, Counts: true}},
	}))
}

func TestEachReasonForWhichAnApprovalDoesNotCountHasItsSentence(t *testing.T) {
	for name, test := range map[string]struct {
		edit func(in *Input, a *v1alpha1.Approval)
		want string
	}{
		"the Remediation was deleted and created again": {
			func(_ *Input, a *v1alpha1.Approval) { a.Spec.RemediationRef.UID = "other" },
			"it is for another Remediation of this name, with the UID other: create an Approval for " + planUID},
		"another action": {
			func(_ *Input, a *v1alpha1.Approval) { a.Spec.Action = v1alpha1.ActionSetTimeout },
			"it is for the action setTimeout, and this is setReservedConcurrency"},
		"another plan": {
			func(_ *Input, a *v1alpha1.Approval) { a.Spec.PlanDigest = "sha256:" + strings.Repeat("a", 64) },
			"it is for another plan (sha256:aaaaaaaa): read plan 3 (" + shortDigest(given().Remediation.Status.Plan.Digest) + ") and create an Approval for it; plan 2 expired at 2026-03-02T14:30:00Z"},
		"no approver": {
			func(_ *Input, a *v1alpha1.Approval) { a.Spec.Approver = nil },
			"it does not say who approves: it was created while the admission policies were not in force"},
		"a service account": {
			func(_ *Input, a *v1alpha1.Approval) { a.Spec.Approver.Username = "system:serviceaccount:argocd:sync" },
			"system:serviceaccount:argocd:sync is not a person"},
		"an empty username": {
			func(_ *Input, a *v1alpha1.Approval) { a.Spec.Approver.Username = "" },
			"it does not say who approves: it was created while the admission policies were not in force"},
		"being deleted": {
			func(in *Input, a *v1alpha1.Approval) { a.DeletionTimestamp = &metav1.Time{Time: in.Now} },
			"it is being deleted"},
		"created at the moment the policies had settled": {
			func(_ *Input, a *v1alpha1.Approval) { a.CreationTimestamp = metav1.NewTime(settled) },
			"it was created too early: until 2026-03-02T14:31:00Z, 10 s after the admission policies were first seen in force, no Approval counts: create another Approval"},
		"used for a change": {
			func(in *Input, _ *v1alpha1.Approval) { in.attempted(v1alpha1.OutcomeApplied) },
			"it was used for an attempt whose outcome is Applied: an Approval is for one change"},
		"used for a change whose outcome is unknown": {
			func(in *Input, _ *v1alpha1.Approval) { in.attempted(v1alpha1.OutcomeUnknown) },
			"it was used for an attempt whose outcome is Unknown: an Approval is for one change"},
		"used for a change that diverged": {
			func(in *Input, _ *v1alpha1.Approval) { in.attempted(v1alpha1.OutcomeDiverged) },
			"it was used for an attempt whose outcome is Diverged: an Approval is for one change"},
		"the requester": {
			func(_ *Input, a *v1alpha1.Approval) { a.Spec.Approver.Username = "dana" },
			"dana asked for the change, and somebody else has to approve it"},
		"a requester whom nothing confirmed": {
			func(in *Input, _ *v1alpha1.Approval) {
				in.Remediation.CreationTimestamp = metav1.NewTime(planned.Add(-time.Second))
			},
			"nobody knows who asked for the change, and whoever did may not approve the change: the Remediation was created before 2026-03-02T14:30:00Z, when the admission policies were first seen in force: delete it and create it again"},
		"an unknown requester": {
			func(in *Input, _ *v1alpha1.Approval) { in.Remediation.Spec.RequestedBy = nil },
			"nobody knows who asked for the change, and whoever did may not approve the change: the Remediation was created while the admission policies were not in force: delete it and create it again"},
		"who opened the Incident": {
			func(in *Input, _ *v1alpha1.Approval) { in.forIncidentOf("alice") },
			"alice opened the Incident, and somebody else has to approve it"},
		"an Incident of nobody knows whom": {
			func(in *Input, _ *v1alpha1.Approval) { in.forIncidentOf("erin").Spec.RequestedBy = nil },
			"nobody knows who opened the Incident, and whoever did may not approve the change: the Incident was created while the admission policies were not in force: create a Remediation that names no Incident, with the same action, and reject or delete this one"},
		"an Incident whose requester nothing confirmed": {
			func(in *Input, _ *v1alpha1.Approval) {
				in.forIncidentOf("erin").CreationTimestamp = metav1.NewTime(planned.Add(-time.Second))
			},
			"nobody knows who opened the Incident, and whoever did may not approve the change: the Incident was created before 2026-03-02T14:30:00Z, when the admission policies were first seen in force: create a Remediation that names no Incident, with the same action, and reject or delete this one"},
		"an Incident that is gone": {
			func(in *Input, _ *v1alpha1.Approval) { in.forIncidentOf("erin"); in.Incident = nil },
			"nobody knows who opened Incident drill, which is gone, and whoever did may not approve the change"},
		"the verb was taken away": {
			func(in *Input, _ *v1alpha1.Approval) { in.May["fix-1"] = false },
			"alice may not approve remediations/setReservedConcurrency in namespace shop any more"},
		"the authorizer was not asked": {
			func(in *Input, _ *v1alpha1.Approval) { in.May = nil },
			"alice may not approve remediations/setReservedConcurrency in namespace shop any more"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			in := given()
			test.edit(in, &in.Approvals[0])
			verdict := Decide(*in)
			g.Expect(verdict.State).To(Equal(Awaiting))
			g.Expect(verdict.By).To(BeEmpty())
			g.Expect(verdict.Counted).To(HaveLen(1))
			g.Expect(verdict.Counted[0].Counts).To(BeFalse())
			g.Expect(verdict.Counted[0].Message).To(Equal(test.want))
			g.Expect(verdict.Message).To(HavePrefix("plan 3 has 0 of 1 approvals of people who may approve remediations/setReservedConcurrency"))
			g.Expect(verdict.Message).To(HaveSuffix("; Approval fix-1 does not count: " + test.want))
		})
	}
}

// attempted adds an intent upon the first Approval.
func (in *Input) attempted(outcome v1alpha1.Outcome) {
	in.Remediation.Status.Intents = append(in.Remediation.Status.Intents, v1alpha1.Intent{
		PlanNumber: in.Remediation.Status.Plan.Number, Approvals: []string{"fix-1"}, Outcome: outcome,
	})
}

func TestAnAttemptThatChangedNothingUsesNoApprovalUp(t *testing.T) {
	for _, outcome := range []v1alpha1.Outcome{v1alpha1.OutcomeNotApplied, v1alpha1.OutcomeRefused} {
		g := NewWithT(t)
		in := given()
		in.attempted(outcome)
		g.Expect(Decide(*in).State).To(Equal(Approved), string(outcome))
	}
}

func TestAnotherApprovalOfAPlanThatWasCarriedOutDoesNotCarryItOutAgain(t *testing.T) {
	g := NewWithT(t)
	in := given()
	in.attempted(v1alpha1.OutcomeApplied)
	in.approve("fix-2", "bob")
	g.Expect(Decide(*in).State).To(Equal(Awaiting))
}

func TestApprovalsCoverEachCallOfTheirPlanOnce(t *testing.T) {
	g := NewWithT(t)
	in := given()
	plan := in.Remediation.Status.Plan
	plan.Calls = append(plan.Calls, plan.Calls[0])
	plan.Digest = Digest(*plan, planUID)
	in.Approvals[0].Spec.PlanDigest = plan.Digest
	in.attempted(v1alpha1.OutcomeApplied)
	g.Expect(Decide(*in).State).To(Equal(Approved))
	in.attempted(v1alpha1.OutcomeApplied)
	g.Expect(Decide(*in).State).To(Equal(Awaiting))
}

func TestAsManyPeopleAsThePolicyWantsMustBeProvedToBeDifferent(t *testing.T) {
	session := func(name string) v1alpha1.PersonClaim {
		return v1alpha1.PersonClaim{Key: "sessionName", Values: []string{name}}
	}
	for name, test := range map[string]struct {
		approve func(in *Input)
		state   State
		second  string
	}{
		"two usernames": {func(in *Input) { in.approve("fix-2", "bob") }, Approved, ""},
		"one person twice": {func(in *Input) { in.approve("fix-2", "alice") }, Awaiting,
			"alice approved already with fix-1"},
		"one username with two claims": {func(in *Input) {
			in.Approvals = nil
			in.approve("fix-1", "kubernetes-admin", session("alice"))
			in.approve("fix-2", "kubernetes-admin", session("bob"))
		}, Approved, ""},
		"one username with one claim": {func(in *Input) {
			in.Approvals = nil
			in.approve("fix-1", "kubernetes-admin", session("alice"))
			in.approve("fix-2", "kubernetes-admin", session("alice"))
		}, Awaiting, "kubernetes-admin approved already with fix-1"},
		"one username once without claims": {func(in *Input) {
			in.Approvals = nil
			in.approve("fix-1", "kubernetes-admin")
			in.approve("fix-2", "kubernetes-admin", session("bob"))
		}, Awaiting, "kubernetes-admin approved already with fix-1"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			in := given()
			in.Policy.People = 2
			g.Expect(Decide(*in).State).To(Equal(Awaiting), "one is not enough")
			test.approve(in)
			verdict := Decide(*in)
			g.Expect(verdict.State).To(Equal(test.state))
			for _, counted := range verdict.Counted {
				if counted.Name == "fix-2" {
					g.Expect(counted.Message).To(Equal(test.second))
				}
			}
		})
	}
}

func TestTheRequesterMayBeOneOfThemWhereThePolicySaysSo(t *testing.T) {
	g := NewWithT(t)
	in := given()
	in.Policy.AllowRequester = true
	in.Approvals[0].Spec.Approver.Username = "dana"
	g.Expect(Decide(*in).State).To(Equal(Approved))
}

func TestOneRejectionEndsThePlan(t *testing.T) {
	g := NewWithT(t)
	in := given()
	in.approve("fix-2", "bob").Spec.Decision = v1alpha1.DecisionRejected
	in.May["fix-2"] = false
	in.Admission = Admission{Message: "a policy is missing"}
	verdict := Decide(*in)
	g.Expect(verdict.State).To(Equal(Rejected), "also where bob may not approve any more and the policies changed")
	g.Expect(verdict.Message).To(Equal("bob rejected plan 3"))
	g.Expect(verdict.By).To(BeEmpty())
	in.Approvals[1].Spec.PlanDigest = "sha256:" + strings.Repeat("a", 64)
	in.Admission = given().Admission
	g.Expect(Decide(*in).State).To(Equal(Approved), "a rejection of another plan ends that one")
}

func TestAPlanExpiresAtItsTimeOrSoonerUnderAStricterPolicy(t *testing.T) {
	g := NewWithT(t)
	in := given()
	in.Now = planned.Add(30*time.Minute - time.Second)
	g.Expect(Decide(*in).State).To(Equal(Approved))
	in.Now = planned.Add(30 * time.Minute)
	verdict := Decide(*in)
	g.Expect(verdict.State).To(Equal(Expired))
	g.Expect(verdict.Message).To(Equal("plan 3 expired at 2026-03-02T15:00:00Z with 1 of 1 approvals: the operator plans again by itself, and that plan needs approvals of its own"))
	in.Now = planned.Add(10 * time.Minute)
	in.Policy.PlanExpiresAfterSeconds = 600
	g.Expect(Decide(*in).State).To(Equal(Expired))
}

func TestNoApprovalCountsWhileThePoliciesAreNotAsShipped(t *testing.T) {
	g := NewWithT(t)
	in := given()
	in.Admission = Admission{Message: "a policy is missing"}
	verdict := Decide(*in)
	g.Expect(verdict.State).To(Equal(PoliciesChanged))
	g.Expect(verdict.Message).To(Equal("a policy is missing"))
	g.Expect(verdict.By).To(BeEmpty())
}

func TestAPlanThatWasEditedInStatusIsNotApproved(t *testing.T) {
	g := NewWithT(t)
	in := given()
	*in.Remediation.Status.Plan.Calls[0].Call.Writes[0].Value = "900"
	verdict := Decide(*in)
	g.Expect(verdict.State).To(Equal(Awaiting))
	g.Expect(verdict.Message).To(Equal("plan 3 does not match its digest: somebody edited status.plan, and no approval of it counts"))
}

func TestWithoutAPlanThereIsNothingToApprove(t *testing.T) {
	g := NewWithT(t)
	in := given()
	in.Remediation.Status.Plan = nil
	g.Expect(Decide(*in)).To(Equal(Verdict{State: Awaiting, Message: "there is no plan to approve yet"}))
}

func TestHoweverManyAndHoweverLongApprovalsFitIntoStatus(t *testing.T) {
	g := NewWithT(t)
	in := given()
	in.Policy.People = 5
	for i := range 40 {
		a := in.approve(fmt.Sprintf("more-%02d", i), strings.Repeat("ü", 250)+fmt.Sprint(i))
		in.May[a.Name] = i >= 34
	}
	in.approve("elsewhere", "bob").Spec.RemediationRef.Name = "other"
	verdict := Decide(*in)
	g.Expect(verdict.State).To(Equal(Approved))
	g.Expect(verdict.By).To(HaveLen(5))
	g.Expect(verdict.Counted).To(HaveLen(16))
	g.Expect(len(verdict.Message)).To(BeNumerically("<=", 512))
	for i, counted := range verdict.Counted {
		g.Expect(counted.Counts).To(Equal(i < 7), "those that count come first")
		g.Expect(len(counted.Message)).To(BeNumerically("<=", 512))
		g.Expect(counted.Name).NotTo(Equal("elsewhere"))
	}
}
