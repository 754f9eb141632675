// Package e2e walks whole incidents through the operator on stepped time: a real API server, the simulated AWS over
// the wire, every controller. It must not reach into a controller.
package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/internal/sim/traffic"
	"github.com/runbook-operator/runbook-operator/internal/transport"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

var environment *env.Environment

func TestWalk(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The walk from alarm to resolution")
}

var _ = BeforeSuite(func() {
	environment = env.Start(GinkgoTB())
	Expect(environment.Admin.Create(context.Background(), &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: timeoutApprover},
		Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{"runbook-operator.io"}, Resources: []string{"remediations/setTimeout"}, Verbs: []string{"approve"}},
			{APIGroups: []string{"runbook-operator.io"}, Resources: []string{"approvals"}, Verbs: []string{"create"}},
		},
	})).To(Succeed())
})

// walk is one incident of React Stocks and everybody in it.
type walk struct {
	*env.Fixture
	ctx context.Context
}

const (
	alice = "alice@example.com" // may approve
	bob   = "bob@example.com"   // may edit, and not approve
	carol = "carol@example.com" // may approve setTimeout, and nothing else
	// timeoutApprover is carol's ClusterRole.
	timeoutApprover = "timeout-approver"
	patient         = 20 * time.Minute // how long a spec waits, in world time, for what should come soon
)

// begin starts a world in a scenario, with the shipped runbooks and an application that is watched.
func begin(scenario reactstocks.Scenario, changes ...func(*v1alpha1.ServerlessApplication)) *walk {
	w := &walk{ctx: context.Background(), Fixture: environment.NewFixture(GinkgoTB(), env.Options{
		Controllers: controllers.All, Scenario: scenario,
	})}
	w.Bind(alice, "runbook-operator-approver")
	w.Bind(bob, "runbook-operator-editor")
	w.Bind(carol, timeoutApprover)
	w.InstallLibrary()
	ExpectApplied(w.ctx, w.Admin, builder.AWSAccount(), builder.ServerlessApplication(w.Namespace, changes...))
	return w
}

// until lets time pass until something holds.
func (w *walk) until(what string, limit time.Duration, holds func() bool) {
	GinkgoHelper()
	Expect(w.Driver.RunUntil(w.ctx, limit, holds)).To(Succeed(), "waiting until %s", what)
}

func (w *walk) incidents() []v1alpha1.Incident {
	GinkgoHelper()
	var list v1alpha1.IncidentList
	Expect(w.Admin.List(w.ctx, &list, client.InNamespace(w.Namespace))).To(Succeed())
	return list.Items
}

// incident returns the only Incident.
func (w *walk) incident() *v1alpha1.Incident {
	GinkgoHelper()
	all := w.incidents()
	Expect(all).To(HaveLen(1))
	return &all[0]
}

// remediation returns the newest Remediation, or nil.
func (w *walk) remediation() *v1alpha1.Remediation {
	GinkgoHelper()
	var list v1alpha1.RemediationList
	Expect(w.Admin.List(w.ctx, &list, client.InNamespace(w.Namespace))).To(Succeed())
	if len(list.Items) == 0 {
		return nil
	}
	return &list.Items[len(list.Items)-1]
}

func (w *walk) reason(typ string) string {
	if rem := w.remediation(); rem != nil {
		return conditions.Reason(rem.Status.Conditions, typ)
	}
	return ""
}

// proposed lets time pass until a plan waits for approval.
func (w *walk) proposed() *v1alpha1.Remediation {
	GinkgoHelper()
	w.until("a plan waits for approval", patient, func() bool {
		return w.reason(v1alpha1.ConditionApproved) == v1alpha1.ReasonAwaitingApproval
	})
	return w.remediation()
}

// approve creates an Approval as a person, and returns what the API server says.
func (w *walk) approve(username string, rem *v1alpha1.Remediation, changes ...func(*v1alpha1.Approval)) error {
	GinkgoHelper()
	person := environment.As(GinkgoTB(), rest.ImpersonationConfig{UserName: username, Groups: []string{"system:authenticated"}})
	return person.Create(w.ctx, builder.Approval(rem, changes...))
}

// changes returns the calls of the operator that are of the class change.
func (w *walk) changes() []ledger.Entry {
	return w.World.Ledger().Entries(ledger.ByClass(ledger.Change), ledger.ByRole("runbook-operator-react-stocks"))
}

// leases returns the names of the Leases that changes hold.
func (w *walk) leases() []string {
	GinkgoHelper()
	var list coordinationv1.LeaseList
	Expect(w.Admin.List(w.ctx, &list, client.InNamespace(w.OperatorNamespace))).To(Succeed())
	var names []string
	for _, l := range list.Items {
		names = append(names, l.Name)
	}
	return names
}

// byHand returns a Lambda client of a platform administrator, who changes things without the operator.
func (w *walk) byHand() *lambda.Client {
	return lambda.NewFromConfig(aws.Config{
		Region: reactstocks.Region, BaseEndpoint: aws.String(w.Endpoint), HTTPClient: transport.New(),
		Credentials: credentials.NewStaticCredentialsProvider(reactstocks.AdminAccessKeyID, reactstocks.AdminSecretAccessKey, ""),
	})
}

// reserve sets the backend's reserved concurrency by hand.
func (w *walk) reserve(n int32) {
	GinkgoHelper()
	_, err := w.byHand().PutFunctionConcurrency(w.ctx, &lambda.PutFunctionConcurrencyInput{
		FunctionName: aws.String(reactstocks.BackendFunction), ReservedConcurrentExecutions: aws.Int32(n),
	})
	Expect(err).NotTo(HaveOccurred())
}

// offer sets the backend's traffic to what would occupy a concurrency; 0 stops it.
func (w *walk) offer(concurrency float64) {
	w.World.SetTraffic(traffic.Workload{
		Function: reactstocks.BackendFunction, Qualifier: reactstocks.Alias,
		Arrivals: traffic.Steady(concurrency / reactstocks.BackendDuration), Duration: traffic.Steady(reactstocks.BackendDuration),
		Spread: 0.5, ErrorRate: traffic.Steady(0.002), CPUShare: 0.3, MemoryReference: 512,
	})
}
