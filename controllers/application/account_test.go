package application_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var _ = Describe("An AWSAccount", func() {
	It("is Ready when every granted role is of the account, and changes nothing there", func() {
		s := begin()
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount())
		s.settle()
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonIdentityConfirmed))
		Expect(s.World.Ledger().Entries(ledger.Changed())).To(BeEmpty())
	})

	It("is looked at every ten minutes, which leaves no trace while nothing changes", func() {
		s := begin()
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount())
		s.settle()
		version := s.account().ResourceVersion
		s.pass(time.Hour)
		Expect(s.account().ResourceVersion).To(Equal(version))
		Expect(s.World.Ledger().Count(ledger.ByAction("sts:AssumeRole"))).To(BeNumerically(">=", 3))

		s.World.IAM().PutRole(iam.Role{Name: reactstocks.GrantRole, TrustedARNs: []string{reactstocks.AdminRoleARN}})
		s.pass(25 * time.Minute)
		account := s.account()
		Expect(account).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))
		Expect(account).To(HaveCondition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonAccessDenied))
		Expect(account.Status.Conditions[0].Message).To(HavePrefix(`grant "react-stocks": `))
		Expect(account.Status.Conditions[0].Message).To(ContainSubstring("sts:AssumeRole"))
		ExpectEvents(s.ctx, s.Admin, account, v1alpha1.ReasonAccessDenied)
	})

	It("is not Ready without its account role, which no grant replaces", func() {
		s := begin()
		s.World.IAM().PutRole(iam.Role{Name: reactstocks.AccountRole, TrustedARNs: []string{reactstocks.OperatorRoleARN}, ExternalID: "another"})
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount())
		s.settle()
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonAccessDenied))
		Expect(s.account().Status.Conditions[0].Message).To(HavePrefix("the account role: "))
	})

	It("is not Ready when AWS says that a role is of another account", func() {
		s := begin()
		s.World.Faults().Add(faults.Rule{Action: "sts:GetCallerIdentity", Effect: faults.Effect{Account: "999922223333"}})
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount())
		s.settle()
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonWrongIdentity))
	})

	It("names the grants that do not work, and only those", func() {
		s := begin()
		ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(func(a *v1alpha1.AWSAccount) {
			gone, odd := a.Spec.Grants[0], a.Spec.Grants[0]
			gone.Name, gone.RoleARN = "gone", "arn:aws:iam::"+reactstocks.AccountID+":role/gone"
			odd.Name = "odd"
			odd.NamespaceSelector = metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: "Like"}}}
			a.Spec.Grants = append(a.Spec.Grants, gone, odd)
		}))
		s.settle()
		Expect(s.account()).To(HaveCondition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInvalidSelector))
		message := s.account().Status.Conditions[0].Message
		Expect(message).To(ContainSubstring(`grant "odd": `))
		Expect(message).To(ContainSubstring(`grant "gone": `))
		Expect(message).NotTo(ContainSubstring(`grant "react-stocks"`))
	})
})
