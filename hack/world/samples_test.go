package world

import (
	"io"
	"testing"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/hack/cluster"
)

// The samples are applied to a real API server with the shipped definitions, policies and rights: the standing ones by
// the installation, and each request by the person who would make it.
func TestEverySampleIsAccepted(t *testing.T) {
	g := NewWithT(t)
	c, err := cluster.Start(t.Context(), io.Discard)
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(c.Stop()).To(Succeed()) })
	w := &World{Cluster: c}
	g.Expect(w.install(t.Context())).To(Succeed(), "config/runbooks and config/samples")

	requests, err := cluster.Manifests("config", "samples", "requests")
	g.Expect(err).NotTo(HaveOccurred())
	byKind := map[string]*unstructured.Unstructured{}
	for _, o := range requests {
		byKind[o.GetKind()] = o
	}
	strict := client.FieldValidation(metav1.FieldValidationStrict)
	onCall, err := c.As(OnCall())
	g.Expect(err).NotTo(HaveOccurred())
	developer, err := c.As(Developer())
	g.Expect(err).NotTo(HaveOccurred())

	t.Run("a developer asks for an investigation", func(t *testing.T) {
		g := NewWithT(t)
		o := byKind["Incident"]
		g.Expect(onCall.Create(t.Context(), o.DeepCopy(), strict)).To(Satisfy(apierrors.IsForbidden))
		g.Expect(developer.Create(t.Context(), o, strict)).To(Succeed())
		g.Expect(nested(o, "spec", "requestedBy", "username")).To(Equal(Developer().UserName))
	})
	t.Run("a developer asks for a change", func(t *testing.T) {
		g := NewWithT(t)
		o := byKind["Remediation"]
		g.Expect(developer.Create(t.Context(), o, strict)).To(Succeed())
		g.Expect(nested(o, "spec", "requestedBy", "username")).To(Equal(Developer().UserName))
	})
	t.Run("a person on call approves it, and the developer cannot", func(t *testing.T) {
		g := NewWithT(t)
		o := byKind["Approval"]
		g.Expect(nested(o, "spec", "remediationRef", "name")).To(Equal(byKind["Remediation"].GetName()))
		g.Expect(developer.Create(t.Context(), o.DeepCopy(), strict)).To(MatchError(ContainSubstring("may not approve remediations/setReservedConcurrency")))
		g.Expect(onCall.Create(t.Context(), o, strict)).To(Succeed())
		g.Expect(nested(o, "spec", "approver", "username")).To(Equal(OnCall().UserName))
	})
}

func nested(o *unstructured.Unstructured, path ...string) string {
	text, _, _ := unstructured.NestedString(o.Object, path...)
	return text
}
