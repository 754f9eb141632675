//go:build fault

package truth_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var environment *env.Environment

func TestTruth(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Truth")
}

var _ = BeforeSuite(func() { environment = env.Start(GinkgoTB()) })

const (
	alice   = "alice@example.com" // may approve
	patient = 30 * time.Minute    // of world time, for what should come soon
	// window that a change has to be good for, a third of the default: the specs are many.
	window = 5 * time.Minute
	// long is the default, for what begins anew in the middle: a verification is inconclusive after two windows.
	long = 15 * time.Minute
	// over is longer than any verification: twice the window, the alarms' reach, and what is in between.
	over = time.Hour
)

// story is one incident of React Stocks, and whoever makes it look better than it is.
type story struct {
	*env.Fixture
	ctx context.Context
}

// begin starts a world, with the shipped Runbooks and an application in the mode Act.
func begin(scenario reactstocks.Scenario) *story {
	GinkgoHelper()
	return beginWith(scenario, window)
}

// beginWith is begin with another window than most specs need.
func beginWith(scenario reactstocks.Scenario, window time.Duration) *story {
	GinkgoHelper()
	s := &story{ctx: context.Background(), Fixture: environment.NewFixture(GinkgoTB(), env.Options{
		Controllers: controllers.All, Scenario: scenario,
	})}
	s.Bind(alice, "runbook-operator-approver")
	s.InstallLibrary()
	ExpectApplied(s.ctx, s.Admin, builder.AWSAccount(),
		builder.ChangePolicy(s.Namespace, func(p *v1alpha1.ChangePolicy) { p.Spec.Verification.Window = fmt.Sprintf("%dm", int(window.Minutes())) }),
		builder.ServerlessApplication(s.Namespace, func(a *v1alpha1.ServerlessApplication) {
			a.Spec.ChangePolicyRef = &v1alpha1.LocalReference{Name: "default"}
		}))
	return s
}

// changed begins a story in which the right change was just made: 200 reserved executions for 135 to 175 at once.
func changed() *story {
	GinkgoHelper()
	return changedWith(window)
}

func changedWith(window time.Duration) *story {
	GinkgoHelper()
	s := beginWith(reactstocks.Throttling, window)
	s.approve(s.proposed())
	s.applied()
	return s
}

// observed begins a story in which the right change was made, and half of its window is over.
func observed() *story {
	GinkgoHelper()
	return observedWith(window)
}

func observedWith(window time.Duration) *story {
	GinkgoHelper()
	s := changedWith(window)
	s.until("three observations were good", patient, func() bool { return s.verification().Good >= 3 })
	return s
}

func (s *story) until(what string, limit time.Duration, holds func() bool) {
	GinkgoHelper()
	Expect(s.Driver.RunUntil(s.ctx, limit, holds)).To(Succeed(), "waiting until %s", what)
}

func (s *story) pass(d time.Duration) {
	GinkgoHelper()
	Expect(s.Driver.RunFor(s.ctx, d)).To(Succeed())
}

// every does something at once and then at the beginning of every minute, for a time.
func (s *story) every(minutes int, act func()) {
	GinkgoHelper()
	for range minutes {
		act()
		s.pass(time.Minute)
	}
}

func (s *story) incident() *v1alpha1.Incident {
	GinkgoHelper()
	var list v1alpha1.IncidentList
	Expect(s.Admin.List(s.ctx, &list, client.InNamespace(s.Namespace))).To(Succeed())
	Expect(list.Items).To(HaveLen(1))
	return &list.Items[0]
}

// remediation returns the newest Remediation, or nil.
func (s *story) remediation() *v1alpha1.Remediation {
	GinkgoHelper()
	var list v1alpha1.RemediationList
	Expect(s.Admin.List(s.ctx, &list, client.InNamespace(s.Namespace))).To(Succeed())
	if len(list.Items) == 0 {
		return nil
	}
	return &list.Items[len(list.Items)-1]
}

func (s *story) verification() v1alpha1.VerificationStatus {
	GinkgoHelper()
	if rem := s.remediation(); rem != nil && rem.Status.Verification != nil {
		return *rem.Status.Verification
	}
	return v1alpha1.VerificationStatus{}
}

func (s *story) reason(typ string) string {
	GinkgoHelper()
	if rem := s.remediation(); rem != nil {
		return conditions.Reason(rem.Status.Conditions, typ)
	}
	return ""
}

// proposed lets time pass until a plan waits for approval.
func (s *story) proposed() *v1alpha1.Remediation {
	GinkgoHelper()
	s.until("a plan waits for approval", patient, func() bool {
		return s.reason(v1alpha1.ConditionApproved) == v1alpha1.ReasonAwaitingApproval
	})
	return s.remediation()
}

func (s *story) approve(rem *v1alpha1.Remediation) {
	GinkgoHelper()
	person := environment.As(GinkgoTB(), rest.ImpersonationConfig{UserName: alice, Groups: []string{"system:authenticated"}})
	Expect(person.Create(s.ctx, builder.Approval(rem))).To(Succeed())
}

func (s *story) applied() {
	GinkgoHelper()
	s.until("the change is made", patient, func() bool { return s.reason(v1alpha1.ConditionApplied) == v1alpha1.ReasonApplied })
}

// ended lets time pass until the Remediation ended.
func (s *story) ended() *v1alpha1.Remediation {
	GinkgoHelper()
	s.until("the Remediation ends", over, func() bool { return s.remediation().Status.EndedAt != nil })
	return s.remediation()
}

func (s *story) resolved() bool {
	GinkgoHelper()
	return conditions.IsTrue(s.incident().Status.Conditions, v1alpha1.ConditionResolved)
}

// changes returns the mutating calls of the operator.
func (s *story) changes() []ledger.Entry {
	return s.World.Ledger().Entries(ledger.ByClass(ledger.Change), ledger.ByRole(reactstocks.GrantRole))
}

func (s *story) person() aws.Config {
	return aws.Config{
		Region: reactstocks.Region, BaseEndpoint: aws.String(s.Endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
	}
}

// functions and alarms are what a platform administrator changes without the operator.
func (s *story) functions() *lambda.Client  { return lambda.NewFromConfig(s.person()) }
func (s *story) alarms() *cloudwatch.Client { return cloudwatch.NewFromConfig(s.person()) }

// offer sets the backend's traffic to what would occupy a concurrency without a limit; 0 stops it.
func (s *story) offer(concurrency float64) {
	s.World.SetTraffic(traffic.Workload{
		Function: reactstocks.BackendFunction, Qualifier: reactstocks.Alias,
		Arrivals: traffic.Steady(concurrency / reactstocks.BackendDuration), Duration: traffic.Steady(reactstocks.BackendDuration),
		Spread: 0.5, ErrorRate: traffic.Steady(0.002), CPUShare: 0.3, MemoryReference: 512,
	})
}

// expectNeverProved expects that the change of the story is held for a person, for the reason and with the words
// given, and that neither Remediation nor Incident claims more afterwards.
func (s *story) expectNeverProved(reason, words string) {
	GinkgoHelper()
	rem := s.ended()
	Expect(rem).To(HaveCondition(v1alpha1.ConditionVerified, "False", reason))
	Expect(rem).To(HaveCondition(v1alpha1.ConditionSucceeded, "False", v1alpha1.ReasonHeld))
	Expect(message(rem.Status.Conditions, v1alpha1.ConditionVerified)).To(ContainSubstring(words))
	s.pass(20 * time.Minute)
	Expect(s.remediation()).To(HaveCondition(v1alpha1.ConditionSucceeded, "False", v1alpha1.ReasonHeld))
	Expect(s.incident()).To(HaveCondition(v1alpha1.ConditionResolved, "False", v1alpha1.ReasonHeldForPerson))
	Expect(s.changes()).To(HaveLen(1), "what nobody can judge is neither repeated nor undone")
}

// message returns what a condition says to people.
func message(list []metav1.Condition, typ string) string {
	if c := meta.FindStatusCondition(list, typ); c != nil {
		return c.Message
	}
	return ""
}
