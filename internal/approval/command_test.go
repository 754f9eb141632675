package approval

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

func commandFor(name, namespace string) string {
	plan := examplePlan()
	plan.Digest = Digest(plan, planUID)
	return Command(&v1alpha1.Remediation{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, UID: types.UID(planUID)},
		Spec:       v1alpha1.RemediationSpec{Action: v1alpha1.Action{SetReservedConcurrency: &v1alpha1.SetReservedConcurrency{Value: 20}}},
		Status:     v1alpha1.RemediationStatus{Plan: &plan},
	})
}

func TestTheCommandCreatesTheApprovalOfThePresentPlan(t *testing.T) {
	g := NewWithT(t)
	command := commandFor("react-stocks-7-concurrency", "react-stocks")
	manifest, heredoc := strings.CutPrefix(command, "kubectl create -f - <<'EOF'\n")
	g.Expect(heredoc).To(BeTrue())
	manifest, ended := strings.CutSuffix(manifest, "\nEOF")
	g.Expect(ended).To(BeTrue())

	var a v1alpha1.Approval
	g.Expect(yaml.UnmarshalStrict([]byte(manifest), &a)).To(Succeed())
	plan := examplePlan()
	digest := Digest(plan, planUID)
	g.Expect(a).To(Equal(v1alpha1.Approval{
		TypeMeta:   metav1.TypeMeta{APIVersion: "runbook-operator.io/v1alpha1", Kind: "Approval"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "react-stocks", GenerateName: "react-stocks-7-concurrency-" + digest[7:15] + "-"},
		Spec: v1alpha1.ApprovalSpec{
			RemediationRef: v1alpha1.UIDReference{Name: "react-stocks-7-concurrency", UID: planUID},
			Action:         v1alpha1.ActionSetReservedConcurrency, PlanDigest: digest, Decision: v1alpha1.DecisionApproved,
		},
	}))
}

func TestTheCommandFitsAConditionHoweverLongTheNames(t *testing.T) {
	g := NewWithT(t)
	command := commandFor(strings.Repeat("a", 47)+"."+strings.Repeat("b", 205), strings.Repeat("n", 63))
	g.Expect(len(command)).To(BeNumerically("<=", 900))
	g.Expect(command).To(MatchRegexp(`generateName: "a{47}-[0-9a-f]{8}-"`), "no label of the name ends or begins with a hyphen")
}

func TestANameThatLooksLikeANumberStaysAName(t *testing.T) {
	g := NewWithT(t)
	g.Expect(commandFor("20", "1e3")).To(And(ContainSubstring(`namespace: "1e3"`), ContainSubstring(`name: "20"`)))
}

func TestWithoutAPlanThereIsNoCommand(t *testing.T) {
	g := NewWithT(t)
	g.Expect(Command(&v1alpha1.Remediation{})).To(BeEmpty())
}
