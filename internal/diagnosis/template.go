package diagnosis

import (
	"fmt"

	"github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// number is the number of one action: where its template keeps it, its bounds, and how the action is made of it.
type number struct {
	action           v1alpha1.ActionName
	field            string
	minimum, maximum int64
	of               func(v1alpha1.ActionTemplate) *intstr.IntOrString
	make             func(int32) v1alpha1.Action
}

// numbers lists every action. The bounds are those of the action's type in api/v1alpha1; a test compares them with
// the CustomResourceDefinition.
func numbers() []number {
	return []number{
		{
			action: v1alpha1.ActionSetReservedConcurrency, field: "value", minimum: 1, maximum: 100_000,
			of: func(t v1alpha1.ActionTemplate) *intstr.IntOrString {
				if t.SetReservedConcurrency == nil {
					return nil
				}
				return &t.SetReservedConcurrency.Value
			},
			make: func(n int32) v1alpha1.Action {
				return v1alpha1.Action{SetReservedConcurrency: &v1alpha1.SetReservedConcurrency{Value: n}}
			},
		},
		{
			action: v1alpha1.ActionSetTimeout, field: "seconds", minimum: 1, maximum: 900,
			of: func(t v1alpha1.ActionTemplate) *intstr.IntOrString {
				if t.SetTimeout == nil {
					return nil
				}
				return &t.SetTimeout.Seconds
			},
			make: func(n int32) v1alpha1.Action {
				return v1alpha1.Action{SetTimeout: &v1alpha1.SetTimeout{Seconds: n}}
			},
		},
	}
}

// check returns what is wrong with a value, or "".
func (n number) check(value int64) string {
	if value < n.minimum || value > n.maximum {
		return fmt.Sprintf("%s would be %d, and may be from %d to %d", n.field, value, n.minimum, n.maximum)
	}
	return ""
}

// template is a compiled ActionTemplate: an action whose number is itself or an expression.
type template struct {
	number
	literal    int64
	expression *expression // nil: the literal holds
}

// template compiles an ActionTemplate. A number, and an expression that names no step, is checked against the
// action's bounds at once.
func (c *compiler) template(path string, t v1alpha1.ActionTemplate) template {
	for _, n := range numbers() {
		value := n.of(t)
		if value == nil {
			continue
		}
		path := fmt.Sprintf("%s.%s.%s", path, n.action, n.field)
		compiled := template{number: n, literal: int64(value.IntVal)}
		if value.Type == intstr.Int {
			if problem := n.check(compiled.literal); problem != "" {
				c.report(path, "%s", problem)
			}
			return compiled
		}
		compiled.expression = c.expression(path, value.StrVal, cel.IntType)
		if compiled.expression != nil && len(compiled.expression.steps) == 0 {
			if _, problem := compiled.value(facts{}); problem != "" {
				line, column := start(value.StrVal)
				c.reportAt(path, line, column, problem)
			}
		}
		return compiled
	}
	c.report(path, "%s", oneOf[v1alpha1.ActionTemplate]())
	return template{}
}

// value works the number out, or says why it cannot be.
func (t template) value(f facts) (value int64, problem string) {
	value = t.literal
	if t.expression != nil {
		a := t.expression.evaluate(f)
		n, known := a.value.(int64)
		switch {
		case a.state == stateGap || a.state == stateFailed:
			return 0, t.field + " " + a.message
		case !known:
			return 0, a.message
		}
		value = n
	}
	return value, t.check(value)
}

// fill makes the action, or says why it is not proposed.
func (t template) fill(f facts) (v1alpha1.Action, string) {
	value, problem := t.value(f)
	if problem != "" {
		return v1alpha1.Action{}, fmt.Sprintf("%s is not proposed: %s", t.action, problem)
	}
	return t.make(int32(value)), "" // in its bounds, which int32 holds
}
