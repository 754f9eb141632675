//go:build fault

package approval

import (
	"context"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

func TestApproval(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Approval")
}

const (
	backend = reactstocks.BackendFunction
	before  = reactstocks.BackendReserved // of the backend
	wanted  = 200                         // of the backend, by every plan
	name    = "more-concurrency"          // of the Remediation that is attacked
)

// people who are not of the scene.
const (
	dave = "dave@example.com" // may create Approvals, and approve longer timeouts
	erin = "erin@example.com" // may approve the Remediation other, and no other one
)

var (
	environment *env.Environment
	// s is the one scene of the suite: every spec begins with it as it was at first.
	s *stage
)

var _ = BeforeSuite(func() {
	logf.SetLogger(GinkgoLogr)
	environment = env.Start(GinkgoTB())
	s = &stage{Scene: scene.New(GinkgoTB(), environment), ctx: context.Background()}
	s.allow(scene.Mallory, rule("approvals", "create"))
	s.allow(dave, rule("approvals", "create"), rule("remediations/setTimeout", "approve"))
	only := rule("remediations/setReservedConcurrency", "approve")
	only.ResourceNames = []string{"other"}
	s.allow(erin, rule("approvals", "create"), only)
	for _, who := range []string{scene.Mallory, dave, erin} {
		s.Await(who+" may create Approvals", func(ctx context.Context) bool { return s.May(ctx, who, "create", "approvals") })
	}
})

var _ = BeforeEach(func() { s.reset() })

// stage is a scene that is used again and again.
type stage struct {
	*scene.Scene
	ctx  context.Context
	mark int // of the ledger
	// unstamped says that the policy that fills in who approves stays off from one spec to the next.
	unstamped bool
}

// reset makes everything as it was before anything happened, and the admission policies long settled.
func (s *stage) reset() {
	GinkgoHelper()
	s.Seam = nil
	s.clear()
	if !s.unstamped && s.Tampered() {
		s.Restore()
	}
	s.keep(builder.ChangePolicy(s.Namespace, func(p *v1alpha1.ChangePolicy) { p.Spec.Verification.Window = "1m" }))
	if s.Reserved(backend) != before {
		s.Reserve(backend, before)
	}
	s.settlePolicies()
	s.after(time.Second) // what many specs do is not a hot loop
	Expect(s.Driver.Settle(s.ctx)).To(Succeed())
	s.mark = s.World.Ledger().Len()
}

// clear deletes what people and the operator wrote.
func (s *stage) clear() {
	GinkgoHelper()
	var rems v1alpha1.RemediationList
	Expect(s.Admin.List(s.ctx, &rems, client.InNamespace(s.Namespace))).To(Succeed())
	for _, r := range rems.Items {
		if len(r.Finalizers) > 0 {
			Expect(s.Admin.Patch(s.ctx, &r, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`)))).To(Succeed())
		}
	}
	for _, o := range []client.Object{&v1alpha1.Remediation{}, &v1alpha1.Approval{}} {
		Expect(s.Admin.DeleteAllOf(s.ctx, o, client.InNamespace(s.Namespace))).To(Succeed())
	}
	Expect(s.Admin.DeleteAllOf(s.ctx, &coordinationv1.Lease{}, client.InNamespace(s.OperatorNamespace))).To(Succeed())
}

// settlePolicies makes the operator forget since when the policies are in force, and sets its clock a minute behind the
// API server's, as a new scene has it: what is created from now on comes long after it sees them for the first time.
func (s *stage) settlePolicies() {
	GinkgoHelper()
	Expect(s.Admin.DeleteAllOf(s.ctx, &corev1.ConfigMap{}, client.InNamespace(s.OperatorNamespace))).To(Succeed())
	s.Wall.SetTime(time.Now().Add(-time.Minute))
}

// keep makes an object be there with a spec.
func (s *stage) keep(o client.Object) {
	GinkgoHelper()
	live := o.DeepCopyObject().(client.Object)
	Expect(s.Admin.Get(s.ctx, client.ObjectKeyFromObject(o), live)).To(Succeed())
	o.SetResourceVersion(live.GetResourceVersion())
	Expect(s.Admin.Update(s.ctx, o)).To(Succeed())
}

// demand changes the ChangePolicy.
func (s *stage) demand(change func(*v1alpha1.ChangePolicy)) {
	GinkgoHelper()
	p := &v1alpha1.ChangePolicy{}
	Expect(s.Admin.Get(s.ctx, client.ObjectKey{Namespace: s.Namespace, Name: "default"}, p)).To(Succeed())
	change(p)
	Expect(s.Admin.Update(s.ctx, p)).To(Succeed())
}

// approvers sets how many people approve, and whether the requester may be one of them.
func approvers(people int32, requester bool) func(*v1alpha1.ChangePolicy) {
	return func(p *v1alpha1.ChangePolicy) {
		p.Spec.Approvals = []v1alpha1.ApprovalDemand{{
			Actions: []v1alpha1.ActionName{v1alpha1.ActionSetReservedConcurrency}, People: people, AllowRequester: requester,
		}}
	}
}

func rule(resource, verb string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{resource}, Verbs: []string{verb}}
}

// allow gives a user rights in the namespace of the team, and returns the binding.
func (s *stage) allow(username string, rules ...rbacv1.PolicyRule) *rbacv1.RoleBinding {
	GinkgoHelper()
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, GenerateName: "some-"}, Rules: rules}
	Expect(s.Admin.Create(s.ctx, role)).To(Succeed())
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, GenerateName: "some-"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: username}},
	}
	Expect(s.Admin.Create(s.ctx, binding)).To(Succeed())
	return binding
}

// waiting asks for a change as Carol, and lets its plan wait for approval.
func (s *stage) waiting(changes ...func(*v1alpha1.Remediation)) *v1alpha1.Remediation {
	GinkgoHelper()
	rem := s.Planned(append([]func(*v1alpha1.Remediation){s.inTime}, changes...)...)
	Expect(s.Calls(s.mark)).To(BeEmpty())
	return rem
}

// inTime gives a Remediation a day from now: the scene is older than one.
func (s *stage) inTime(r *v1alpha1.Remediation) {
	r.Spec.NotAfter.Time = s.Clock.Now().Add(24 * time.Hour)
}

// refused expects that the operator, however often it looks, makes no call, and says why in the condition Approved and
// in an event, which says told where that is something else.
func (s *stage) refused(remediation, why string, told ...string) {
	GinkgoHelper()
	Expect(s.Driver.Settle(s.ctx)).To(Succeed())
	rem := s.Get(remediation)
	c := meta.FindStatusCondition(rem.Status.Conditions, v1alpha1.ConditionApproved)
	Expect(c).NotTo(BeNil())
	Expect(c.Status).To(Equal(metav1.ConditionFalse), c.Message)
	Expect(c.Message).To(ContainSubstring(why), "the condition Approved is %s", c.Reason)
	for _, note := range append(told, why)[:1] {
		Expect(s.notes(rem)).To(ContainElement(ContainSubstring(note)), "no event says it")
	}
	s.look(remediation)
	s.unchanged()
}

// look lets the operator look at a Remediation once, as it does by itself after some minutes of waiting.
func (s *stage) look(remediation string) {
	GinkgoHelper()
	_, err := s.Reconciler("remediation").Reconcile(s.ctx, reconcile.Request{
		NamespacedName: types.NamespacedName{Namespace: s.Namespace, Name: remediation},
	})
	Expect(err).NotTo(HaveOccurred())
}

// after lets time pass in the world while nobody looks.
func (s *stage) after(d time.Duration) {
	s.Clock.Step(d)
	s.World.AdvanceTo(s.Clock.Now())
}

// forbidden expects that the API server refuses an Approval, with a message for the person, and that nothing came of it.
func (s *stage) forbidden(who client.Client, a *v1alpha1.Approval, why string) {
	GinkgoHelper()
	Expect(who.Create(s.ctx, a)).To(MatchError(ContainSubstring(why)))
	Expect(s.Driver.Settle(s.ctx)).To(Succeed())
	rem := s.Get(name)
	Expect(rem.Status.Approvals).To(BeEmpty())
	s.unchanged()
}

// unchanged expects that the operator tried nothing, and that the function is as it was.
func (s *stage) unchanged() {
	GinkgoHelper()
	Expect(s.Calls(s.mark)).To(BeEmpty())
}

// changed expects that the change was made once: the suite would pass without an operator otherwise.
func (s *stage) changed() {
	GinkgoHelper()
	Expect(s.Driver.Settle(s.ctx)).To(Succeed())
	Expect(s.Calls(s.mark)).To(HaveLen(1))
	Expect(s.Reserved(backend)).To(BeEquivalentTo(wanted))
}

// counts is how many Approvals count for the plan.
func (s *stage) counts() int {
	GinkgoHelper()
	n := 0
	for _, a := range s.Get(name).Status.Approvals {
		if a.Counts {
			n++
		}
	}
	return n
}

// notes are those of the events about an object.
func (s *stage) notes(o client.Object) []string {
	GinkgoHelper()
	var notes []string
	for _, e := range s.Events(o) {
		notes = append(notes, e.Reason+": "+e.Note)
	}
	return notes
}

// with is the user of a name with a claim of the identity provider: the ARN of the session.
func with(username, session string) rest.ImpersonationConfig {
	return rest.ImpersonationConfig{
		UserName: username, UID: "uid-of-" + username, Groups: []string{"on-call"},
		Extra: map[string][]string{"arn": {"arn:aws:sts::123456789012:assumed-role/on-call/" + session}},
	}
}

// May asks the API server what a user may do in the namespace of the team.
func (s *stage) May(ctx context.Context, username, verb, resource string) bool {
	resource, subresource, _ := strings.Cut(resource, "/")
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: username, ResourceAttributes: &authorizationv1.ResourceAttributes{
			Group: v1alpha1.GroupVersion.Group, Resource: resource, Subresource: subresource, Verb: verb, Namespace: s.Namespace,
		},
	}}
	return s.Admin.Create(ctx, review) == nil && review.Status.Allowed
}
