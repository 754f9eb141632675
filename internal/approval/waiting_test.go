package approval

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func TestAWaitingPlanSaysHowManyAndWhoCannotBe(t *testing.T) {
	g := NewWithT(t)
	in := given()
	in.Policy.People = 2
	g.Expect(Decide(*in).Message).To(Equal("plan 3 has 1 of 2 approvals of people who may approve remediations/setReservedConcurrency; they count until 2026-03-02T15:00:00Z; it cannot be dana, who asked for the change"))
	in.Remediation.Spec.RequestedBy.Username = "system:serviceaccount:runbook-operator:runbook-operator"
	g.Expect(Decide(*in).Message).To(Equal("plan 3 has 1 of 2 approvals of people who may approve remediations/setReservedConcurrency; they count until 2026-03-02T15:00:00Z"))
}

func TestAPlanThatNobodyCanApproveSaysSoBeforeAnybodyTriesAndWhatToDoInstead(t *testing.T) {
	early := metav1.NewTime(planned.Add(-time.Second))
	for name, test := range map[string]struct {
		edit func(in *Input)
		want string
	}{
		"a person's Remediation of before the policies": {
			func(in *Input) { in.Remediation.CreationTimestamp = early },
			"the Remediation was created before 2026-03-02T14:30:00Z, when the admission policies were first seen in force: delete it and create it again",
		},
		"the operator's Remediation of before the policies": {
			func(in *Input) {
				in.forIncidentOf("erin")
				in.Remediation.CreationTimestamp = early
				in.Remediation.OwnerReferences = []metav1.OwnerReference{{Kind: "Incident", Name: "drill", Controller: ptr.To(true)}}
			},
			"when the admission policies were first seen in force: delete it, and the operator proposes the change again: kubectl delete remediation fix -n shop",
		},
		"an Incident of before the policies, whose every Remediation would be no better": {
			func(in *Input) {
				in.forIncidentOf("erin").CreationTimestamp = early
				in.Remediation.CreationTimestamp = early
				in.Remediation.OwnerReferences = []metav1.OwnerReference{{Kind: "Incident", Name: "drill", Controller: ptr.To(true)}}
			},
			"create a Remediation that names no Incident, with the same action, and reject or delete this one",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			in := given()
			in.Approvals = nil
			test.edit(in)
			verdict := Decide(*in)
			g.Expect(verdict.State).To(Equal(Awaiting))
			g.Expect(verdict.Unapprovable).To(HaveSuffix(test.want))
			g.Expect(verdict.Message).To(HaveSuffix("; no approval of it can count: " + verdict.Unapprovable))
			in.Policy.AllowRequester = true
			g.Expect(Decide(*in).Unapprovable).To(BeEmpty(), "where whoever asked may approve, it does not matter who did")
		})
	}
}

func TestAWaitingPlanSaysWhyTheNewestApprovalThatDoesNotCountDoesNot(t *testing.T) {
	g := NewWithT(t)
	in := given()
	in.Policy.People = 2
	in.approve("fix-2", "dana")
	in.approve("fix-3", "alice")
	g.Expect(Decide(*in).Message).To(HaveSuffix("; Approval fix-3 does not count: alice approved already with fix-1"))
}
