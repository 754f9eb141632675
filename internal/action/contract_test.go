package action

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/aws"
	"github.com/runbook-operator/runbook-operator/internal/fault"
	"github.com/runbook-operator/runbook-operator/internal/sim"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

func target(name, alias, callerTimeout string) Target {
	return Target{
		AccountID: reactstocks.AccountID, Region: reactstocks.Region, Now: epoch,
		Function: v1alpha1.ApplicationFunction{Name: v1alpha1.FunctionName(name), Alias: alias, CallerTimeout: callerTimeout},
	}
}

func reserve(value int32) v1alpha1.Action {
	return v1alpha1.Action{SetReservedConcurrency: &v1alpha1.SetReservedConcurrency{Value: value}}
}

func timeout(seconds int32) v1alpha1.Action {
	return v1alpha1.Action{SetTimeout: &v1alpha1.SetTimeout{Seconds: seconds}}
}

// example is a plan of each action that its guard lets through. The contract runs over every action in the list.
type example struct {
	want      v1alpha1.Action
	target    Target
	onFailure v1alpha1.OnFailure
}

func examples() []example {
	return []example{
		{reserve(200), target(reactstocks.BackendFunction, reactstocks.Alias, "29s"), v1alpha1.OnFailureHold}, // capacity up: a person decides
		{reserve(50), target(reactstocks.NewsSyncFunction, "", ""), v1alpha1.OnFailureHold},
		{timeout(45), target(reactstocks.NewsSyncFunction, "", "1m"), v1alpha1.OnFailureRevert},
	}
}

// forEach runs a test for an example of every action, in a world of its own.
func forEach(t *testing.T, run func(t *testing.T, g *WithT, w *world, a Action, e example)) {
	t.Helper()
	for _, a := range All() {
		examples := slices.DeleteFunc(examples(), func(e example) bool { return e.want.Name() != a.Name() })
		if len(examples) == 0 {
			t.Errorf("action %s has no example", a.Name())
		}
		for _, e := range examples {
			t.Run(string(a.Name())+" of "+string(e.target.Function.Name), func(t *testing.T) {
				run(t, NewWithT(t), newWorld(t, reactstocks.Steady, sim.Options{}), a, e)
			})
		}
	}
}

func (w *world) plan(t *testing.T, a Action, e example) Proposal {
	t.Helper()
	p, err := a.Plan(t.Context(), w.session, e.target, e.want)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return p
}

func (w *world) observe(t *testing.T, a Action, c v1alpha1.Call) State {
	t.Helper()
	s, err := a.Observe(t.Context(), w.session, c)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return s
}

// apply makes a call as its caller does: with the RevisionId that was just read, and then waits for the update.
func (w *world) apply(t *testing.T, a Action, c v1alpha1.Call) {
	t.Helper()
	NewWithT(t).Expect(a.Apply(t.Context(), w.session, c, w.observe(t, a, c).RevisionID)).To(Succeed())
	w.clock.Step(time.Minute)
}

func (w *world) changes() int {
	return w.Ledger().Count(ledger.ByRole(reactstocks.GrantRole), ledger.ByClass(ledger.Change))
}

// changed is how many calls of the operator changed the world.
func (w *world) changed() int {
	return w.Ledger().Count(ledger.ByRole(reactstocks.GrantRole), ledger.Changed())
}

// function is all that is known of the target, but for what moves with every update.
func (w *world) function(t *testing.T, e example) aws.Function {
	t.Helper()
	fn, err := w.session.Lambda.Function(t.Context(), string(e.target.Function.Name))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	fn.RevisionID, fn.ModifiedAt = "", ""
	return fn
}

func TestEveryMemberOfTheUnionIsAnAction(t *testing.T) {
	g := NewWithT(t)
	var members, names []string
	union := reflect.TypeFor[v1alpha1.Action]()
	for i := range union.NumField() {
		members = append(members, strings.Split(union.Field(i).Tag.Get("json"), ",")[0])
	}
	for _, a := range All() {
		names = append(names, string(a.Name()))
		found, ok := Get(a.Name())
		g.Expect(ok).To(BeTrue())
		g.Expect(found).To(Equal(a))
	}
	g.Expect(names).To(ConsistOf(members))
	_, ok := Get("restartTheInternet")
	g.Expect(ok).To(BeFalse())
}

func TestPlanAndObserveChangeNothing(t *testing.T) {
	forEach(t, func(t *testing.T, g *WithT, w *world, a Action, e example) {
		before := w.StateHash()
		p := w.plan(t, a, e)
		g.Expect(w.plan(t, a, e)).To(Equal(p), "the same plan again")
		w.observe(t, a, p.Calls[0].Call)
		g.Expect(w.StateHash()).To(Equal(before))
		g.Expect(w.changes()).To(BeZero())
	})
}

func TestAPlanSaysWhatItDoesAndWhatUndoesIt(t *testing.T) {
	forEach(t, func(t *testing.T, g *WithT, w *world, a Action, e example) {
		p := w.plan(t, a, e)
		g.Expect(len(p.Summary)).To(And(BeNumerically(">", 0), BeNumerically("<=", 128)))
		g.Expect(len(p.Cost)).To(And(BeNumerically(">", 0), BeNumerically("<=", 512)))
		g.Expect(p.Cost).To(ContainSubstring("estimate"))
		g.Expect(len(p.BlastRadius.Message)).To(And(BeNumerically(">", 0), BeNumerically("<=", 512)))
		g.Expect(p.OnFailure).To(Equal(e.onFailure))
		g.Expect(p.StackName).To(Equal(reactstocks.Stack))
		g.Expect(p.TemplatePatch).To(And(HavePrefix("Resources."), ContainSubstring(reactstocks.Stack)))
		for _, text := range p.Warnings {
			g.Expect(len(text)).To(BeNumerically("<=", 512))
		}
		g.Expect(p.Calls).To(HaveLen(1))
		c := p.Calls[0]
		arn := w.FunctionARN(string(e.target.Function.Name))
		g.Expect(c.Call.ResourceARN).To(Equal(arn))
		g.Expect(c.Inverse.ResourceARN).To(Equal(arn))
		g.Expect(c.Inverse.Writes).To(Equal(c.Before), "the inverse writes what was before")
		g.Expect(c.Call.Writes).NotTo(Equal(c.Before))
		g.Expect(w.observe(t, a, c.Call).Fields).To(Equal(c.Before), "live is before")
		g.Expect(len(c.Observe)).To(And(BeNumerically(">", 0), BeNumerically("<=", 256)))
		g.Expect(a.Permissions().Write).To(ContainElement(c.Call.Operation))
		g.Expect(a.Permissions().Write).To(ContainElement(c.Inverse.Operation))
	})
}

func TestApplyingMakesItSoAndTheInverseUndoesIt(t *testing.T) {
	forEach(t, func(t *testing.T, g *WithT, w *world, a Action, e example) {
		before := w.function(t, e)
		c := w.plan(t, a, e).Calls[0]
		w.apply(t, a, c.Call)
		s := w.observe(t, a, c.Call)
		g.Expect(w.changed()).To(Equal(1))
		g.Expect(s.Fields).To(Equal(c.Call.Writes))
		g.Expect(s.Settled).To(BeTrue())
		g.Expect(s.Failed).To(BeFalse())
		if c.Call.Operation == operationUpdateConfiguration {
			g.Expect(s.RevisionID).NotTo(BeEmpty(), "the call is conditional on it")
		} else {
			g.Expect(s.RevisionID).To(BeEmpty(), "no call is conditional on it")
		}
		g.Expect(w.changes()).To(Equal(1))

		w.apply(t, a, c.Call)
		g.Expect(w.observe(t, a, c.Call).Fields).To(Equal(s.Fields), "applying twice is the same state")

		w.apply(t, a, c.Inverse)
		g.Expect(w.observe(t, a, c.Inverse).Fields).To(Equal(c.Before))
		g.Expect(w.function(t, e)).To(Equal(before), "nothing of the function but its revision is another than before")
	})
}

// The same call sent twice with the revision that was read before the first changes once: at once, while the first is
// still taking effect, and long after. So does its inverse.
func TestApplyingTwiceChangesOnce(t *testing.T) {
	for _, pause := range []time.Duration{0, time.Minute} {
		forEach(t, func(t *testing.T, g *WithT, w *world, a Action, e example) {
			planned := w.plan(t, a, e).Calls[0]
			for i, c := range []v1alpha1.Call{planned.Call, planned.Inverse} {
				revision := w.observe(t, a, c).RevisionID
				g.Expect(a.Apply(t.Context(), w.session, c, revision)).To(Succeed())
				w.clock.Step(pause)
				if err := a.Apply(t.Context(), w.session, c, revision); err != nil {
					g.Expect(fault.From(err).Refused).To(BeTrue(), "it is certain that the second did nothing")
				}
				w.clock.Step(time.Minute)
				g.Expect(w.changed()).To(Equal(i + 1))
				g.Expect(w.observe(t, a, c).Fields).To(Equal(c.Writes))
			}
		})
	}
}

func TestAPlanOfWhatIsAlreadySoIsRefused(t *testing.T) {
	forEach(t, func(t *testing.T, g *WithT, w *world, a Action, e example) {
		w.apply(t, a, w.plan(t, a, e).Calls[0].Call)
		_, err := a.Plan(t.Context(), w.session, e.target, e.want)
		g.Expect(fault.From(err).Class).To(Equal(fault.Terminal))
		g.Expect(fault.From(err).Reason).To(Equal("NothingToChange"))
	})
}

func TestNoSecretOfAFunctionIsInAPlan(t *testing.T) {
	forEach(t, func(t *testing.T, g *WithT, w *world, a Action, e example) {
		p := w.plan(t, a, e)
		text, err := json.Marshal([]any{p, w.observe(t, a, p.Calls[0].Call)})
		g.Expect(err).NotTo(HaveOccurred())
		for _, secret := range append(reactstocks.Secrets(), "https://", "awslambda") {
			g.Expect(string(text)).NotTo(ContainSubstring(secret))
		}
	})
}

// Every action plans with exactly its Read permissions and applies with its Write permissions.
func TestEveryActionDeclaresItsPermissions(t *testing.T) {
	forEach(t, func(t *testing.T, g *WithT, w *world, a Action, e example) {
		allow := func(actions ...string) {
			p := iam.Allow(actions...)
			w.IAM().SetRolePolicy(reactstocks.GrantRoleARN, &p)
		}
		read, write := a.Permissions().Read, a.Permissions().Write
		allow(read...)
		c := w.plan(t, a, e).Calls[0]
		revision := w.observe(t, a, c.Call).RevisionID
		f := fault.From(a.Apply(t.Context(), w.session, c.Call, revision))
		g.Expect(f.Reason).To(Equal("AccessDenied"), "reading does not allow writing")
		g.Expect(f.Refused).To(BeTrue())
		for _, missing := range read {
			allow(without(read, missing)...)
			p, err := a.Plan(t.Context(), w.session, e.target, e.want)
			if missing == "lambda:ListTags" { // its absence hides the stack
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(p.Warnings).To(ContainElement(ContainSubstring(missing)))
				g.Expect(p.StackName).To(BeEmpty())
				continue
			}
			g.Expect(fault.From(err).Reason).To(Equal("AccessDenied"))
			g.Expect(fault.From(err).Message).To(ContainSubstring(missing))
		}
		for _, call := range []v1alpha1.Call{c.Call, c.Inverse} {
			allow(append(without(write, call.Operation), read...)...)
			w.clock.Step(time.Minute) // the operator keeps a budget of changes
			f := fault.From(a.Apply(t.Context(), w.session, call, w.observe(t, a, call).RevisionID))
			g.Expect(f.Reason).To(Equal("AccessDenied"))
			g.Expect(f.Message).To(ContainSubstring(call.Operation))
			g.Expect(f.Refused).To(BeTrue())
			allow(append(slices.Clone(read), write...)...)
			w.apply(t, a, call)
		}
		g.Expect(w.changed()).To(Equal(2))
	})
}

// without returns permissions but for one.
func without(all []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(p string) bool { return p == one })
}

func TestAFunctionThatIsNotThereOrElsewhereIsRefused(t *testing.T) {
	forEach(t, func(t *testing.T, g *WithT, w *world, a Action, e example) {
		elsewhere := e.target
		elsewhere.AccountID = "999999999999"
		_, err := a.Plan(t.Context(), w.session, elsewhere, e.want)
		g.Expect(fault.From(err).Reason).To(Equal("WrongIdentity"))

		w.RemoveFunction(string(e.target.Function.Name))
		_, err = a.Plan(t.Context(), w.session, e.target, e.want)
		g.Expect(fault.From(err).Reason).To(Equal("FunctionNotFound"))
		g.Expect(fault.From(err).Class).To(Equal(fault.Terminal))
	})
}

// noField is no field of a function in the Lambda API, so that no action ever reads or writes it.
const noField = "FieldOfNoFunction"

func TestACallThatNoPlanMakesIsNotMade(t *testing.T) {
	forEach(t, func(t *testing.T, g *WithT, w *world, a Action, e example) {
		good := w.plan(t, a, e).Calls[0].Call
		zero, huge, word := "0", "4294967297", "many"
		for name, change := range map[string]func(c *v1alpha1.Call){
			"zero":           func(c *v1alpha1.Call) { c.Writes[0].Value = &zero },
			"huge":           func(c *v1alpha1.Call) { c.Writes[0].Value = &huge },
			"word":           func(c *v1alpha1.Call) { c.Writes[0].Value = &word },
			"nothing":        func(c *v1alpha1.Call) { c.Writes[0].Value = nil },
			"no writes":      func(c *v1alpha1.Call) { c.Writes = nil },
			"another field":  func(c *v1alpha1.Call) { c.Writes[0].Name = noField },
			"a second field": func(c *v1alpha1.Call) { c.Writes = append(c.Writes, v1alpha1.Field{Name: noField}) },
			"another call":   func(c *v1alpha1.Call) { c.Operation = "lambda:DeleteFunction" },
			"another account": func(c *v1alpha1.Call) {
				c.ResourceARN = strings.Replace(c.ResourceARN, reactstocks.AccountID, "999999999999", 1)
			},
			"another Region": func(c *v1alpha1.Call) {
				c.ResourceARN = strings.Replace(c.ResourceARN, reactstocks.Region, "eu-west-1", 1)
			},
			"a qualifier": func(c *v1alpha1.Call) { c.ResourceARN += ":live" },
			"no ARN":      func(c *v1alpha1.Call) { c.ResourceARN = "function" },
		} {
			bad := *good.DeepCopy()
			change(&bad)
			f := fault.From(a.Apply(t.Context(), w.session, bad, "00000000-0000-0000-0000-000000000000"))
			g.Expect(f.Refused).To(BeTrue(), name)
			g.Expect(f.Class).To(Equal(fault.Terminal), name)
		}
		unknown := *good.DeepCopy()
		unknown.Writes[0].Name = noField
		_, err := a.Observe(t.Context(), w.session, unknown)
		g.Expect(fault.From(err).Class).To(Equal(fault.Terminal))
		g.Expect(w.changes()).To(BeZero())
	})
}

// What an action uses while it plans, looks and applies, its inverse included, is what it declares: not fewer, and not
// more. Tags come with GetFunction, where the role may call lambda:ListTags (Lambda API reference, GetFunction).
func TestEveryActionDeclaresExactlyTheIAMActionsThatItUses(t *testing.T) {
	used := map[v1alpha1.ActionName]map[string]bool{}
	forEach(t, func(t *testing.T, _ *WithT, w *world, a Action, e example) {
		from := w.Ledger().Len()
		c := w.plan(t, a, e).Calls[0]
		w.apply(t, a, c.Call)
		w.apply(t, a, c.Inverse)
		if used[a.Name()] == nil {
			used[a.Name()] = map[string]bool{"lambda:ListTags": true}
		}
		for _, entry := range w.Ledger().Entries(ledger.After(from), ledger.ByRole(reactstocks.GrantRole)) {
			used[a.Name()][entry.Action()] = true
		}
	})
	for _, a := range All() {
		declared := append(slices.Clone(a.Permissions().Read), a.Permissions().Write...)
		NewWithT(t).Expect(slices.Sorted(maps.Keys(used[a.Name()]))).To(Equal(slices.Sorted(slices.Values(declared))), string(a.Name()))
	}
}
