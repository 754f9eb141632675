package api

import (
	"bytes"
	"os"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

// withStatus are the kinds that the operator reports on.
var withStatus = []string{"AWSAccount", "Incident", "Remediation", "Runbook", "ServerlessApplication"}

var _ = Describe("The status", func() {
	for _, d := range definitions() {
		It("of a fresh "+d.kind()+" says that nobody has looked at it yet", func(ctx SpecContext) {
			u := created(ctx, d.kind())
			status, reported := u.Object["status"]
			Expect(reported).To(Equal(slices.Contains(withStatus, d.kind())))
			if reported {
				Expect(status).To(Equal(map[string]any{"observedGeneration": int64(-1)}))
			}
		})
	}

	It("has conditions that several writers can set without losing another's", func() {
		for _, d := range definitions() {
			conditions, found := d.schema().Properties["status"].Properties["conditions"]
			Expect(found).To(Equal(slices.Contains(withStatus, d.kind())), d.kind())
			if !found {
				continue
			}
			Expect(conditions.XListType).To(HaveValue(Equal("map")), d.kind())
			Expect(conditions.XListMapKeys).To(Equal([]string{"type"}), d.kind())
			Expect(conditions.MaxItems).NotTo(BeNil(), d.kind())
		}
	})

	It("has no phase", func() {
		for _, d := range definitions() {
			for _, n := range nodes(d.schema().Properties["status"], "status") {
				Expect(n.path).NotTo(ContainElement("phase"), d.kind())
			}
		}
	})

	It("is written by nobody but the operator", func() {
		for _, role := range []string{"viewer", "editor", "approver", "admin"} {
			text, err := os.ReadFile("../../config/rbac/" + role + "_role.yaml")
			Expect(err).NotTo(HaveOccurred())
			var given rbacv1.ClusterRole
			Expect(yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096).Decode(&given)).To(Succeed())
			Expect(given.Rules).NotTo(BeEmpty())
			for _, rule := range given.Rules {
				if slices.ContainsFunc(rule.Verbs, writes) {
					Expect(rule.Resources).NotTo(ContainElement(Or(Equal("*"), HaveSuffix("/status"))), role)
				}
			}
		}
	})
})

func writes(verb string) bool {
	return slices.Contains([]string{"*", "create", "update", "patch"}, verb)
}

// created returns an object of a kind as the API server has it, and deletes it when the spec ends.
func created(ctx SpecContext, kind string, changes ...func(*unstructured.Unstructured)) *unstructured.Unstructured {
	GinkgoHelper()
	u := valid(kind)
	for _, change := range changes {
		change(u)
	}
	Expect(environment.Admin.Create(ctx, u)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) {
		Expect(client.IgnoreNotFound(environment.Admin.Delete(ctx, u))).To(Succeed())
	})
	Expect(environment.Admin.Get(ctx, client.ObjectKeyFromObject(u), u)).To(Succeed())
	return u
}

// Run to completion is said by the conditions that name it; Ready is for what lives on. Whoever waits for objects to
// be current (kstatus: kubectl, Flux, Argo CD) needs observedGeneration everywhere, and takes Stalled and Reconciling
// for bad and unfinished as soon as they are there.
var _ = Describe("The conditions that the operator writes", func() {
	It("are the documented ones of each kind, about the present generation", func(ctx SpecContext) {
		f := environment.NewFixture(GinkgoTB(), env.Options{Controllers: controllers.All, Scenario: reactstocks.Throttling})
		f.InstallLibrary()
		ExpectApplied(ctx, f.Admin, builder.AWSAccount(), builder.ServerlessApplication(f.Namespace))
		var remediations v1alpha1.RemediationList
		Expect(f.Driver.RunUntil(ctx, time.Hour, func() bool {
			Expect(f.Admin.List(ctx, &remediations, client.InNamespace(f.Namespace))).To(Succeed())
			return len(remediations.Items) > 0 && remediations.Items[0].Status.Plan != nil
		})).To(Succeed())

		living := []string{v1alpha1.ConditionReady, v1alpha1.ConditionDetecting, v1alpha1.ConditionClaimed}
		for kind, types := range map[string][]string{
			"AWSAccount": living, "ServerlessApplication": living, "Runbook": living,
			"Incident": {
				v1alpha1.ConditionAccepted, v1alpha1.ConditionInvestigated, v1alpha1.ConditionDiagnosed, v1alpha1.ConditionResolved,
			},
			"Remediation": {
				v1alpha1.ConditionAccepted, v1alpha1.ConditionPlanned, v1alpha1.ConditionApproved, v1alpha1.ConditionApplied,
				v1alpha1.ConditionVerified, v1alpha1.ConditionReverted, v1alpha1.ConditionSucceeded, v1alpha1.ConditionDriftDebt,
			},
		} {
			list := &unstructured.UnstructuredList{}
			list.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind + "List"))
			Expect(f.Admin.List(ctx, list)).To(Succeed())
			looked := 0
			for _, u := range list.Items {
				looked += expectConditions(u, types)
			}
			Expect(looked).To(BeNumerically(">", 0), "no %s has a condition", kind)
		}
	})
})

// expectConditions returns how many conditions an object has.
func expectConditions(u unstructured.Unstructured, types []string) int {
	GinkgoHelper()
	written, _, err := unstructured.NestedSlice(u.Object, "status", "conditions")
	Expect(err).NotTo(HaveOccurred())
	if len(written) == 0 {
		return 0 // of another spec: no controller looks at it
	}
	observed, _, err := unstructured.NestedInt64(u.Object, "status", "observedGeneration")
	Expect(err).NotTo(HaveOccurred())
	Expect(observed).To(Equal(u.GetGeneration()), u.GetKind())
	for _, w := range written {
		var c metav1.Condition
		Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(w.(map[string]any), &c)).To(Succeed())
		Expect(c.ObservedGeneration).To(Equal(u.GetGeneration()), "%s %s", u.GetKind(), c.Type)
		if c.Type == v1alpha1.ConditionStalled || c.Type == v1alpha1.ConditionReconciling {
			Expect(c.Status).To(Equal(metav1.ConditionTrue), "%s %s is there only when True", u.GetKind(), c.Type)
			continue
		}
		Expect(types).To(ContainElement(c.Type), u.GetKind())
		Expect(c.Message).NotTo(BeEmpty(), "%s %s", u.GetKind(), c.Type)
	}
	return len(written)
}
