//go:build fault

package together

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/fault/scene"
)

// The requests between which things happen.
const (
	intent = "update Remediation/status"
	call   = "lambda:PutFunctionConcurrency"
)

// moments are the requests, in their order, of the one look at which an approved change is made.
type moments []string

// learn watches an undisturbed change.
func (c *course) learn() moments {
	c.reset()
	rem := c.approved()
	var all moments
	c.Seam = func(_ context.Context, b scene.Boundary) {
		if b.After {
			all = append(all, b.Request)
		}
	}
	c.look(c.first, client.ObjectKeyFromObject(rem))
	c.Seam = nil
	Expect(c.Changed(c.mark)).To(HaveLen(1), "the undisturbed change:\n%s", c.says(rem.Name))
	return all
}

// call is the index of the call, and intent that of the intent before it.
func (m moments) call() int { return slices.Index(m, call) }

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

// chosen are those after which something is tried: each of the last before and of the first after a decisive one, and
// every so manieth of the others.
func (m moments) chosen(every int, decisive ...int) []int {
	var out []int
	for i := range m {
		near := slices.ContainsFunc(decisive, func(d int) bool { return i >= d-3 && i <= d+2 })
		if near || i%every == 0 {
			out = append(out, i)
		}
	}
	return out
}

// at makes an act happen once, right after the i-th answer of the next look.
func (c *course) at(i int, act func()) {
	n := -1
	c.Seam = func(_ context.Context, b scene.Boundary) {
		if !b.After {
			return
		}
		if n++; n == i {
			act()
		}
	}
}

// through makes an act happen at a moment of the deciding look, and lets the operator look again until everything is
// known.
func (c *course) through(rem *v1alpha1.Remediation, i int, act func()) {
	key := client.ObjectKeyFromObject(rem)
	acting := false
	c.at(i, func() {
		if !acting { // what the act itself sends is no moment of the look
			acting = true
			act()
		}
	})
	c.look(c.first, key)
	c.Seam = nil
	Expect(acting).To(BeTrue(), "moment %d was not reached", i)
	for range 2 {
		c.advance(50 * time.Second)
		c.look(c.first, key)
	}
}

func (m moments) name(i int) string { return fmt.Sprintf("after %s (%d of %d)", m[i], i+1, len(m)) }
