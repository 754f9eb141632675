package api

import (
	"context"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/env"
)

// The README and docs/getting-started.md tell people to type kubectl get oncall, kubectl get of several kinds, and
// kubectl describe remediation, which lists its events too. Whoever the samples make a person of the team can.
var _ = Describe("People of the sample's team", Ordered, func() {
	const team = "react-stocks"
	people := map[string]rest.ImpersonationConfig{
		"on call":      {UserName: "oncall@example.com", Groups: []string{"react-stocks-on-call"}},
		"a developer":  {UserName: "developer@example.com", Groups: []string{"react-stocks-developers"}},
		"the platform": {UserName: "platform@example.com", Groups: []string{"platform"}},
	}

	BeforeAll(func(ctx SpecContext) {
		for _, u := range manifests("../../config/samples") {
			if u.GetAPIVersion() != "rbac.authorization.k8s.io/v1" && u.GetKind() != "Namespace" {
				continue
			}
			live, err := apply(ctx, u)
			Expect(err).NotTo(HaveOccurred(), "%s %s", u.GetKind(), u.GetName())
			if u.GetKind() != "Namespace" {
				DeferCleanup(func(ctx SpecContext) { Expect(environment.Admin.Delete(ctx, live)).To(Succeed()) })
			}
		}
	})

	for who, person := range people {
		It(who+" sees with kubectl get oncall every kind of it", func(ctx SpecContext) {
			client, err := discovery.NewDiscoveryClientForConfig(environment.Config)
			Expect(err).NotTo(HaveOccurred())
			served, err := client.ServerResourcesForGroupVersion(v1alpha1.GroupVersion.String())
			Expect(err).NotTo(HaveOccurred())
			asked := 0
			for _, r := range served.APIResources {
				if !slices.Contains(r.Categories, "oncall") {
					continue
				}
				asked++
				in := team
				if !r.Namespaced {
					in = ""
				}
				for _, verb := range []string{"get", "list", "watch"} {
					mayEventually(ctx, person, authorizationv1.ResourceAttributes{Group: v1alpha1.GroupVersion.Group, Resource: r.Name, Namespace: in, Verb: verb})
				}
			}
			Expect(asked).To(Equal(len(kubectlShows)))
		})

		It(who+" sees the events of a Remediation with kubectl describe", func(ctx SpecContext) {
			for _, group := range []string{"", "events.k8s.io"} {
				mayEventually(ctx, person, authorizationv1.ResourceAttributes{Group: group, Resource: "events", Namespace: team, Verb: "list"})
			}
			events := &corev1.EventList{}
			Expect(environment.As(GinkgoTB(), person).List(ctx, events, client.InNamespace(team), client.MatchingFields{"involvedObject.name": "react-stocks-1-1"})).To(Succeed())
		})

		It(who+" reads the Runbooks that are shipped", func(ctx SpecContext) {
			mayEventually(ctx, person, authorizationv1.ResourceAttributes{Group: v1alpha1.GroupVersion.Group, Resource: "runbooks", Namespace: env.SystemNamespace, Verb: "list"})
			Expect(environment.As(GinkgoTB(), person).List(ctx, &v1alpha1.RunbookList{}, client.InNamespace(env.SystemNamespace))).To(Succeed())
		})
	}

	It("reading is all that the team may do outside its namespace", func(ctx SpecContext) {
		for _, person := range []rest.ImpersonationConfig{people["on call"], people["a developer"]} {
			for _, resource := range []string{"awsaccounts", "runbooks"} {
				for _, verb := range []string{"create", "update", "patch", "delete"} {
					Expect(may(ctx, person, authorizationv1.ResourceAttributes{Group: v1alpha1.GroupVersion.Group, Resource: resource, Namespace: env.SystemNamespace, Verb: verb})).To(BeFalse(), "%s %s", verb, resource)
				}
			}
			for _, resource := range []string{"incidents", "remediations", "runbooks"} {
				Expect(may(ctx, person, authorizationv1.ResourceAttributes{Group: v1alpha1.GroupVersion.Group, Resource: resource, Namespace: "another-team", Verb: "list"})).To(BeFalse(), resource)
			}
		}
	})
})

// awaitRights is how long the authorizer has to learn of a binding.
const awaitRights = 5 * time.Second

// may asks the API server's authorizer.
func may(ctx context.Context, person rest.ImpersonationConfig, what authorizationv1.ResourceAttributes) bool {
	GinkgoHelper()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: person.UserName, Groups: person.Groups, ResourceAttributes: &what,
	}}
	Expect(environment.Admin.Create(ctx, review)).To(Succeed())
	return review.Status.Allowed
}

// mayEventually waits until the authorizer, which reads bindings from a cache, knows that a person may.
func mayEventually(ctx context.Context, person rest.ImpersonationConfig, what authorizationv1.ResourceAttributes) {
	GinkgoHelper()
	Eventually(func() bool { return may(ctx, person, what) }).WithTimeout(awaitRights).Should(BeTrue(),
		"%s may %s %s.%s in namespace %q", person.UserName, what.Verb, what.Resource, what.Group, what.Namespace)
}
