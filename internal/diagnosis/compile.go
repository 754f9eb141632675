package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// Program is a compiled Runbook. It is immutable and safe for concurrent use.
type Program struct {
	steps    []step
	rules    []rule
	severity severityRules
}

// Problem is one mistake in a Runbook.
type Problem struct {
	// Path of the field in the Runbook, such as spec.diagnose[0].when.
	Path string
	// Line and Column in the field's text, from 1. Both are 0 where the whole field is meant.
	Line, Column int
	// Message says what is wrong and what is there instead.
	Message string
}

// String returns the problem in one line: spec.diagnose[0].when: line 1, column 26: undefined field 'x'.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.Path + ": " + p.Message
	}
	return fmt.Sprintf("%s: line %d, column %d: %s", p.Path, p.Line, p.Column, p.Message)
}

// Compile compiles every expression of a Runbook. It returns every mistake it finds, in the order of the spec, and
// a Program only where there is none.
func Compile(spec v1alpha1.RunbookSpec) (*Program, []Problem) {
	c := compiler{}
	for i, s := range spec.Investigate {
		path := fmt.Sprintf("spec.investigate[%d]", i)
		declared, ok := newStep(s)
		switch {
		case !ok:
			c.report(path, "%s", oneOf[v1alpha1.Step]())
		case slices.ContainsFunc(c.steps, func(other step) bool { return other.name == s.Name }):
			c.report(path+".name", "another step is named %q: give each step a name of its own", s.Name)
		default:
			c.steps = append(c.steps, declared)
		}
	}
	environment, err := newEnvironment(c.steps)
	if err != nil {
		c.report("spec.investigate", "%v", err)
		return nil, c.problems
	}
	c.environment = environment
	p := &Program{steps: c.steps}
	p.severity = c.severity(spec.Severity)
	for i, r := range spec.Diagnose {
		path := fmt.Sprintf("spec.diagnose[%d]", i)
		if slices.ContainsFunc(p.rules, func(other rule) bool { return other.cause == r.Cause }) {
			c.report(path+".cause", "another rule names the cause %s: join the two with ||, or name another cause", r.Cause)
		}
		p.rules = append(p.rules, c.rule(path, r))
	}
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return p, nil
}

// compiler compiles the parts of one Runbook and gathers their problems.
type compiler struct {
	environment *cel.Env
	steps       []step
	problems    []Problem
}

func (c *compiler) report(path, format string, args ...any) {
	c.reportAt(path, 0, 0, fmt.Sprintf(format, args...))
}

func (c *compiler) reportAt(path string, line, column int, message string) {
	c.problems = append(c.problems, Problem{Path: path, Line: line, Column: column, Message: bounded(printable(message), maxMessage)})
}

func (c *compiler) severity(s v1alpha1.SeverityRules) severityRules {
	compiled := severityRules{initial: cmp.Or(s.Initial, "P3")}
	for i, r := range s.Raise {
		when := c.expression(fmt.Sprintf("spec.severity.raise[%d].when", i), r.When, cel.BoolType)
		compiled.raise = append(compiled.raise, raiseRule{to: r.To, when: when})
	}
	return compiled
}

func (c *compiler) rule(path string, r v1alpha1.Rule) rule {
	compiled := rule{
		cause:      r.Cause,
		confidence: cmp.Or(r.Confidence, v1alpha1.ConfidenceMedium),
		when:       c.expression(path+".when", r.When, cel.BoolType),
		because:    c.expression(path+".because", r.Because, cel.StringType),
	}
	if (len(r.Respond.Remediate) > 0) == (r.Respond.Instruct != nil) {
		c.report(path+".respond", "set exactly one of remediate, instruct")
	}
	if r.Respond.Instruct != nil {
		compiled.instruction = r.Respond.Instruct.Text
	}
	for i, t := range r.Respond.Remediate {
		compiled.templates = append(compiled.templates, c.template(fmt.Sprintf("%s.respond.remediate[%d]", path, i), t))
	}
	return compiled
}

// expression compiles one expression that has to yield a type. It returns nil where it reported a problem.
func (c *compiler) expression(path, source string, want *cel.Type) *expression {
	checked, issues := c.environment.Compile(source)
	if issues.Err() != nil {
		hints := c.hints(source)
		for _, e := range issues.Errors() {
			if e.Location.Line() < 1 { // the one mistake for which the parser knows no place
				c.report(path, "the expression is nested more than 250 levels deep, which CEL does not read: write it with fewer levels, or as more than one rule")
				continue
			}
			c.reportAt(path, e.Location.Line(), e.Location.Column()+1, e.Message+hints(e))
		}
		return nil
	}
	line, column := start(source)
	if !checked.OutputType().IsExactType(want) {
		c.reportAt(path, line, column, fmt.Sprintf("the expression yields %s, expected %s%s", checked.OutputType(), want, conversion(checked.OutputType(), want)))
		return nil
	}
	compiled := &expression{source: source}
	native := checked.NativeRep()
	if hiding := compiled.collect(native, c.steps); len(hiding) > 0 {
		for _, v := range hiding {
			at := native.SourceInfo().GetStartLocation(v.node)
			c.reportAt(path, at.Line(), at.Column()+1, fmt.Sprintf("the variable %q hides the step of that name: name it otherwise", v.step))
		}
		return nil
	}
	program, err := c.environment.Program(checked, cel.CostLimit(costLimit))
	if err != nil {
		c.reportAt(path, line, column, err.Error())
		return nil
	}
	compiled.program = program
	return compiled
}

// start is where an expression begins: after white space and comments.
func start(source string) (line, column int) {
	line = 1
	for text := range strings.Lines(source) {
		trimmed := strings.TrimLeft(text, " \t\r\n\f")
		if trimmed != "" && !strings.HasPrefix(trimmed, "//") {
			return line, len(text) - len(trimmed) + 1
		}
		line++
	}
	return 1, 1
}

// conversion says how to get the wanted type, where that is one call.
func conversion(have, want *cel.Type) string {
	number := have.IsExactType(cel.IntType) || have.IsExactType(cel.DoubleType) || have.IsExactType(cel.UintType)
	if number && (want.IsExactType(cel.IntType) || want.IsExactType(cel.StringType)) {
		return fmt.Sprintf(": write %s(…) around it", want)
	}
	return ""
}
