//go:build fault

package contract

import (
	"context"
	"sync"
	"time"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/features"
	featurestesting "k8s.io/client-go/features/testing"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/config"
	"github.com/runbook-operator/runbook-operator/hack/cluster"
	operatoraws "github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/clock"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/lease"
	"github.com/runbook-operator/runbook-operator/internal/operator"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
)

// explained are the rights that are needed and that no request shows, each with its reason.
var explained = map[string]string{
	"update incidents/finalizers.runbook-operator.io (ClusterRole runbook-operator)": "the API server asks for it by itself, where the admission plugin " +
		"OwnerReferencesPermissionEnforcement is on, as in OpenShift: a Remediation is owned by its Incident and blocks its deletion",
	"patch events.events.k8s.io (ClusterRole runbook-operator)": "the recorder of client-go sends it when an event comes again within six minutes",
}

// factor is how many seconds pass in the world in one of the wall.
const factor = 60

// cast is a team and its world beside the real manager of the operator.
type cast struct {
	ctx       context.Context
	namespace string
	seen      *recorder
	cfg       *rest.Config
	clock     clock.Scaled
	world     *sim.World
	endpoint  string
}

func newCast(ctx context.Context) *cast {
	GinkgoHelper()
	ctx = context.WithoutCancel(ctx)
	c := &cast{ctx: ctx, namespace: "rights", seen: &recorder{}, cfg: rest.CopyConfig(environment.OperatorConfig)}
	c.seen.record(c.cfg)
	c.clock = clock.Scaled{Epoch: time.Now(), Factor: factor}
	var err error
	c.world, err = reactstocks.New(ctx, sim.Options{Seed: 7, Clock: c.clock}, reactstocks.Throttling)
	Expect(err).NotTo(HaveOccurred())
	var stop func()
	c.endpoint, stop, err = c.world.Start("127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(stop)
	DeferCleanup(func() {
		Expect(environment.Admin.DeleteAllOf(ctx, &v1alpha1.AWSAccount{})).To(Succeed())
		Expect(environment.Admin.DeleteAllOf(ctx, &v1alpha1.ServerlessApplication{}, client.InNamespace(c.namespace))).To(Succeed())
	})
	library, err := cluster.Manifests("config", "runbooks")
	Expect(err).NotTo(HaveOccurred())
	for _, o := range library {
		o.SetNamespace(env.SystemNamespace)
		Expect(environment.Admin.Create(ctx, o)).To(Succeed())
	}
	for _, o := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.namespace, Labels: map[string]string{"team": "react-stocks"}}},
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: "approver"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "runbook-operator-approver"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: alice}},
		},
		builder.AWSAccount(func(a *v1alpha1.AWSAccount) {
			a.Spec.Queues = []v1alpha1.AlarmQueue{{Region: reactstocks.Region, URL: reactstocks.AlarmQueueURL}}
		}),
		builder.ChangePolicy(c.namespace, func(p *v1alpha1.ChangePolicy) {
			p.Spec.PlanExpiresAfter, p.Spec.Verification.Window, p.Spec.Recovery.StableFor = "24h", "1m", "1m"
		}),
		builder.ServerlessApplication(c.namespace, func(a *v1alpha1.ServerlessApplication) {
			a.Spec.ChangePolicyRef = &v1alpha1.LocalReference{Name: "default"}
		}),
	} {
		Expect(environment.Admin.Create(ctx, o)).To(Succeed())
	}
	return c
}

// operate runs the operator of production until the returned function is called.
func (c *cast) operate(elect bool) (stop func()) {
	GinkgoHelper()
	op, err := operator.New(c.ctx, c.cfg, operator.Options{
		Clock: c.clock, Wall: clock.Real{}, NewQueue: c.clock.NewQueue, Namespace: env.SystemNamespace, LeaderElection: elect,
		AWS: operatoraws.Options{Load: []func(*awsconfig.LoadOptions) error{
			awsconfig.WithSharedConfigFiles(nil), awsconfig.WithSharedCredentialsFiles(nil),
			awsconfig.WithBaseEndpoint(c.endpoint), awsconfig.WithRegion(reactstocks.Region),
			awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(
				reactstocks.OperatorAccessKeyID, reactstocks.OperatorSecretAccessKey, "")),
		}},
	})
	Expect(err).NotTo(HaveOccurred())
	running, cancel := context.WithCancel(c.ctx)
	done := make(chan error, 1)
	go func() { done <- op.Start(running) }()
	stop = sync.OnceFunc(func() {
		GinkgoHelper()
		cancel()
		Expect(<-done).To(Succeed())
	})
	DeferCleanup(stop) // also where the spec fails: no other spec is to meet it
	return stop
}

// remediation returns the only Remediation, or an empty one.
func (c *cast) remediation() *v1alpha1.Remediation {
	GinkgoHelper()
	var list v1alpha1.RemediationList
	Expect(environment.Admin.List(c.ctx, &list, client.InNamespace(c.namespace))).To(Succeed())
	if len(list.Items) == 0 {
		return &v1alpha1.Remediation{}
	}
	return &list.Items[0]
}

func (c *cast) reason(typ string) func() string {
	return func() string { return conditions.Reason(c.remediation().Status.Conditions, typ) }
}

var _ = Describe("Under the shipped rights", func() {
	It("the operator does all its work, and every right is used", func(ctx SpecContext) {
		all, err := rights()
		Expect(err).NotTo(HaveOccurred())
		Expect(all).NotTo(BeEmpty())
		c := newCast(ctx)
		defer func() {
			Expect(environment.Admin.DeleteAllOf(context.WithoutCancel(ctx), &v1alpha1.AWSAccount{})).To(Succeed())
		}()

		By("working from alarm to Resolved, on a lock that somebody left behind")
		gone := lease.Holder{Key: types.NamespacedName{Namespace: c.namespace, Name: "gone"}, UID: "gone"}
		locker := lease.Locker{Client: environment.Admin, Reader: environment.Admin, Namespace: env.SystemNamespace}
		_, err = locker.Take(ctx, lease.FunctionTarget(c.world.FunctionARN(reactstocks.BackendFunction)), gone, time.Now(), nil)
		Expect(err).NotTo(HaveOccurred())
		stop := c.operate(true)
		Eventually(c.reason(v1alpha1.ConditionApproved)).WithTimeout(time.Minute).Should(Equal(v1alpha1.ReasonAwaitingApproval))
		owner := metav1.GetControllerOf(c.remediation())
		Expect(owner.BlockOwnerDeletion).To(HaveValue(BeTrue()), "so that a right on the finalizers of Incidents is needed")
		Eventually(func() time.Duration {
			var records corev1.ConfigMapList
			Expect(environment.Admin.List(ctx, &records, client.InNamespace(env.SystemNamespace))).To(Succeed())
			if len(records.Items) == 0 {
				return 0
			}
			return time.Since(records.Items[0].CreationTimestamp.Time)
		}).WithTimeout(time.Minute).Should(BeNumerically(">", 12*time.Second), "an approval counts from ten seconds after the policies were first seen")
		person := environment.As(GinkgoTB(), rest.ImpersonationConfig{UserName: alice, Groups: []string{"system:authenticated"}})
		Expect(person.Create(ctx, builder.Approval(c.remediation()))).To(Succeed())
		Eventually(c.reason(v1alpha1.ConditionSucceeded)).WithTimeout(2 * time.Minute).Should(Equal(v1alpha1.ReasonSucceeded))
		Eventually(func() []string { return c.remediation().Finalizers }).WithTimeout(time.Minute).Should(BeEmpty())
		stop()

		By("starting again, on an API server that streams no lists, after a policy was made anew")
		featurestesting.SetFeatureDuringTest(GinkgoTB(), features.WatchListClient, false)
		policies, err := config.AdmissionPolicies(nil)
		Expect(err).NotTo(HaveOccurred())
		Expect(environment.Admin.Delete(ctx, policies[0].DeepCopy())).To(Succeed())
		Expect(environment.Admin.Create(ctx, policies[0].DeepCopy())).To(Succeed())
		Expect(environment.Admin.Delete(ctx, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
			Namespace: env.SystemNamespace, Name: operator.Name,
		}})).To(Succeed())
		stop = c.operate(true)
		unusedRights := func() []string {
			var left []string
			for _, r := range unused(all, c.seen.requests()) {
				if explained[r.String()] == "" {
					left = append(left, r.String())
				}
			}
			return left
		}
		Eventually(unusedRights).WithTimeout(15*time.Second).WithPolling(200*time.Millisecond).Should(BeEmpty(), "rights that nothing uses: take their markers away")
		stop()

		for _, q := range c.seen.requests() {
			Expect(q.code).NotTo(Equal(403), "%s is not allowed", q)
		}
		for text := range explained {
			Expect(all).To(ContainElement(HaveField("String()", text)), "an explanation of a right that is not given")
		}
	}, NodeTimeout(6*time.Minute))
})
