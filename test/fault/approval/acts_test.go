//go:build fault

package approval

import (
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

// act does one of the things that people do, or lets the operator look.
func (r *run) act() {
	GinkgoHelper()
	r.acts++
	switch n := r.random.IntN(100); {
	case n < 28:
		r.approve(v1alpha1.DecisionApproved)
	case n < 50:
		r.operate(nil)
	case n < 56:
		r.operate(func() { r.approve(v1alpha1.DecisionRejected) })
	case n < 61:
		r.operate(r.withdraw)
	case n < 64:
		r.approve(v1alpha1.DecisionRejected)
	case n < 68:
		r.withdraw()
	case n < 74:
		r.set()
	case n < 80:
		r.demand()
	case n < 86:
		r.tamper()
	case n < 91:
		r.restore()
	case n < 94:
		r.recreate()
	default:
		d := []time.Duration{time.Second, 11 * time.Second, 11 * time.Second, time.Minute, 3 * time.Minute}[r.random.IntN(5)]
		r.note("%s pass", d)
		r.pass(d)
	}
}

func (r *run) one(of ...string) string { return of[r.random.IntN(len(of))] }

// approve lets a person decide on the present plan, or on one that they saw before. While the policies are off, it may
// be Mallory in the name of that person. The API server goes on enforcing a policy for up to a second after it was
// edited; what Mallory gets then is made as the person it is said to be of, which is the same object.
func (r *run) approve(decision v1alpha1.Decision) {
	GinkgoHelper()
	rem, plan, there := r.plan()
	if !there {
		return
	}
	if r.random.IntN(6) == 0 {
		plan = r.old[r.random.IntN(len(r.old))]
	}
	claims := r.one(scene.Alice, scene.Alice, scene.Bob, scene.Bob, scene.Carol)
	w := word{of: string(rem.UID), plan: plan, decision: decision, author: claims, claims: claims, vouched: r.vouching}
	if !r.vouching && r.random.IntN(2) == 0 {
		w.author = scene.Mallory
	}
	a := builder.Approval(rem, func(a *v1alpha1.Approval) {
		a.Name, a.GenerateName = fmt.Sprintf("%s-%d", name, len(r.words)+1), ""
		a.Spec.PlanDigest, a.Spec.Decision = plan.digest, decision
		a.Spec.Approver = &v1alpha1.Person{Username: claims, Groups: []string{"system:authenticated"}}
	})
	Expect(r.As(claims).Create(r.ctx, a)).To(Succeed())
	r.stamps.at[string(a.UID)] = r.Wall.Now()
	w.name = a.Name
	r.words = append(r.words, w)
	r.note("%s: %s by %s, really %s, of plan %d (%s → %s, %s)", a.Name, decision, claims, w.author, plan.number, plan.before, plan.writes, plan.digest[:15])
}

// withdraw deletes an Approval.
func (r *run) withdraw() {
	GinkgoHelper()
	if len(r.words) == 0 {
		return
	}
	w := &r.words[r.random.IntN(len(r.words))]
	a := &v1alpha1.Approval{}
	a.Namespace, a.Name = r.Namespace, w.name
	Expect(client.IgnoreNotFound(r.Admin.Delete(r.ctx, a))).To(Succeed())
	w.gone = true
	r.note("%s is deleted", w.name)
}

// set changes the function by hand.
func (r *run) set() {
	n := []int32{before, 120, 150}[r.random.IntN(3)]
	r.note("the function is set to %d by hand", n)
	r.Reserve(backend, n)
}

// demand changes the ChangePolicy.
func (r *run) demand() {
	r.now = demand{
		people: 1 + r.random.IntN(2), requester: r.random.IntN(3) == 0,
		expires: []time.Duration{time.Minute, 2 * time.Minute, time.Hour}[r.random.IntN(3)],
	}
	r.note("the policy demands %+v", r.now)
	r.policy()
}

// tamper takes an admission policy away, or loosens one.
func (r *run) tamper() {
	GinkgoHelper()
	switch n := r.random.IntN(4); {
	case n == 0:
		r.note("authorize-approval is deleted")
		r.Remove(scene.Validating, scene.Authorize)
	case n == 1:
		r.note("the binding of authorize-approval is deleted")
		r.Remove(scene.ValidatingBinding, scene.Authorize)
	case n == 2:
		r.note("confirm-requester is deleted")
		r.Remove(scene.Validating, scene.Confirm)
	case r.vouching:
		r.note("authorize-approval ignores errors")
		r.Edit(scene.Validating, scene.Authorize, func(spec map[string]any) { spec["failurePolicy"] = "Ignore" })
	default:
		return
	}
	r.vouching = false
}

// restore brings back exactly what is shipped.
func (r *run) restore() {
	GinkgoHelper()
	if r.vouching {
		return
	}
	r.note("the admission policies are restored")
	Expect(r.Replace()).To(Succeed())
	r.vouching = true
}

// recreate deletes the Remediation and asks again under the same name. While the policies are off, Carol may ask in the
// name of Bob.
func (r *run) recreate() {
	GinkgoHelper()
	if rem, there := r.present(); there {
		r.note("the Remediation is deleted")
		Expect(r.Admin.Delete(r.ctx, rem)).To(Succeed())
		if len(rem.Finalizers) > 0 {
			r.operate(nil)
		}
		if _, there := r.present(); there {
			return // what was begun is seen through
		}
	}
	said := scene.Carol
	if !r.vouching && r.random.IntN(2) == 0 {
		said = scene.Bob
	}
	r.ask(scene.Carol, said)
}

// ask creates the Remediation as somebody, in the name of somebody.
func (r *run) ask(really, said string) {
	GinkgoHelper()
	rem := builder.Remediation(r.Namespace, r.inTime, func(o *v1alpha1.Remediation) {
		o.Spec.RequestedBy = &v1alpha1.Person{Username: said, Groups: []string{"system:authenticated"}}
	})
	Expect(r.As(said).Create(r.ctx, rem)).To(Succeed())
	r.stamps.at[string(rem.UID)] = r.Wall.Now()
	r.asked[string(rem.UID)] = really
	r.note("%s asks in the name of %s: %s", short(really), short(said), rem.UID)
}

func short(person string) string { first, _, _ := strings.Cut(person, "@"); return first }
