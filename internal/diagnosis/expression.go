package diagnosis

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/cel/environment"
)

// costLimit bounds the work of one expression, in CEL's units. The rules of the shipped Runbooks cost less than a
// hundred; Kubernetes allows a million for one expression of an admission policy.
const costLimit = 100_000

// newEnvironment is the environment of a Runbook's expressions: exactly what Kubernetes 1.37 gives the expressions
// of a ValidatingAdmissionPolicy, and one variable for each step. It has no functions of our own.
func newEnvironment(steps []step) (*cel.Env, error) {
	own := environment.VersionedOptions{IntroducedVersion: version.MajorMinor(1, 0)}
	for _, s := range steps {
		own.DeclTypes = append(own.DeclTypes, s.declared)
		own.EnvOptions = append(own.EnvOptions, cel.Variable(s.name, s.declared.CelType()))
	}
	set, err := environment.MustBaseEnvSet(version.MajorMinor(1, 37)).Extend(own)
	if err != nil {
		return nil, fmt.Errorf("declaring the steps: %w", err)
	}
	return set.NewExpressionsEnv(), nil
}

// expression is a compiled CEL expression and what it speaks of.
type expression struct {
	source  string
	program cel.Program
	// steps that the expression names, in the order of the source.
	steps []string
	// fields of steps that the expression names, in the order of the source.
	fields []field
}

// field is a field of a step that an expression names, at a node of its syntax tree.
type field struct {
	node       int64
	step, name string
}

// collect notes the steps and fields that a checked expression names. It returns the variables of comprehensions
// that hide a step, in the order of the source.
func (e *expression) collect(checked *ast.AST, steps []step) (hiding []field) {
	isStep := func(name string) bool {
		return slices.ContainsFunc(steps, func(s step) bool { return s.name == name })
	}
	named := func(node int64, operand ast.Expr, name string) {
		if operand.Kind() == ast.IdentKind && isStep(operand.AsIdent()) {
			e.fields = append(e.fields, field{node: node, step: operand.AsIdent(), name: name})
		}
	}
	ast.PostOrderVisit(checked.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		switch x.Kind() {
		case ast.IdentKind:
			if isStep(x.AsIdent()) && !slices.Contains(e.steps, x.AsIdent()) {
				e.steps = append(e.steps, x.AsIdent())
			}
		case ast.SelectKind:
			named(x.ID(), x.AsSelect().Operand(), x.AsSelect().FieldName())
		case ast.CallKind:
			if args := x.AsCall().Args(); x.AsCall().FunctionName() == operators.OptSelect && len(args) == 2 {
				if name, ok := args[1].AsLiteral().(types.String); ok {
					named(x.ID(), args[0], string(name))
				}
			}
		case ast.ComprehensionKind:
			for _, v := range []string{x.AsComprehension().IterVar(), x.AsComprehension().IterVar2()} {
				if isStep(v) {
					hiding = append(hiding, field{node: x.ID(), step: v})
				}
			}
		}
	}))
	return hiding
}

// state of an answer.
type state int

const (
	// stateKnown: the expression has a value.
	stateKnown state = iota
	// stateGap: it names a step without a result, and is not evaluated, not even where || would make up for it.
	stateGap
	// stateNotSet: it needs a field that AWS did not return, which is not zero.
	stateNotSet
	// stateFailed: it could not be evaluated.
	stateFailed
)

// answer of an expression: a value of its type where state is stateKnown, else a message that says why not.
type answer struct {
	state   state
	value   any
	message string
}

// evaluate answers the expression from the facts.
func (e *expression) evaluate(f facts) answer {
	var missing []string
	for _, s := range e.steps {
		if why, ok := f.gaps[s]; ok {
			missing = append(missing, fmt.Sprintf("needs %q, which is missing: %s", s, why))
		}
	}
	if len(missing) > 0 {
		return answer{state: stateGap, message: joined(missing)}
	}
	value, _, err := e.program.Eval(f.values)
	if err == nil {
		return answer{state: stateKnown, value: value.Value()}
	}
	if name, ok := e.notSet(err, f); ok {
		return answer{state: stateNotSet, message: name + " is not set"}
	}
	if strings.Contains(err.Error(), "cost limit exceeded") {
		return answer{state: stateFailed, message: fmt.Sprintf("could not be evaluated: it takes more than %d steps of CEL; make it simpler", costLimit)}
	}
	return answer{state: stateFailed, message: "could not be evaluated: " + err.Error()}
}

// notSet names the field of a step whose absence an evaluation error complains of. CEL says the key, and mostly the
// node: inside ?: it says the node of the whole condition.
func (e *expression) notSet(err error, f facts) (string, bool) {
	key, ok := strings.CutPrefix(err.Error(), "no such key: ")
	if !ok {
		return "", false
	}
	var node int64
	if located := (*types.Err)(nil); errors.As(err, &located) {
		node = located.NodeID()
	}
	name := ""
	for _, n := range e.fields {
		if _, set := f.lookup(n.step, n.name); set || n.name != key {
			continue
		}
		if n.node == node {
			return n.step + "." + n.name, true
		}
		name = cmp.Or(name, n.step+"."+n.name)
	}
	return name, name != ""
}

// uses lists the values of the fields that the expression names, as name=value. Fields of steps without a result
// are left out: the message of the verdict speaks of them.
func (e *expression) uses(f facts) []string {
	var uses []string
	for _, n := range e.fields {
		if _, gap := f.gaps[n.step]; gap {
			continue
		}
		text := "not set"
		if value, set := f.lookup(n.step, n.name); set {
			text = display(value)
		}
		use := bounded(printable(n.step+"."+n.name+"="+text), maxName)
		if !slices.Contains(uses, use) && len(uses) < maxUses {
			uses = append(uses, use)
		}
	}
	return uses
}
