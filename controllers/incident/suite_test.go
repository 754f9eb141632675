package incident_test

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/account"
	"github.com/runbook-operator/runbook-operator/controllers/application"
	"github.com/runbook-operator/runbook-operator/controllers/claim"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/controllers/incident"
	"github.com/runbook-operator/runbook-operator/controllers/remediation"
	"github.com/runbook-operator/runbook-operator/controllers/runbook"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var environment *env.Environment

func TestIncident(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Incident")
}

var _ = BeforeSuite(func() {
	logf.SetLogger(GinkgoLogr)
	environment = env.Start(GinkgoTB())
})

// story is one spec. Incidents come from the spec: nobody reads alarms.
type story struct {
	*env.Fixture
	ctx context.Context
}

// begin starts a story with React Stocks and a Runbook that always names a cause.
func begin(scenario reactstocks.Scenario, changes ...func(*v1alpha1.ServerlessApplication)) *story {
	GinkgoHelper()
	s := &story{ctx: context.Background()}
	s.Fixture = environment.NewFixture(GinkgoTB(), env.Options{Scenario: scenario, Controllers: func(d controller.Deps) []controller.Controller {
		return []controller.Controller{account.New(d), claim.New(d), runbook.New(d), application.New(d), incident.New(d), remediation.New(d)}
	}})
	ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(), runs(s.Namespace, builder.ThrottlingRunbook), builder.ServerlessApplication(s.Namespace, changes...))
	s.pass(time.Minute)
	return s
}

// runs is a Runbook whose rule holds for every function.
func runs(namespace, name string, changes ...func(*v1alpha1.Runbook)) *v1alpha1.Runbook {
	rbk := builder.Runbook(namespace, func(r *v1alpha1.Runbook) {
		r.Name = name
		r.Spec.Investigate = []v1alpha1.Step{
			{Name: "fn", FunctionState: &v1alpha1.FunctionStateStep{}},
			{Name: "limits", AccountLimits: &v1alpha1.AccountLimitsStep{}},
		}
		r.Spec.Diagnose[0].When = "fn.memoryMB > 0"
	})
	for _, change := range changes {
		change(rbk)
	}
	return rbk
}

// of names the application of an Incident.
func of(name string) func(*v1alpha1.Incident) {
	return func(i *v1alpha1.Incident) { i.Name, i.Spec.ApplicationRef.Name = name+"-1", name }
}

// signalled makes an Incident one that an alarm opened, which triggers some Runbooks.
func signalled(function v1alpha1.FunctionName, runbooks ...string) func(*v1alpha1.Incident) {
	return func(i *v1alpha1.Incident) {
		i.Spec.RunbookRefs, i.Spec.Functions = nil, nil
		i.Spec.Signal = &v1alpha1.Signal{
			AlarmName: "throttles", AlarmARN: "arn:aws:cloudwatch:us-east-1:" + reactstocks.AccountID + ":alarm:throttles",
			FunctionName: function, Runbooks: runbooks, TransitionedAt: metav1.NewTime(time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)),
		}
	}
}

// opens creates an Incident, and lets what happens at once happen.
func (s *story) opens(changes ...func(*v1alpha1.Incident)) *v1alpha1.Incident {
	GinkgoHelper()
	inc := builder.Incident(s.Namespace, changes...)
	Expect(s.Admin.Create(s.ctx, inc)).To(Succeed())
	s.pass(5 * time.Second)
	return s.get(inc)
}

func (s *story) get(inc *v1alpha1.Incident) *v1alpha1.Incident {
	GinkgoHelper()
	return ExpectExists(s.ctx, s.Admin, inc)
}

func (s *story) pass(d time.Duration) {
	GinkgoHelper()
	Expect(s.Driver.RunFor(s.ctx, d)).To(Succeed())
}

// remediations returns those of the namespace.
func (s *story) remediations() []v1alpha1.Remediation {
	GinkgoHelper()
	var list v1alpha1.RemediationList
	Expect(s.Admin.List(s.ctx, &list, client.InNamespace(s.Namespace))).To(Succeed())
	return list.Items
}

// looks counts how often the Incident was reconciled.
func (s *story) looks() int {
	n := 0
	for _, step := range s.Driver.Trace() {
		if step.Controller == "incident" {
			n++
		}
	}
	return n
}
