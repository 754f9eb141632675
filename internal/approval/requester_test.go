package approval

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// reject edits the decision of an Approval, as an administrator.
func reject(ctx context.Context, a *v1alpha1.Approval) error {
	edited := a.DeepCopy()
	if err := admin.Get(ctx, client.ObjectKeyFromObject(a), edited); err != nil {
		return err
	}
	edited.Spec.Decision = v1alpha1.DecisionRejected
	return admin.Update(ctx, edited)
}

func incident(namespace string) *v1alpha1.Incident {
	return &v1alpha1.Incident{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "trouble-"},
		Spec: v1alpha1.IncidentSpec{
			ApplicationRef: v1alpha1.LocalReference{Name: "react-stocks"},
			RunbookRefs:    []v1alpha1.LocalReference{{Name: "lambda-throttling"}},
		},
	}
}

var _ = Describe("Requests for changes and investigations", func() {
	var ns string

	BeforeEach(func(ctx SpecContext) {
		ns = namespace(ctx)
		allow(ctx, ns, "runbook-operator-editor", alice, argo)
		Eventually(func() error {
			return as(alice).Create(ctx, incident(ns), client.DryRunAll)
		}).WithContext(ctx).Should(Succeed())
	})

	// kinds returns one of each, with the place of its requester.
	kinds := func() map[client.Object]func() **v1alpha1.Person {
		rem, inc := remediation(ns, ""), incident(ns)
		rem.GenerateName = "fix-"
		return map[client.Object]func() **v1alpha1.Person{
			rem: func() **v1alpha1.Person { return &rem.Spec.RequestedBy },
			inc: func() **v1alpha1.Person { return &inc.Spec.RequestedBy },
		}
	}

	It("record who asks, people and controllers alike", func(ctx SpecContext) {
		for _, u := range []user{alice, argo} {
			for object, requester := range kinds() {
				Expect(as(u).Create(ctx, object)).To(Succeed())
				Expect(*requester()).To(Equal(whoami(ctx, as(u))))
				Expect((*requester()).Username).To(Equal(u.name))
			}
		}
	})

	It("keep nothing of a forged requester", func(ctx SpecContext) {
		for name, forged := range forgeries(whoami(ctx, as(alice))) {
			for object, requester := range kinds() {
				*requester() = forged
				Expect(as(alice).Create(ctx, object)).To(Succeed(), name)
				Expect(*requester()).To(Equal(whoami(ctx, as(alice))), name)
			}
		}
	})

	It("keep their requester when somebody else writes them", func(ctx SpecContext) {
		for object, requester := range kinds() {
			Expect(as(alice).Create(ctx, object)).To(Succeed())
			*requester() = nil
			object.SetLabels(map[string]string{"team": "stocks"})
			Expect(as(argo).Update(ctx, object)).To(Succeed())
			Expect(*requester()).To(Equal(whoami(ctx, as(alice))))
			Expect(object.GetLabels()).To(HaveKey("team"))
			*requester() = whoami(ctx, as(argo))
			Expect(as(argo).Update(ctx, object)).To(Succeed())
			Expect(*requester()).To(Equal(whoami(ctx, as(alice))))
		}
	})

	It("with a forged requester are refused where nothing fills it in, and honest ones are not", func(ctx SpecContext) {
		remove(ctx, "MutatingAdmissionPolicyBinding", "stamp-requester")
		for object := range kinds() {
			Eventually(func() error {
				return as(alice).Create(ctx, object.DeepCopyObject().(client.Object), client.DryRunAll)
			}).WithContext(ctx).Should(MatchError(ContainSubstring("spec.requestedBy " + notTheUser)))
		}
		for name, forged := range forgeries(whoami(ctx, as(alice))) {
			for object, requester := range kinds() {
				*requester() = forged
				Expect(as(alice).Create(ctx, object)).To(MatchError(ContainSubstring("spec.requestedBy "+notTheUser)), name)
			}
		}
		for object, requester := range kinds() {
			*requester() = whoami(ctx, as(alice))
			Expect(as(alice).Create(ctx, object)).To(Succeed())
		}

		By("a controller that asks for its own name")
		for object, requester := range kinds() {
			own, err := Requester(ctx, as(argo))
			Expect(err).NotTo(HaveOccurred())
			*requester() = own
			Expect(as(argo).Create(ctx, object)).To(Succeed())
		}
	})

	It("have a status that the operator writes whatever the policies say", func(ctx SpecContext) {
		rem := remediation(ns, "fix")
		Expect(as(alice).Create(ctx, rem)).To(Succeed())
		rem.Status.PlanNumber = 7
		Expect(admin.Status().Update(ctx, rem)).To(Succeed())
		Expect(rem.Status.PlanNumber).To(BeEquivalentTo(7))
		Expect(rem.Spec.RequestedBy).To(Equal(whoami(ctx, as(alice))))
	})
})
