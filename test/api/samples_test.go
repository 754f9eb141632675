package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/test/env"
)

// appliedBy says who applies a sample of a kind: the group that the samples themselves give the rights to, "" for
// whoever administers the cluster. It is in the order in which they are applied.
var appliedBy = []struct{ kind, group string }{
	{"Namespace", ""}, {"Role", ""}, {"RoleBinding", ""}, {"ClusterRoleBinding", ""},
	{"AWSAccount", "platform"}, {"ChangePolicy", "platform"}, {"Runbook", "platform"},
	{"ServerlessApplication", "react-stocks-developers"}, {"Incident", "react-stocks-developers"},
	{"Remediation", "react-stocks-developers"}, {"Approval", "react-stocks-on-call"},
}

var _ = Describe("The manifests that are shipped", Ordered, func() {
	var all, live []*unstructured.Unstructured

	BeforeAll(func() {
		samples, library := manifests("../../config/samples"), manifests("../../config/runbooks")
		Expect(samples).NotTo(BeEmpty())
		Expect(library).NotTo(BeEmpty())
		for _, rbk := range library {
			Expect(rbk.GetKind()).To(Equal("Runbook"))
			rbk.SetNamespace(env.SystemNamespace) // as config/default installs them
		}
		all = append(samples, library...)
		slices.SortStableFunc(all, func(a, b *unstructured.Unstructured) int { return turn(a.GetKind()) - turn(b.GetKind()) })
		DeferCleanup(func(ctx SpecContext) {
			for _, u := range slices.Backward(live) {
				if u.GetKind() != "Namespace" {
					Expect(client.IgnoreNotFound(environment.Admin.Delete(ctx, u))).To(Succeed())
				}
			}
		})
	})

	It("are taken from the people who may write them", func(ctx SpecContext) {
		for _, u := range all {
			// The API server's authorizer learns of a binding a moment after it is there.
			Eventually(func() error {
				applied, err := apply(ctx, u)
				if err == nil {
					live = append(live, applied)
				}
				return err
			}).Should(Succeed(), "%s %s", u.GetKind(), u.GetName())
		}
	})

	It("show every kind", func() {
		for _, d := range definitions() {
			Expect(all).To(ContainElement(HaveField("GetKind()", d.kind())))
		}
	})

	It("change nothing when they are applied again, once the operator has looked at them", func(ctx SpecContext) {
		for i, u := range all {
			if u.GetName() == "" {
				continue // another one is meant to be another one
			}
			if slices.Contains(withStatus, u.GetKind()) {
				set(live[i], "status.observedGeneration", live[i].GetGeneration())
				Expect(environment.Admin.Status().Update(ctx, live[i])).To(Succeed())
			}
			again, err := apply(ctx, u)
			Expect(err).NotTo(HaveOccurred())
			Expect(again.GetUID()).To(Equal(live[i].GetUID()))
			Expect(again.GetResourceVersion()).To(Equal(live[i].GetResourceVersion()), "%s %s", u.GetKind(), u.GetName())
		}
	})
})

// apply creates an object that gets its name from the API server, and applies every other one as kubectl does. It
// returns the object as the API server has it.
func apply(ctx context.Context, u *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	GinkgoHelper()
	live, person := u.DeepCopy(), of(u.GetKind())
	if u.GetName() == "" {
		return live, person.Create(ctx, live)
	}
	return live, person.Apply(ctx, client.ApplyConfigurationFromUnstructured(live), client.FieldOwner("kubectl"))
}

// turn is when objects of a kind are applied.
func turn(kind string) int {
	GinkgoHelper()
	for i, by := range appliedBy {
		if by.kind == kind {
			return i
		}
	}
	Fail("nobody is said to apply a " + kind)
	return 0
}

// of returns the client of a person who applies objects of a kind.
func of(kind string) client.Client {
	GinkgoHelper()
	group := appliedBy[turn(kind)].group
	if group == "" {
		return environment.Admin
	}
	return environment.As(GinkgoTB(), rest.ImpersonationConfig{
		UserName: "someone-of-" + group + "@example.com", Groups: []string{group, "system:authenticated"},
	})
}

// manifests returns every object in a folder and the folders in it.
func manifests(folder string) []*unstructured.Unstructured {
	GinkgoHelper()
	var all []*unstructured.Unstructured
	Expect(filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" || entry.Name() == "kustomization.yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
		for {
			u := &unstructured.Unstructured{}
			if err := decoder.Decode(u); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			Expect(u.GetKind()).NotTo(BeEmpty(), "%s has an empty document", strings.TrimPrefix(path, "../../"))
			all = append(all, u)
		}
	})).To(Succeed())
	return all
}
