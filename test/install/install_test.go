// Package install puts the operator into an empty cluster in the way that docs/install.md tells people to. It must not
// take a manifest from anywhere but what kustomize renders.
package install

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/hack/controlplane"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/operator"
)

// namespace is the operator's in the manifests.
const namespace = "runbook-operator-system"

func TestWhatTheManifestsInstallIsWhatTheOperatorNeeds(t *testing.T) {
	g := NewWithT(t)
	ctx, cfg := t.Context(), emptyCluster(t)
	scheme, err := operator.NewScheme()
	g.Expect(err).NotTo(HaveOccurred())
	person, err := client.New(cfg, client.Options{Scheme: scheme})
	g.Expect(err).NotTo(HaveOccurred())

	t.Log("config/default: everything is taken, and nothing of it is dropped")
	apply(ctx, g, person, "default")

	t.Log("config/library: as soon as the kinds are there")
	g.Eventually(func() error {
		return person.List(ctx, &v1alpha1.RunbookList{})
	}).WithTimeout(time.Minute).Should(Succeed())
	apply(ctx, g, person, "library")
	var runbooks v1alpha1.RunbookList
	g.Expect(person.List(ctx, &runbooks, client.InNamespace(namespace))).To(Succeed())
	g.Expect(runbooks.Items).NotTo(BeEmpty())

	t.Log("the operator, with its own rights, finds the admission policies as shipped: approvals can count")
	cfg.Impersonate = rest.ImpersonationConfig{UserName: "system:serviceaccount:" + namespace + ":" + operator.Name}
	itself, err := client.New(cfg, client.Options{Scheme: scheme})
	g.Expect(err).NotTo(HaveOccurred())
	policies, err := approval.NewAdmissionPolicies(itself, itself, namespace, clock.RealClock{}, nil)
	g.Expect(err).NotTo(HaveOccurred())
	admission, err := policies.Check(ctx)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(admission.Message).To(BeEmpty())
	g.Expect(admission.Intact).To(BeTrue())

	t.Log("again and again, as a GitOps controller does every few minutes: nothing moves")
	first := append(apply(ctx, g, person, "default"), apply(ctx, g, person, "library")...)
	again := append(apply(ctx, g, person, "default"), apply(ctx, g, person, "library")...)
	for i, o := range again {
		g.Expect(o.GetResourceVersion()).To(Equal(first[i].GetResourceVersion()), "%s %s", o.GetKind(), o.GetName())
	}
}

// emptyCluster returns an administrator of an API server that knows nothing of the operator.
func emptyCluster(t *testing.T) *rest.Config {
	t.Helper()
	g := NewWithT(t)
	assets, err := controlplane.Assets(t.Context(), os.Stderr)
	g.Expect(err).NotTo(HaveOccurred())
	server := &envtest.Environment{
		BinaryAssetsDirectory: assets, ControlPlaneStartTimeout: time.Minute, ControlPlaneStopTimeout: time.Minute,
	}
	cfg, err := server.Start()
	t.Cleanup(func() { NewWithT(t).Expect(server.Stop()).To(Succeed()) })
	g.Expect(err).NotTo(HaveOccurred())
	cfg.QPS = -1
	return cfg
}

// apply does what kubectl apply --server-side -k does with a folder of config, and returns what the API server has then.
// Server-side apply refuses a field that a kind does not know.
func apply(ctx context.Context, g *WithT, as client.Client, folder string) []*unstructured.Unstructured {
	rendered, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join("../../config", folder))
	g.Expect(err).NotTo(HaveOccurred())
	var objects []*unstructured.Unstructured
	for _, r := range rendered.Resources() {
		text, err := r.AsYAML()
		g.Expect(err).NotTo(HaveOccurred())
		o := &unstructured.Unstructured{}
		g.Expect(yaml.Unmarshal(text, &o.Object)).To(Succeed())
		if o.GroupVersionKind().GroupKind() == (schema.GroupKind{Kind: "Namespace"}) {
			objects = append([]*unstructured.Unstructured{o}, objects...) // kubectl creates namespaces first
			continue
		}
		objects = append(objects, o)
	}
	g.Expect(objects).NotTo(BeEmpty())
	for _, o := range objects {
		g.Expect(as.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("kubectl"), client.ForceOwnership)).
			To(Succeed(), "%s %s", o.GetKind(), o.GetName())
	}
	return objects
}
