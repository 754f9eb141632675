package application_test

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/account"
	"github.com/runbook-operator/runbook-operator/controllers/application"
	"github.com/runbook-operator/runbook-operator/controllers/claim"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/controllers/runbook"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var environment *env.Environment

func TestStandingObjects(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Applications, Runbooks and accounts")
}

var _ = BeforeSuite(func() {
	logf.SetLogger(GinkgoLogr)
	environment = env.Start(GinkgoTB())
})

// story is one spec with the controllers of everything that stands.
type story struct {
	*env.Fixture
	ctx context.Context
}

func begin() *story {
	GinkgoHelper()
	return &story{ctx: context.Background(), Fixture: environment.NewFixture(GinkgoTB(), env.Options{
		Controllers: func(d controller.Deps) []controller.Controller {
			return []controller.Controller{account.New(d), claim.New(d), runbook.New(d), application.New(d)}
		},
	})}
}

// settle lets the controllers finish what there is to do now.
func (s *story) settle() {
	GinkgoHelper()
	Expect(s.Driver.Settle(s.ctx)).To(Succeed())
}

// pass lets time pass.
func (s *story) pass(d time.Duration) {
	GinkgoHelper()
	Expect(s.Driver.RunFor(s.ctx, d)).To(Succeed())
}

// edit changes an object as a person does.
func (s *story) edit(o client.Object) {
	GinkgoHelper()
	Expect(s.Admin.Update(s.ctx, o)).To(Succeed())
}

func (s *story) application() *v1alpha1.ServerlessApplication {
	GinkgoHelper()
	return ExpectExists(s.ctx, s.Admin, builder.ServerlessApplication(s.Namespace))
}

func (s *story) account() *v1alpha1.AWSAccount {
	GinkgoHelper()
	return ExpectExists(s.ctx, s.Admin, builder.AWSAccount())
}

func (s *story) runbook() *v1alpha1.Runbook {
	GinkgoHelper()
	return ExpectExists(s.ctx, s.Admin, builder.Runbook(s.Namespace))
}
