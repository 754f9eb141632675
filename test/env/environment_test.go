package env

import (
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/controllers/runbook"
	"github.com/runbook-operator/runbook-operator/hack/cluster"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var environment *Environment

func TestEnvironment(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Environment")
}

var _ = BeforeSuite(func() { environment = Start(GinkgoTB()) })

func runbooks(d controller.Deps) []controller.Controller {
	return []controller.Controller{runbook.New(d)}
}

var _ = Describe("An environment", func() {
	var f *Fixture

	BeforeEach(func() { f = environment.NewFixture(GinkgoTB(), Options{Controllers: runbooks}) })

	It("drives controllers that have the operator's rights and no more", func(ctx SpecContext) {
		own := f.Deps.Client

		Expect(own.List(ctx, &v1alpha1.IncidentList{})).To(Succeed())
		for _, forbidden := range []error{
			own.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "made-by-the-operator"}}),
			own.List(ctx, &corev1.SecretList{}),
			own.List(ctx, &corev1.ConfigMapList{}, client.InNamespace(f.Namespace)),
			own.Create(ctx, builder.ServerlessApplication(f.Namespace)),
		} {
			Expect(apierrors.IsForbidden(forbidden)).To(BeTrue(), "%v", forbidden)
		}
	})

	It("writes status and events as the operator", func(ctx SpecContext) {
		r := builder.Runbook(f.Namespace)
		ExpectApplied(ctx, f.Admin, r)

		Expect(f.Driver.Settle(ctx)).To(Succeed())

		r = ExpectExists(ctx, f.Admin, r)
		Expect(r).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCompiled))
		Expect(r.Status.Conditions[0].LastTransitionTime.UTC()).To(Equal(f.Clock.Now()), "world time, not the machine's")
		Expect(ExpectEvents(ctx, f.Admin, r, v1alpha1.ReasonCompiled)).To(HaveLen(1))
	})

	It("shows one spec nothing of another", func(ctx SpecContext) {
		ExpectApplied(ctx, f.Admin, builder.Runbook(f.Namespace))
		other := environment.NewFixture(GinkgoTB(), Options{Controllers: runbooks})

		Expect(other.Driver.Settle(ctx)).To(Succeed())

		Expect(other.Driver.Trace()).To(BeEmpty())
		Expect(other.World.Ledger().Len()).To(BeZero())
	})

	It("moves AWS, the operator and the wall together", func(ctx SpecContext) {
		f := environment.NewFixture(GinkgoTB(), Options{Controllers: runbooks, Scenario: reactstocks.Throttling})
		began, wall := f.Clock.Now(), f.Wall.Now()

		Expect(f.Driver.RunFor(ctx, 10*time.Minute)).To(Succeed())

		Expect(f.Clock.Since(began)).To(Equal(10 * time.Minute))
		Expect(f.Wall.Since(wall)).To(Equal(10 * time.Minute))
		Expect(f.World.Now()).To(Equal(f.Clock.Now()))
	})

	It("reaches AWS as the operator does in production", func(ctx SpecContext) {
		session, err := f.Deps.AWS.Session(ctx, aws.Access{
			AccountID: reactstocks.AccountID, Region: reactstocks.Region,
			RoleARN: reactstocks.GrantRoleARN, ExternalID: reactstocks.ExternalID,
		}, "environment")

		Expect(err).NotTo(HaveOccurred())
		Expect(session.Identity().AccountID).To(Equal(reactstocks.AccountID))
	})

	It("lets people act with the rights they were given", func(ctx SpecContext) {
		anna := environment.As(GinkgoTB(), rest.ImpersonationConfig{UserName: "anna@example.com"})
		before := anna.Create(ctx, builder.Remediation(f.Namespace))
		Expect(apierrors.IsForbidden(before)).To(BeTrue(), "%v", before)

		f.Bind("anna@example.com", "runbook-operator-editor")

		asked := builder.Remediation(f.Namespace)
		ExpectApplied(ctx, anna, asked)
		Expect(asked.Spec.RequestedBy.Username).To(Equal("anna@example.com"), "the shipped admission policies are in force")
	})

	It("installs manifests that the API server takes word for word", func(ctx SpecContext) {
		strict := client.WithFieldValidation(f.Admin, metav1.FieldValidationStrict)
		f.InstallLibrary()
		deployment, err := cluster.Manifests("config", "manager")
		Expect(err).NotTo(HaveOccurred())
		for _, o := range deployment {
			if o.GetKind() != "Namespace" { // it is there already
				Expect(strict.Create(ctx, o, client.DryRunAll)).To(Succeed(), "%s %s", o.GetKind(), o.GetName())
			}
		}
		Expect(deployment).To(HaveLen(2))
	})

	DescribeTable("builders make objects that the API server takes", func(ctx SpecContext, o func() client.Object) {
		ExpectApplied(ctx, f.Admin, o())
	},
		Entry("AWSAccount", func() client.Object { return builder.AWSAccount() }),
		Entry("ServerlessApplication", func() client.Object { return builder.ServerlessApplication(f.Namespace) }),
		Entry("Runbook", func() client.Object { return builder.Runbook(f.Namespace) }),
		Entry("ChangePolicy", func() client.Object { return builder.ChangePolicy(f.Namespace) }),
		Entry("Incident", func() client.Object { return builder.Incident(f.Namespace) }),
		Entry("Remediation", func() client.Object { return builder.Remediation(f.Namespace) }),
	)
})

var _ = Describe("The driver, which asks etcd what was written,", func() {
	It("sees what is made, edited, deleted and made again as a list does", func(ctx SpecContext) {
		f := environment.NewFixture(GinkgoTB(), Options{Controllers: runbooks})
		looks := func(name string) (n int) {
			GinkgoHelper()
			before := len(f.Driver.Trace())
			Expect(f.Driver.Settle(ctx)).To(Succeed())
			for _, s := range f.Driver.Trace()[before:] {
				if s.Request.Name == name {
					n++
				}
			}
			return n
		}
		named := func(name string) *v1alpha1.Runbook {
			r := builder.Runbook(f.Namespace)
			r.Name = name
			return r
		}
		ExpectApplied(ctx, f.Admin, named("one"), named("two"))
		Expect(looks("one")).To(BeNumerically(">", 0))
		Expect(looks("one")).To(BeZero(), "nothing was written")

		r := ExpectExists(ctx, f.Admin, named("two"))
		r.Labels = map[string]string{"edited": "yes"}
		Expect(f.Admin.Update(ctx, r)).To(Succeed())
		Expect(looks("two")).To(Equal(1))
		Expect(f.Driver.seen).To(ContainElement(WithTransform(client.Object.GetLabels, HaveKey("edited"))))
		delete(r.Labels, "edited")
		Expect(f.Admin.Update(ctx, r)).To(Succeed())
		Expect(looks("one")).To(BeZero())
		Expect(f.Driver.seen).NotTo(ContainElement(WithTransform(client.Object.GetLabels, HaveKey("edited"))))

		ExpectDeleted(ctx, f.Admin, named("one"))
		Expect(looks("one")).To(Equal(1))
		ExpectApplied(ctx, f.Admin, named("one"))
		Expect(looks("one")).To(BeNumerically(">", 0), "it is another one")

		ExpectDeleted(ctx, f.Admin, named("one"))
		ExpectApplied(ctx, f.Admin, named("three"))
		Expect(looks("one")).To(Equal(1), "there are as many as before, and one of them is gone")
		ExpectDeleted(ctx, f.Admin, named("three"))
		ExpectApplied(ctx, f.Admin, named("three"))
		Expect(looks("three")).To(BeNumerically(">", 0), "it has the same name, and is another one")
	})
})
