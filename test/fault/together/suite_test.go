//go:build fault

package together

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/remediation"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

var environment *env.Environment

func TestTogether(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Together")
}

var _ = BeforeSuite(func() {
	logf.SetLogger(GinkgoLogr)
	environment = env.Start(GinkgoTB())
})

const (
	backend = reactstocks.BackendFunction
	before  = reactstocks.BackendReserved // of the backend
	wanted  = 200                         // of the backend, by every plan that names no other number
	news    = reactstocks.NewsSyncFunction
)

// course is a scene in which the operator looks at a Remediation when the spec says so, and at no other moment. Two
// processes of it can look at the same time.
type course struct {
	*scene.Scene
	ctx    context.Context
	first  reconcile.Reconciler // behind the seam
	second reconcile.Reconciler // another process
	mark   int                  // of the ledger
	told   *told
}

// told keeps the events, as there is no writing one into a namespace that is being deleted.
type told struct{ list []string }

// Eventf notes what an event is about, and its reason.
func (t *told) Eventf(regarding, _ runtime.Object, _, reason, _, _ string, _ ...any) {
	o := regarding.(client.Object)
	t.list = append(t.list, o.GetNamespace()+"/"+o.GetName()+" "+reason)
}

func begin() *course {
	GinkgoHelper()
	c := &course{Scene: scene.New(GinkgoTB(), environment), ctx: context.Background(), told: &told{}}
	c.Deps.Recorder = c.told
	c.Driver.Restart(c.Controllers())
	c.first, c.second = c.Reconciler("remediation"), remediation.New(c.Deps).Reconciler
	return c
}

// reset makes everything as it was before anything happened.
func (c *course) reset() {
	GinkgoHelper()
	c.Seam = nil
	var rems v1alpha1.RemediationList
	Expect(c.Admin.List(c.ctx, &rems, client.InNamespace(c.Namespace))).To(Succeed())
	for _, r := range rems.Items {
		if len(r.Finalizers) > 0 {
			Expect(c.Admin.Patch(c.ctx, &r, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`)))).To(Succeed())
		}
	}
	for _, o := range []client.Object{&v1alpha1.Remediation{}, &v1alpha1.Approval{}} {
		Expect(c.Admin.DeleteAllOf(c.ctx, o, client.InNamespace(c.Namespace))).To(Succeed())
	}
	Expect(c.Admin.DeleteAllOf(c.ctx, &coordinationv1.Lease{}, client.InNamespace(c.OperatorNamespace))).To(Succeed())
	c.keep(builder.ChangePolicy(c.Namespace, func(p *v1alpha1.ChangePolicy) { p.Spec.Verification.Window = "1m" }))
	c.keep(builder.ServerlessApplication(c.Namespace, func(a *v1alpha1.ServerlessApplication) {
		a.Spec.AWS.AccountRef.Name, a.Spec.ChangePolicyRef = c.Account(), &v1alpha1.LocalReference{Name: "default"}
	}))
	c.keep(builder.AWSAccount(func(a *v1alpha1.AWSAccount) { a.Name = c.Account() }))
	c.keep(builder.Incident(c.Namespace))
	c.edit(&corev1.Namespace{}, client.ObjectKey{Name: c.Namespace}, func(o client.Object) {
		labels := o.GetLabels()
		labels["team"] = "react-stocks"
		o.SetLabels(labels)
	})
	c.World.Faults().Clear()
	c.pass(5 * time.Second) // an update of the function before ends
	for _, k := range kinds {
		if c.value(k) != k.before {
			c.set(k, k.before)
		}
	}
	if c.Reserved(news) != 0 {
		_, err := c.ByHand().DeleteFunctionConcurrency(c.ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: aws.String(news)})
		Expect(err).NotTo(HaveOccurred())
	}
	c.pass(35 * time.Second) // and no breaker is open
	Expect(c.Admin.DeleteAllOf(c.ctx, &corev1.ConfigMap{}, client.InNamespace(c.OperatorNamespace), records)).To(Succeed())
	c.told.list = nil
	c.look(c.Reconciler("account"), client.ObjectKey{Name: c.Account()})
	c.look(c.Reconciler("claim"), client.ObjectKey{Name: c.Account()})
	c.mark = c.World.Ledger().Len()
}

// keep makes an object be there with a spec.
func (c *course) keep(o client.Object) {
	GinkgoHelper()
	live := o.DeepCopyObject().(client.Object)
	if err := c.Admin.Get(c.ctx, client.ObjectKeyFromObject(o), live); err != nil {
		Expect(client.IgnoreNotFound(err)).To(Succeed())
		Expect(c.Admin.Create(c.ctx, o)).To(Succeed())
		return
	}
	o.SetResourceVersion(live.GetResourceVersion())
	Expect(c.Admin.Update(c.ctx, o)).To(Succeed())
}

func (c *course) edit(o client.Object, key client.ObjectKey, change func(client.Object)) {
	GinkgoHelper()
	Expect(c.Admin.Get(c.ctx, key, o)).To(Succeed())
	change(o)
	Expect(c.Admin.Update(c.ctx, o)).To(Succeed())
}

func (c *course) application(change func(*v1alpha1.ServerlessApplication)) {
	GinkgoHelper()
	c.edit(&v1alpha1.ServerlessApplication{}, client.ObjectKey{Namespace: c.Namespace, Name: builder.Application},
		func(o client.Object) { change(o.(*v1alpha1.ServerlessApplication)) })
}

func (c *course) account(change func(*v1alpha1.AWSAccount)) {
	GinkgoHelper()
	c.edit(&v1alpha1.AWSAccount{}, client.ObjectKey{Name: c.Account()}, func(o client.Object) { change(o.(*v1alpha1.AWSAccount)) })
}

// asked asks for a change that answers the Incident.
func (c *course) asked(changes ...func(*v1alpha1.Remediation)) *v1alpha1.Remediation {
	GinkgoHelper()
	inc := &v1alpha1.Incident{}
	Expect(c.Admin.Get(c.ctx, client.ObjectKeyFromObject(builder.Incident(c.Namespace)), inc)).To(Succeed())
	return c.Ask(append([]func(*v1alpha1.Remediation){func(r *v1alpha1.Remediation) {
		r.Spec.IncidentRef = &v1alpha1.UIDReference{Name: inc.Name, UID: string(inc.UID)}
		r.Spec.NotAfter.Time = c.Clock.Now().Add(20 * time.Minute)
	}}, changes...)...)
}

// approved asks for a change and approves its plan. Nobody has looked at the approval yet.
func (c *course) approved(changes ...func(*v1alpha1.Remediation)) *v1alpha1.Remediation {
	GinkgoHelper()
	rem := c.planned(changes...)
	c.Approve(scene.Alice, rem.Name)
	return c.Get(rem.Name)
}

// look lets a process look at an object once. What it cannot do it does the next time.
func (c *course) look(process reconcile.Reconciler, key client.ObjectKey) {
	_, err := process.Reconcile(c.ctx, reconcile.Request{NamespacedName: key})
	if err != nil {
		GinkgoWriter.Printf("%s: %v\n", key, err)
	}
}

// advance lets time pass while nobody looks.
func (c *course) advance(d time.Duration) {
	c.Wall.Step(d)
	c.pass(d)
}

// pass lets time pass in the world alone: sessions and deadlines, which are of the wall clock, stay as they are.
func (c *course) pass(d time.Duration) {
	c.Clock.Step(d)
	c.World.AdvanceTo(c.Clock.Now())
}

// says is the status of a Remediation, for a message.
func (c *course) says(name string) string {
	if c.Gone(name) {
		return name + " is gone"
	}
	text := name
	rem := c.Get(name)
	for _, condition := range rem.Status.Conditions {
		text += "\n  " + condition.Type + " " + condition.Reason + ": " + condition.Message
	}
	for _, i := range rem.Status.Intents {
		text += "\n  intent " + i.Token + " " + string(i.Outcome) + ": " + i.Message
	}
	return text
}
