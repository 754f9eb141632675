package evidence

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// insideAnother are permissions that no call of their own uses: AWS asks for them while it answers another call
// (Lambda API reference, GetFunction: tags need lambda:ListTags).
var insideAnother = map[string]string{"lambda:ListTags": "lambda:GetFunction"}

// forEach runs the contract for every step in the list, in a world of its own where there is something to see.
func forEach(t *testing.T, run func(t *testing.T, g *WithT, w *world, s Step, asked []Request)) {
	t.Helper()
	for _, s := range Steps() {
		t.Run(s.Name(), func(t *testing.T) {
			g := NewWithT(t)
			var mine []v1alpha1.Step
			for _, example := range append(everyStep(), v1alpha1.Step{Name: "average", Metric: &v1alpha1.MetricStep{
				Namespace: "AWS/Lambda", Name: "Duration", Statistic: "Average", Window: "15m",
			}}) {
				if s.Wants(example) {
					mine = append(mine, example)
				}
			}
			g.Expect(mine).NotTo(BeEmpty(), "every listed step has an example here")
			w := newWorld(t, reactstocks.Throttling, sim.Options{})
			w.clock.Step(8 * time.Minute)
			run(t, g, w, s, requests(mine, backend, newsSync))
		})
	}
}

func TestEveryMemberOfTheStepUnionIsAStep(t *testing.T) {
	g := NewWithT(t)
	var members, names []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[v1alpha1.Step]()) {
		if f.Type.Kind() == reflect.Pointer {
			members = append(members, jsonName(f))
		}
	}
	for _, s := range Steps() {
		names = append(names, s.Name())
	}
	g.Expect(names).To(ConsistOf(members))
}

func TestAStepChangesNothingAndSeesTheSameAgain(t *testing.T) {
	forEach(t, func(t *testing.T, g *WithT, w *world, _ Step, asked []Request) {
		before, from := w.StateHash(), w.Ledger().Len()
		first := w.collect(t, asked)
		for _, r := range first {
			g.Expect(r.Gap).To(BeNil())
		}
		g.Expect(w.collect(t, asked)).To(Equal(first))
		g.Expect(w.StateHash()).To(Equal(before))
		for _, e := range w.Ledger().Entries(ledger.After(from)) {
			g.Expect(e.Class).To(Equal(ledger.Read), e.Action())
			g.Expect(e.Changed).To(BeFalse(), e.Action())
		}
	})
}

func TestAStepDeclaresExactlyTheIAMActionsThatItUses(t *testing.T) {
	forEach(t, func(t *testing.T, g *WithT, w *world, s Step, asked []Request) {
		from := w.Ledger().Len()
		w.collect(t, asked)
		used := map[string]bool{}
		for _, e := range w.Ledger().Entries(ledger.After(from)) {
			used[e.Action()] = true
		}
		for inside, call := range insideAnother {
			if used[call] {
				used[inside] = true
			}
		}
		g.Expect(slices.Sorted(maps.Keys(used))).To(Equal(slices.Sorted(slices.Values(s.Permissions()))))
	})
}

func TestAStepWithoutOneOfItsPermissionsIsAGapThatNamesIt(t *testing.T) {
	forEach(t, func(t *testing.T, g *WithT, w *world, s Step, asked []Request) {
		allow := func(actions ...string) {
			p := iam.Allow(actions...)
			w.IAM().SetRolePolicy(reactstocks.GrantRoleARN, &p)
		}
		whole := w.collect(t, asked)
		for _, missing := range s.Permissions() {
			allow(slices.DeleteFunc(slices.Clone(s.Permissions()), func(p string) bool { return p == missing })...)
			results := w.collect(t, asked)
			g.Expect(results).NotTo(Equal(whole), "without %s", missing)
			if insideAnother[missing] != "" {
				continue // its absence hides the stack, and no fact that a rule asks for
			}
			g.Expect(results[0].Gap).NotTo(BeNil(), "without %s", missing)
			g.Expect(results[0].Gap.Reason).To(Equal(v1alpha1.ReasonAccessDenied))
			g.Expect(results[0].Gap.Message).To(ContainSubstring(missing))
		}
		allow(s.Permissions()...)
		for _, r := range w.collect(t, asked) {
			g.Expect(r.Gap).To(BeNil(), "nothing but what is declared is needed")
		}
	})
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
