//go:build fault

package bounds

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/controllers"
	"github.com/runbook-operator/runbook-operator/controllers/controller"
	"github.com/runbook-operator/runbook-operator/internal/sim/faults"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/test/builder"
	"github.com/runbook-operator/runbook-operator/test/env"
)

// looks is how often the same error is met.
const looks = 100

// writes counts the writes of statuses by the name of the object, and keeps what was written.
type writes struct {
	mu   sync.Mutex
	of   map[string]int
	last map[string]client.Object
	said []string // what differed from one write to the next, for people
}

func (w *writes) count(o client.Object) {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := o.GetName()
	w.of[name]++
	if before := w.last[name]; before != nil {
		w.said = append(w.said, name+": "+cmp.Diff(before, o))
	}
	w.last[name] = o.DeepCopyObject().(client.Object)
}

// text says what differed.
func (w *writes) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.said, "\n")
}

// reset forgets what was counted.
func (w *writes) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.of)
	w.said = nil
}

// counted is a client whose writes of statuses are counted.
type counted struct {
	client.Client
	writes *writes
}

func (c counted) Status() client.SubResourceWriter {
	return countedStatus{SubResourceWriter: c.Client.Status(), writes: c.writes}
}

type countedStatus struct {
	client.SubResourceWriter
	writes *writes
}

func (c countedStatus) Update(ctx context.Context, o client.Object, opts ...client.SubResourceUpdateOption) error {
	c.writes.count(o)
	return c.SubResourceWriter.Update(ctx, o, opts...)
}

func (c countedStatus) Patch(ctx context.Context, o client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
	c.writes.count(o)
	return c.SubResourceWriter.Patch(ctx, o, patch, opts...)
}

// failing lets every call of an action fail in the same way, each in the words of a request of its own.
func (f *fleet) failing(action, code string, status int) {
	for i := range 20 * looks {
		message := fmt.Sprintf("The service failed (Request ID: 8f14e45f-%04d-4ee5-a5f6-0c2d3b4a5968)", i)
		f.World.Faults().Add(faults.Rule{Action: action, Skip: i, Times: 1, Effect: faults.Error(code, message, status)})
	}
}

// looked returns how often an object was reconciled after a number of calls.
func (f *fleet) looked(controllerName, object string, after int) int {
	n := 0
	for _, step := range f.Driver.Trace()[after:] {
		if step.Controller == controllerName && step.Request.Name == object {
			n++
		}
	}
	return n
}

// events returns the events about an object so far.
func (f *fleet) events(o client.Object) []eventsv1.Event {
	GinkgoHelper()
	var list eventsv1.EventList
	Expect(f.Admin.List(f.ctx, &list)).To(Succeed())
	var about []eventsv1.Event
	for _, e := range list.Items {
		if e.Regarding.UID == o.GetUID() {
			about = append(about, e)
		}
	}
	return about
}

var _ = Describe("An error of AWS that is met a hundred times", func() {
	It("is written once and told once, whatever request IDs it comes with", func() {
		w := &writes{of: map[string]int{}, last: map[string]client.Object{}}
		f := newFleet(2, env.Options{Controllers: func(d controller.Deps) []controller.Controller {
			d.Client = counted{Client: d.Client, writes: w}
			return controllers.All(d)
		}}, withQueue)
		planned, unread := f.names[0], f.names[1]
		f.storm(planned)
		f.firing(planned)
		f.until("a plan waits", 10*time.Minute, func() bool { return f.waiting() == 1 })
		Expect(f.Driver.RunFor(f.ctx, 10*time.Second)).To(Succeed()) // nothing is held back by the operator's own budgets
		failing := []string{"lambda:GetFunction", "cloudwatch:DescribeAlarms", "sqs:ReceiveMessage"}
		for _, action := range failing {
			f.failing(action, "ServiceException", http.StatusInternalServerError)
		}
		rem := f.of(planned)
		byHand := builder.Incident(f.Namespace, func(inc *v1alpha1.Incident) {
			inc.Spec.ApplicationRef.Name = unread
			inc.Spec.RunbookRefs = []v1alpha1.LocalReference{{Name: "lambda-throttling"}}
			inc.Spec.Functions = []v1alpha1.FunctionName{v1alpha1.FunctionName(function(unread))}
		})
		Expect(f.Admin.Create(f.ctx, byHand)).To(Succeed())
		account := &v1alpha1.AWSAccount{}
		Expect(f.Admin.Get(f.ctx, client.ObjectKey{Name: builder.Account}, account)).To(Succeed())

		objects := []client.Object{rem, byHand, account}
		told := map[string]int{}
		for _, o := range objects {
			told[o.GetName()] = len(f.events(o))
		}
		w.reset()
		after, mark := len(f.Driver.Trace()), f.World.Ledger().Len()
		f.until("every call failed a hundred times, and everybody looked", 4*time.Hour, func() bool {
			for _, action := range failing {
				if f.World.Ledger().Count(ledger.After(mark), mine, ledger.ByAction(action)) < looks {
					return false
				}
			}
			return f.looked("remediation", rem.Name, after) > looks/5 && f.looked("incident", byHand.Name, after) > looks/5 &&
				f.looked("detection", account.Name, after) > looks/5
		})
		failed := f.World.Ledger().Entries(ledger.After(mark), mine, func(e ledger.Entry) bool { return e.Error != "" })
		GinkgoWriter.Println("failed:", tally(failed), "writes:", w.of)
		Expect(len(failed)).To(BeNumerically(">", looks))

		Expect(w.of).To(HaveKeyWithValue(rem.Name, 1), "%s", w.text())
		Expect(w.of).To(HaveKeyWithValue(byHand.Name, 1), "%s", w.text())
		Expect(w.of).To(HaveKeyWithValue(account.Name, 2), "one for the alarms and one for the queue: %s", w.text())
		Expect(len(f.events(rem)) - told[rem.Name]).To(Equal(1))
		Expect(len(f.events(account)) - told[account.Name]).To(Equal(2))
		for _, o := range objects {
			Expect(f.Admin.Get(f.ctx, client.ObjectKeyFromObject(o), o)).To(Succeed())
			for _, e := range f.events(o) {
				Expect(e.Note).NotTo(ContainSubstring("8f14e45f"))
			}
		}
	})
})
