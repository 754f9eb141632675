package application_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var _ = Describe("A ServerlessApplication", func() {
	It("is watched under its grant, in the lower of the two modes", func() {
		s := begin()
		ExpectApplied(s.ctx, s.Admin, builder.Runbook(s.Namespace), builder.ServerlessApplication(s.Namespace),
			builder.AWSAccount(func(a *v1alpha1.AWSAccount) { a.Spec.Grants[0].MaxMode = v1alpha1.ModePropose }))
		s.settle()
		app := s.application()
		Expect(app).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonWatched))
		Expect(app).To(HaveNoCondition(v1alpha1.ConditionStalled))
		Expect(app.Status.Mode).To(Equal(v1alpha1.ModePropose))
		Expect(app.Status.Conditions[0].Message).To(ContainSubstring("spec.mode is Act, which is more than the grant allows"))
		Expect(app.Status.ObservedGeneration).To(Equal(app.Generation))
		ExpectEvents(s.ctx, s.Admin, app, v1alpha1.ReasonWatched)

		app.Spec.Mode = v1alpha1.ModeObserve
		s.edit(app)
		s.settle()
		Expect(s.application().Status.Mode).To(Equal(v1alpha1.ModeObserve))
		told := ExpectEvents(s.ctx, s.Admin, app, v1alpha1.ReasonWatched)
		Expect(told).To(HaveLen(2), "another mode is news")
		Expect(told[1].Note).To(ContainSubstring("is used in the mode Observe, with 1 Runbook"))
	})

	It("waits for its account", func() {
		s := begin()
		ExpectApplied(s.ctx, s.Admin, builder.ServerlessApplication(s.Namespace))
		s.settle()
		Expect(s.application()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonAccountNotFound))
		Expect(s.application()).To(HaveCondition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonAccountNotFound))
		ExpectEvents(s.ctx, s.Admin, s.application(), v1alpha1.ReasonAccountNotFound)

		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount())
		s.settle()
		Expect(s.application()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonWatched))
		Expect(s.application()).To(HaveNoCondition(v1alpha1.ConditionStalled))
	})

	It("follows the labels of its namespace", func() {
		s := begin()
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(), builder.ServerlessApplication(s.Namespace))
		s.settle()
		namespace := ExpectExists(s.ctx, s.Admin, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.Namespace}})
		namespace.Labels["team"] = "somebody-else"
		s.edit(namespace)
		s.settle()
		Expect(s.application()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotGranted))
		Expect(s.application().Status.Mode).To(BeEmpty())
	})

	It("is not watched with a function that is not granted", func() {
		s := begin()
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(), builder.ServerlessApplication(s.Namespace, func(a *v1alpha1.ServerlessApplication) {
			a.Spec.Functions = append(a.Spec.Functions, v1alpha1.ApplicationFunction{Name: "orders-backend-prod-CheckoutFunction"})
		}))
		s.settle()
		Expect(s.application()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotGranted))
		Expect(s.application().Status.Conditions[0].Message).To(ContainSubstring("orders-backend-prod-CheckoutFunction"))
	})

	It("does not choose between two grants", func() {
		s := begin()
		ExpectApplied(s.ctx, s.Admin, builder.ServerlessApplication(s.Namespace), builder.AWSAccount(func(a *v1alpha1.AWSAccount) {
			second := a.Spec.Grants[0]
			second.Name = "second"
			a.Spec.Grants = append(a.Spec.Grants, second)
		}))
		s.settle()
		Expect(s.application()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonGrantAmbiguous))
		Expect(s.application()).To(HaveCondition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonGrantAmbiguous))
	})

	It("does not fall back to the default where its ChangePolicy is missing", func() {
		s := begin()
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(), builder.ServerlessApplication(s.Namespace, func(a *v1alpha1.ServerlessApplication) {
			a.Spec.ChangePolicyRef = &v1alpha1.LocalReference{Name: "default"}
		}))
		s.settle()
		Expect(s.application()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonChangePolicyNotFound))

		ExpectApplied(s.ctx, s.Admin, builder.ChangePolicy(s.Namespace))
		s.settle()
		Expect(s.application()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonWatched))
	})

	It("lists the Runbooks of its namespace and the shared ones that they do not replace", func() {
		s := begin()
		shared := func(name string) *v1alpha1.Runbook {
			return builder.Runbook(s.OperatorNamespace, func(b *v1alpha1.Runbook) { b.Name = name })
		}
		errors := shared("errors")
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(), builder.ServerlessApplication(s.Namespace), errors, shared("throttling"))
		s.settle()
		Expect(s.application().Status.Runbooks).To(HaveLen(2))

		ExpectApplied(s.ctx, s.Admin, builder.Runbook(s.Namespace))
		s.settle()
		resolved := s.application().Status.Runbooks
		Expect(resolved).To(HaveLen(2))
		Expect(resolved[0]).To(Equal(v1alpha1.ResolvedRunbook{
			Namespace: s.OperatorNamespace, Name: "errors", Generation: 1, Digest: diagnosis.Digest(errors.Spec),
		}))
		Expect(resolved[1].Namespace).To(Equal(s.Namespace))

		broken := s.runbook()
		broken.Spec.Diagnose[0].When = "nothing.sum > 0.0"
		s.edit(broken)
		s.settle()
		Expect(s.application().Status.Runbooks).To(HaveLen(1), "its author does not want the shared one")
		Expect(s.application().Status.Runbooks[0].Name).To(Equal("errors"))

		ExpectDeleted(s.ctx, s.Admin, broken)
		s.settle()
		Expect(s.application().Status.Runbooks).To(HaveLen(2))
		Expect(s.application().Status.Runbooks[1].Namespace).To(Equal(s.OperatorNamespace))
	})

	It("keeps what detection wrote into its status", func() {
		s := begin()
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(), builder.ServerlessApplication(s.Namespace))
		s.settle()
		app := s.application()
		app.Status.Episode = 7
		Expect(s.Admin.Status().Update(s.ctx, app)).To(Succeed())
		app.Spec.Mode = v1alpha1.ModePropose
		s.edit(app)
		s.settle()
		Expect(s.application().Status.Episode).To(BeEquivalentTo(7))
		Expect(s.application().Status.Mode).To(Equal(v1alpha1.ModePropose))
	})
})
