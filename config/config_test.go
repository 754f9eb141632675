package config_test

import (
	"os"
	"testing"

	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/runbook-operator/runbook-operator/config"
)

func TestEveryPolicyHasItsBinding(t *testing.T) {
	g := NewWithT(t)
	objects, err := config.AdmissionPolicies(nil)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(objects).To(HaveLen(14))
	names := map[string]int{}
	for _, o := range objects {
		g.Expect(o.GetName()).To(HaveSuffix(".runbook-operator.io"))
		names[o.GetName()]++
		rules, _, err := unstructured.NestedSlice(o.Object, "spec", "matchConstraints", "resourceRules")
		g.Expect(err).NotTo(HaveOccurred())
		for _, rule := range rules {
			g.Expect(rule).To(HaveKeyWithValue("resources", HaveEach(Not(ContainSubstring("/")))),
				"%s must not slow the operator's status updates down", o.GetName())
		}
	}
	for name, count := range names {
		g.Expect(count).To(Equal(2), name)
	}
}

func TestEveryPolicyThatRecordsClaimsHasTheSameKeys(t *testing.T) {
	g := NewWithT(t)
	shipped, err := config.AdmissionPolicies(nil)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(config.AdmissionPolicies([]string{"arn", "canonicalArn", "principalId", "sessionName"})).To(Equal(shipped))
	others, err := config.AdmissionPolicies([]string{"example.com/employee"})
	g.Expect(err).NotTo(HaveOccurred())
	changed := 0
	for i, o := range others {
		if variables, found := o.Object["spec"].(map[string]any)["variables"]; found {
			changed++
			g.Expect(variables).To(ContainElement(HaveKeyWithValue("expression", "['example.com/employee']")))
			g.Expect(o).NotTo(Equal(shipped[i]))
		}
	}
	g.Expect(changed).To(Equal(4))
}

func TestAClaimKeyThatIsNoKeyIsRefused(t *testing.T) {
	g := NewWithT(t)
	_, err := config.AdmissionPolicies([]string{"a'] + ['b"})
	g.Expect(err).To(MatchError(`claim key "a'] + ['b": use letters, digits and . _ : / - only`))
	_, err = config.AdmissionPolicies(make([]string, 17))
	g.Expect(err).To(MatchError("17 claim keys: name at most 16"))
}

func TestTheApproverMayApproveEveryActionOfTheAPI(t *testing.T) {
	g := NewWithT(t)
	definitions, err := config.CustomResourceDefinitions()
	g.Expect(err).NotTo(HaveOccurred())
	var want []string
	for _, d := range definitions {
		if d.Spec.Names.Kind != "Approval" {
			continue
		}
		for _, action := range d.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].Properties["action"].Enum {
			var name string
			g.Expect(yaml.Unmarshal(action.Raw, &name)).To(Succeed())
			want = append(want, "remediations/"+name)
		}
	}
	g.Expect(want).NotTo(BeEmpty())
	for _, people := range []string{"admin", "approver", "editor", "viewer"} {
		text, err := os.ReadFile("rbac/" + people + "_role.yaml")
		g.Expect(err).NotTo(HaveOccurred())
		var role rbacv1.ClusterRole
		g.Expect(yaml.UnmarshalStrict(text, &role)).To(Succeed())
		var approves []string
		for _, rule := range role.Rules {
			for _, verb := range rule.Verbs {
				g.Expect(verb).NotTo(Equal("*"), "a star would include the verb approve")
				if verb == "approve" {
					approves = append(approves, rule.Resources...)
				}
			}
		}
		if role.Name == "runbook-operator-approver" {
			g.Expect(approves).To(ConsistOf(want))
		} else {
			g.Expect(approves).To(BeEmpty(), "%s does not approve", role.Name)
		}
	}
}
