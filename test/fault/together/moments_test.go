//go:build fault

package together

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

// intent is the request that announces a call.
const intent = "update Remediation/status"

// mutates says whether a request is a call that changes a function.
func mutates(request string) bool {
	return request == "lambda:PutFunctionConcurrency" || request == "lambda:DeleteFunctionConcurrency" || request == "lambda:UpdateFunctionConfiguration"
}

// moments are the requests, in their order, of the one look at which an approved change is made.
type moments []string

// learn watches an undisturbed change.
func (c *course) learn(changes ...func(*v1alpha1.Remediation)) moments {
	GinkgoHelper()
	c.reset()
	rem := c.approved(changes...)
	all := c.watch(rem)
	Expect(c.Changed(c.mark)).To(HaveLen(1), "the undisturbed change:\n%s", c.says(rem.Name))
	return all
}

// watch returns the moments of the next look, in which a call is made.
func (c *course) watch(rem *v1alpha1.Remediation) moments {
	GinkgoHelper()
	var all moments
	c.Seam = func(_ context.Context, b scene.Boundary) {
		if b.After {
			all = append(all, b.Request)
		}
	}
	c.look(c.first, client.ObjectKeyFromObject(rem))
	c.Seam = nil
	Expect(all.call()).To(BeNumerically(">", 0), "no call was made:\n%s", c.says(rem.Name))
	return all
}

// call is the index of the call, intent that of the intent before it, and read that of the last look at the function
// before it.
func (m moments) call() int { return slices.IndexFunc(m, mutates) }

func (m moments) read() int {
	if m.call() < 0 {
		return -1
	}
	return m[:m.call()].last("lambda:GetFunction*")
}

// unseen says whether a call was made after a moment, and nobody looked at the function in between.
func (m moments) unseen(i int) bool { return m.call() > i && m.read() <= i }

func (m moments) intent() int { return m[:m.call()].last(intent) }

// last is the index of the last request of a name; -1 for none.
func (m moments) last(request string) int {
	for i := len(m) - 1; i >= 0; i-- {
		if m[i] == request || strings.HasSuffix(request, "*") && strings.HasPrefix(m[i], strings.TrimSuffix(request, "*")) {
			return i
		}
	}
	return -1
}

// chosen are those after which something is tried: right before, right after and one after a decisive one, and every so
// manieth of the others.
func (m moments) chosen(every int, decisive ...int) []int {
	var out []int
	for i := range m {
		near := slices.ContainsFunc(decisive, func(d int) bool { return i >= d-1 && i <= d+1 })
		if near || i%every == 0 {
			out = append(out, i)
		}
	}
	return out
}

// at makes an act happen once, right after the i-th answer of the next look, and returns what that look asks for.
func (c *course) at(i int, act func()) *moments {
	all, acting := &moments{}, false
	c.Seam = func(_ context.Context, b scene.Boundary) {
		if !b.After || acting { // what the act itself sends is no moment of the look
			return
		}
		*all = append(*all, b.Request)
		if len(*all)-1 == i {
			acting = true
			act()
			acting = false
		}
	}
	return all
}

// through makes an act happen at a moment of the deciding look, and lets the operator look again until everything is
// known. It returns the moments of that look: one that has to open a session anew has more of them.
func (c *course) through(rem *v1alpha1.Remediation, i int, act func()) moments {
	key := client.ObjectKeyFromObject(rem)
	acted := false
	all := c.at(i, func() { acted = true; act() })
	c.look(c.first, key)
	c.Seam = nil
	Expect(acted).To(BeTrue(), "moment %d was not reached", i)
	for range 2 {
		c.advance(50 * time.Second)
		c.look(c.first, key)
	}
	return *all
}

func (m moments) name(i int) string { return fmt.Sprintf("after %s (%d of %d)", m[i], i+1, len(m)) }
