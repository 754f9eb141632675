package aws

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/fault"
	simledger "github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// madeHere are the calls of this package, the only one that makes any, as service:Operation: of each, the SDK has a type
// for its input.
func madeHere(t *testing.T) []string {
	t.Helper()
	sources, err := filepath.Glob("*.go")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	made := map[string]bool{}
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), source, nil, 0)
		NewWithT(t).Expect(err).NotTo(HaveOccurred())
		ast.Inspect(file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := selector.X.(*ast.Ident)
			operation, isInput := strings.CutSuffix(selector.Sel.Name, "Input")
			if ok && isInput && pkg.Name != "middleware" {
				made[pkg.Name+":"+operation] = true
			}
			return true
		})
	}
	return slices.Collect(maps.Keys(made))
}

func TestEveryCallOfTheOperatorIsOfOneFamilyWithABudget(t *testing.T) {
	g := NewWithT(t)
	var listed []string
	names := map[string]bool{}
	for _, f := range families {
		names[f.name] = true
		listed = append(listed, f.calls...)
		g.Expect(f.budget(DefaultBudgets()).Burst).To(BeNumerically(">", 0), f.name)
		g.Expect(f.budget(DefaultBudgets()).PerSecond).To(BeNumerically(">", 0), f.name)
	}
	g.Expect(listed).To(ConsistOf(madeHere(t)))
	g.Expect(names).To(HaveLen(len(families)), "calls are counted by the name of their family")
}

// No investigation holds a change back. STS counts all its calls together.
func TestAFamilyReadsOrWritesAndNotBoth(t *testing.T) {
	for _, f := range families {
		if f.name == "STS" {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			g := NewWithT(t)
			reads := simledger.ClassOf(f.calls[0]) == simledger.Read
			for _, call := range f.calls {
				g.Expect(simledger.ClassOf(call)).NotTo(Equal(simledger.Unknown), call)
				read := simledger.ClassOf(call) == simledger.Read
				g.Expect(read).To(Equal(reads), call)
			}
		})
	}
}

func TestACallOfNoFamilyIsNotSent(t *testing.T) {
	g := NewWithT(t)
	w := newWorld(t, reactstocks.Steady)
	s := w.session(t)
	delete(w.clients.budgets.families, "lambda:GetAlias")
	sent := w.Ledger().Len()
	_, err := s.Lambda.Alias(t.Context(), reactstocks.BackendFunction, reactstocks.Alias)
	for _, err := range []error{err, s.Room("lambda:GetAlias")} {
		f := fault.From(err)
		g.Expect(f.Class).To(Equal(fault.Blocked))
		g.Expect(f.Refused).To(BeTrue(), "nothing was sent")
		g.Expect(f.Message).To(HaveSuffix("this version of the operator has no budget for the call lambda:GetAlias, so it was not sent: upgrade the operator"))
	}
	g.Expect(w.Ledger().Len()).To(Equal(sent))
}
