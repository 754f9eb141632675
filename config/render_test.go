package config_test

import (
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/runbook-operator/runbook-operator/config"
)

// What installs the manifests writes them anew, and the operator compares every character of a policy: kustomize adds a
// line to a folded scalar (>-) that has indented lines.
func TestKustomizeRendersTheAdmissionPoliciesAsTheOperatorExpectsThem(t *testing.T) {
	g := NewWithT(t)
	shipped, err := config.AdmissionPolicies(nil)
	g.Expect(err).NotTo(HaveOccurred())
	rendered, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "admission")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(rendered.Size()).To(Equal(len(shipped)))
	found := map[string]any{}
	for _, r := range rendered.Resources() {
		text, err := r.AsYAML()
		g.Expect(err).NotTo(HaveOccurred())
		o := &unstructured.Unstructured{}
		g.Expect(yaml.Unmarshal(text, &o.Object)).To(Succeed())
		found[o.GetKind()+" "+o.GetName()] = o.Object
	}
	for _, o := range shipped {
		g.Expect(found).To(HaveKeyWithValue(o.GetKind()+" "+o.GetName(), o.Object))
	}
}
