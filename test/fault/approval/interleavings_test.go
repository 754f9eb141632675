//go:build fault

package approval

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers/remediation"
	"github.com/runbook-operator/runbook-operator/internal/approval"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

const (
	// numberVariable says how many sequences are tried where that is not 1,000, and seedVariable which one seed instead.
	numberVariable, seedVariable = "INTERLEAVINGS", "INTERLEAVING_SEED"
	// oneIn of them at least has to make a change: an operator that does nothing breaks no promise.
	oneIn = 6
)

// number reads a number from the environment.
func number(variable string, otherwise uint64) uint64 {
	GinkgoHelper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	Expect(err).NotTo(HaveOccurred(), variable)
	return n
}

var _ = Describe("In every interleaving of people, policies and the operator", Label("random"), func() {
	It("each change in the ledger is of a valid, unexpired, unused approval of exactly that plan", func() {
		r := newRun()
		if seed := number(seedVariable, 0); seed != 0 {
			err := r.play(seed)
			GinkgoWriter.Println(strings.Join(r.history, "\n"))
			Expect(err).NotTo(HaveOccurred())
			return
		}
		interleavings := number(numberVariable, 1000)
		first := rand.Uint64() >> 16
		began := time.Now()
		made := uint64(0)
		for seed := first; seed < first+interleavings; seed++ {
			if err := r.play(seed); err != nil {
				Fail(fmt.Sprintf("%v\n\n%s\n\nto see it again: %s=%d", err, strings.Join(r.history, "\n"), seedVariable, seed))
			}
			made += uint64(len(r.made))
			if n := seed - first + 1; n%100 == 0 {
				GinkgoWriter.Printf("%d interleavings, %d changes made, %s\n", n, made, time.Since(began).Round(time.Second))
			}
		}
		AddReportEntry("interleavings", fmt.Sprintf("%d from seed %d on, with %d acts, %d looks and %d changes made, in %s",
			interleavings, first, r.acts, r.looks, made, time.Since(began).Round(time.Second)), ReportEntryVisibilityAlways)
		Expect(made).To(BeNumerically(">=", interleavings/oneIn), "hardly anything was approved")
	})
})

// run plays interleavings in the scene, one after the other.
type run struct {
	*stage
	model
	operator reconcile.Reconciler
	stamps   stamps
	random   *rand.Rand
	history  []string
	old      []seen // plans that people saw
	judged   int    // of the ledger

	acts, looks int
}

func newRun() *run {
	GinkgoHelper()
	s.Bind(scene.Bob, "runbook-operator-editor") // in whose name Carol asks
	r := &run{stage: s, stamps: stamps{Client: s.Watched(s.Deps.Client), at: map[string]time.Time{}}}
	d := s.Deps
	d.Client, d.APIReader, d.Recorder = r.stamps, r.stamps, &events.FakeRecorder{}
	r.operator = remediation.New(d).Reconciler
	return r
}

// play plays the interleaving of a seed.
func (r *run) play(seed uint64) error {
	GinkgoHelper()
	r.random = rand.New(rand.NewPCG(seed, 0))
	r.begin()
	for range 8 + r.random.IntN(6) {
		r.act()
		if err := r.check(); err != nil {
			return err
		}
	}
	r.restore()
	r.operate(nil)
	return r.check()
}

// begin makes everything as it was before the first.
func (r *run) begin() {
	GinkgoHelper()
	r.Seam = nil
	r.clear()
	if r.history != nil && !r.vouching {
		Expect(r.Replace()).To(Succeed())
	}
	r.history, r.old = []string{}, nil
	clear(r.stamps.at)
	Expect(r.Admin.DeleteAllOf(r.ctx, &corev1.ConfigMap{}, client.InNamespace(r.OperatorNamespace))).To(Succeed())
	r.model = model{
		asked: map[string]string{}, pinned: map[string]demand{}, made: map[string]string{}, carried: map[string]string{},
		now: demand{people: 1, expires: 2 * time.Minute}, vouching: true, live: fmt.Sprint(before),
	}
	r.policy()
	if r.Reserved(backend) != before {
		r.Reserve(backend, before)
	}
	r.judged = r.World.Ledger().Len()
	r.seePolicies()
	r.pass(time.Second) // who asks in the second in which the policies were first seen is not believed
	r.ask(scene.Carol, scene.Carol)
	r.pass(11 * time.Second)
	r.operate(nil)
}

// seePolicies lets the operator see the admission policies for the first time, as it does when it starts.
func (r *run) seePolicies() {
	GinkgoHelper()
	policies, err := approval.NewAdmissionPolicies(r.Deps.APIReader, r.Deps.Client, r.OperatorNamespace, r.Wall, nil)
	Expect(err).NotTo(HaveOccurred())
	_, err = policies.Check(r.ctx)
	Expect(err).NotTo(HaveOccurred())
}

func (r *run) note(format string, args ...any) {
	r.history = append(r.history, fmt.Sprintf("%s %s", r.Clock.Now().UTC().Format(time.TimeOnly), fmt.Sprintf(format, args...)))
}

// check judges what is new in the ledger.
func (r *run) check() error {
	calls := r.World.Ledger().Entries(ledger.After(r.judged), ledger.ByClass(ledger.Change))
	r.judged = r.World.Ledger().Len()
	for _, e := range calls {
		r.note("  %s", e)
	}
	if rem, there := r.present(); there && rem.Status.Plan != nil {
		r.carried[string(rem.UID)] = rem.Status.Plan.Digest
	}
	return r.judge(calls)
}

// operate lets the operator look once. Where there is an act, it happens at some boundary of that look, before the intent.
func (r *run) operate(act func()) {
	GinkgoHelper()
	r.looks++
	r.note("the operator looks")
	at, n, acting := r.random.IntN(60), 0, false
	r.Seam = func(_ context.Context, b scene.Boundary) {
		n++
		if b.Request == "update Remediation/status" {
			acting = true // from the intent on, people are too late
		}
		if act == nil || acting || n < at {
			return
		}
		acting = true
		r.note("  %s:", b)
		act()
	}
	rem, there := r.present()
	if there {
		if _, known := r.pinned[string(rem.UID)]; !known {
			r.pinned[string(rem.UID)] = r.now
		}
	}
	_, err := r.operator.Reconcile(r.ctx, reconcile.Request{NamespacedName: client.ObjectKey{Namespace: r.Namespace, Name: name}})
	r.Seam = nil
	if err != nil {
		r.note("  %v", err)
	}
}

// present is the Remediation as it is now.
func (r *run) present() (*v1alpha1.Remediation, bool) {
	GinkgoHelper()
	rem := &v1alpha1.Remediation{}
	err := r.Admin.Get(r.ctx, client.ObjectKey{Namespace: r.Namespace, Name: name}, rem)
	Expect(client.IgnoreNotFound(err)).To(Succeed())
	return rem, err == nil
}

// pass lets time pass on both clocks.
func (r *run) pass(d time.Duration) {
	r.Wall.Step(d)
	r.after(d)
}

// look is what a person sees of the plan that waits; false where there is none.
func (r *run) plan() (*v1alpha1.Remediation, seen, bool) {
	rem, there := r.present()
	if !there || rem.Status.Plan == nil {
		return rem, seen{}, false
	}
	p, c := rem.Status.Plan, rem.Status.Plan.Calls[0]
	was := "none"
	if v := c.Before[0].Value; v != nil {
		was = *v
	}
	plan := seen{
		digest: p.Digest, number: int64(p.Number), function: c.Call.ResourceARN,
		before: was, writes: *c.Call.Writes[0].Value, expires: p.ExpiresAt.Time,
	}
	r.old = append(r.old, plan)
	return rem, plan, true
}

// policy writes what is demanded now.
func (r *run) policy() {
	GinkgoHelper()
	r.keep(builder.ChangePolicy(r.Namespace, func(p *v1alpha1.ChangePolicy) {
		p.Spec.Verification.Window = "1m"
		p.Spec.PlanExpiresAfter = fmt.Sprintf("%dm", int(r.now.expires.Minutes()))
		approvers(int32(r.now.people), r.now.requester)(p)
	}))
}
