package approval

import (
	"context"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/config"
	"github.com/runbook-operator/runbook-operator/hack/controlplane"
)

// The API server that every spec of the package shares, and its administrator.
var (
	server *rest.Config
	scheme = runtime.NewScheme()
	admin  client.Client
)

func TestApprovalOnARealAPIServer(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(30 * time.Second)
	RunSpecs(t, "approval")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
	Expect(apiextensionsv1.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	assets, err := controlplane.Assets(ctx, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	definitions, err := config.CustomResourceDefinitions()
	Expect(err).NotTo(HaveOccurred())

	env := &envtest.Environment{
		BinaryAssetsDirectory: assets, CRDs: definitions, Scheme: scheme,
		ControlPlaneStartTimeout: 2 * time.Minute,
	}
	env.ControlPlane.GetAPIServer().Configure().
		Append("authentication-token-webhook-config-file", startAuthenticator()).
		Append("authentication-token-webhook-version", "v1")
	server, err = env.Start()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(env.Stop)
	// One client sends many requests; the API server's own limits are enough.
	server.QPS = -1
	admin, err = client.New(server, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())

	for _, people := range []string{"admin", "approver", "editor", "viewer"} {
		text, err := os.ReadFile("../../config/rbac/" + people + "_role.yaml")
		Expect(err).NotTo(HaveOccurred())
		role := &rbacv1.ClusterRole{}
		Expect(yaml.UnmarshalStrict(text, role)).To(Succeed())
		Expect(admin.Create(ctx, role)).To(Succeed())
	}
	install(ctx)
}, NodeTimeout(15*time.Minute))

// install brings every policy and binding to what is shipped, and waits until the API server enforces them.
func install(ctx context.Context) {
	GinkgoHelper()
	for _, o := range shipped() {
		live := &unstructured.Unstructured{}
		live.SetGroupVersionKind(o.GroupVersionKind())
		err := admin.Get(ctx, client.ObjectKeyFromObject(o), live)
		if apierrors.IsNotFound(err) {
			Expect(admin.Create(ctx, o)).To(Succeed())
			continue
		}
		Expect(err).NotTo(HaveOccurred())
		if len(differingFields(o.Object["spec"], live.Object["spec"])) > 0 {
			live.Object["spec"] = o.Object["spec"]
			Expect(admin.Update(ctx, live)).To(Succeed())
		}
	}
	component := as(user{name: "system:component", groups: []string{"system:masters"}})
	Eventually(func(g Gomega) {
		a := approvalOf(&v1alpha1.Remediation{ObjectMeta: metav1.ObjectMeta{Name: "any", UID: "any", Namespace: "default"}})
		g.Expect(component.Create(ctx, a, client.DryRunAll)).To(MatchError(ContainSubstring("is not a person")))
		a.Spec.Approver = nil
		g.Expect(admin.Create(ctx, a, client.DryRunAll)).To(Succeed())
		g.Expect(a.Spec.Approver).NotTo(BeNil())
		rem := remediation("default", "any")
		g.Expect(admin.Create(ctx, rem, client.DryRunAll)).To(Succeed())
		g.Expect(rem.Spec.RequestedBy).NotTo(BeNil())
	}).WithContext(ctx).Should(Succeed())
}

// shipped returns fresh copies of every policy and binding, bindings last.
func shipped() []*unstructured.Unstructured {
	GinkgoHelper()
	objects, err := config.AdmissionPolicies(nil)
	Expect(err).NotTo(HaveOccurred())
	var policies, bindings []*unstructured.Unstructured
	for _, o := range objects {
		if strings.HasSuffix(o.GetKind(), "Binding") {
			bindings = append(bindings, o)
		} else {
			policies = append(policies, o)
		}
	}
	return append(policies, bindings...)
}

// remove deletes policies or bindings, and puts them back after the spec.
func remove(ctx context.Context, kind string, names ...string) {
	GinkgoHelper()
	for _, name := range names {
		Expect(admin.Delete(ctx, policy(kind, name))).To(Succeed())
	}
	DeferCleanup(install)
}

func policy(kind, name string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetAPIVersion("admissionregistration.k8s.io/v1")
	o.SetKind(kind)
	o.SetName(name + ".runbook-operator.io")
	return o
}

// namespace makes a namespace for one spec.
func namespace(ctx context.Context) string {
	GinkgoHelper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "approval-"}}
	Expect(admin.Create(ctx, ns)).To(Succeed())
	return ns.Name
}

// allow binds the ClusterRole to users in a namespace.
func allow(ctx context.Context, namespace, role string, users ...user) {
	GinkgoHelper()
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: role + "-"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
	}
	for _, u := range users {
		binding.Subjects = append(binding.Subjects, rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: "User", Name: u.name})
	}
	Expect(admin.Create(ctx, binding)).To(Succeed())
}

// allowOnly binds a role of its own rules to a user.
func allowOnly(ctx context.Context, namespace string, u user, resourceVerbs map[string]string) {
	GinkgoHelper()
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "only-"}}
	for resource, verb := range maps.All(resourceVerbs) {
		role.Rules = append(role.Rules, rbacv1.PolicyRule{
			APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{resource}, Verbs: []string{verb},
		})
	}
	Expect(admin.Create(ctx, role)).To(Succeed())
	Expect(admin.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "only-"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: u.name}},
	})).To(Succeed())
}

func remediation(namespace, name string) *v1alpha1.Remediation {
	return &v1alpha1.Remediation{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.RemediationSpec{
			ApplicationRef: v1alpha1.LocalReference{Name: "react-stocks"},
			Target:         v1alpha1.Target{FunctionName: "react-stocks-api"},
			Action:         v1alpha1.Action{SetReservedConcurrency: &v1alpha1.SetReservedConcurrency{Value: 20}},
			NotAfter:       metav1.NewTime(planned.Add(24 * time.Hour)),
		},
	}
}

// approvalOf returns an Approval as a person writes it, of the present plan or, where there is none, of some plan.
func approvalOf(rem *v1alpha1.Remediation) *v1alpha1.Approval {
	digest := fmt.Sprintf("sha256:%064d", 0)
	if rem.Status.Plan != nil {
		digest = rem.Status.Plan.Digest
	}
	return &v1alpha1.Approval{
		ObjectMeta: metav1.ObjectMeta{Namespace: rem.Namespace, GenerateName: rem.Name + "-"},
		Spec: v1alpha1.ApprovalSpec{
			RemediationRef: v1alpha1.UIDReference{Name: rem.Name, UID: string(rem.UID)},
			Action:         v1alpha1.ActionSetReservedConcurrency, PlanDigest: digest, Decision: v1alpha1.DecisionApproved,
		},
	}
}
