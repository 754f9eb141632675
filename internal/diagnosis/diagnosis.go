// Package diagnosis owns the rules of Runbooks: it compiles their CEL expressions against the types of the
// evidence, and turns evidence into verdicts, causes, actions and a severity. It must not read anything itself:
// no client, no clock, no randomness, so that recorded evidence gives the same answer again.
package diagnosis

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// Input is what a Runbook's steps saw at one function.
type Input struct {
	// Runbook is the name of the Runbook that was compiled.
	Runbook string
	// Function that is diagnosed.
	Function v1alpha1.FunctionName
	// Evidence holds the results of the Runbook's steps at the function. Results of other Runbooks and functions
	// are passed over: a rule never fires on what was seen elsewhere. A step without a result is a gap.
	Evidence []v1alpha1.StepResult
}

// Result is the diagnosis of one function by one Runbook.
type Result struct {
	// Rules has one verdict for every rule of the Runbook, in the Runbook's order.
	Rules []v1alpha1.RuleResult
	// Causes are the rules that fired, ranked by Rank.
	Causes []v1alpha1.Cause
	// Severity is the Runbook's initial severity, or what a rule raised it to. It is never below the initial one.
	Severity v1alpha1.Severity
	// SeverityReason says why, also which rules could not be asked.
	SeverityReason string
}

// Diagnose asks every rule of the Runbook. It is a pure function of its argument and safe for concurrent use.
func (p *Program) Diagnose(in Input) Result {
	f := p.factsOf(in)
	r := Result{Rules: make([]v1alpha1.RuleResult, 0, len(p.rules))}
	for i := range p.rules {
		verdict, cause := p.rules[i].ask(in, f)
		r.Rules = append(r.Rules, verdict)
		if cause != nil {
			r.Causes = append(r.Causes, *cause)
		}
	}
	r.Causes = Rank(r.Causes)
	r.Severity, r.SeverityReason = p.severity.decide(f)
	return r
}

// Ask asks one rule again, by the cause it names. It returns false where the Runbook has no such rule.
func (p *Program) Ask(cause string, in Input) (v1alpha1.RuleResult, bool) {
	for i := range p.rules {
		if p.rules[i].cause == cause {
			verdict, _ := p.rules[i].ask(in, p.factsOf(in))
			return verdict, true
		}
	}
	return v1alpha1.RuleResult{}, false
}

// Rank returns the causes with the most confident first. Causes of equal confidence keep their order: that of the
// Runbook, whose author puts the best rule first. The argument is not changed.
func Rank(causes []v1alpha1.Cause) []v1alpha1.Cause {
	ranked := slices.Clone(causes)
	slices.SortStableFunc(ranked, func(a, b v1alpha1.Cause) int {
		return cmp.Compare(rankOf(a.Confidence), rankOf(b.Confidence))
	})
	return ranked
}

func rankOf(c v1alpha1.Confidence) int {
	switch c {
	case v1alpha1.ConfidenceHigh:
		return 0
	case v1alpha1.ConfidenceMedium:
		return 1
	}
	return 2
}

// rule is one compiled entry of spec.diagnose.
type rule struct {
	cause       string
	confidence  v1alpha1.Confidence
	when        *expression
	because     *expression
	templates   []template
	instruction string
}

// ask returns the verdict on the rule, and the cause where it fired.
func (r *rule) ask(in Input, f facts) (v1alpha1.RuleResult, *v1alpha1.Cause) {
	verdict := v1alpha1.RuleResult{
		Runbook:      in.Runbook,
		Cause:        r.cause,
		FunctionName: in.Function,
		Confidence:   r.confidence,
		Uses:         r.when.uses(f),
	}
	holds := r.when.evaluate(f)
	switch holds.state {
	case stateGap:
		verdict.Verdict, verdict.Message = v1alpha1.VerdictNotAsked, holds.message
	case stateNotSet:
		verdict.Verdict, verdict.Message = v1alpha1.VerdictDidNotFire, holds.message
	case stateFailed:
		verdict.Verdict, verdict.Message = v1alpha1.VerdictFailed, holds.message
	case stateKnown:
		if holds.value == true {
			cause := r.respond(in, f)
			verdict.Verdict, verdict.Message = v1alpha1.VerdictFired, cause.Because
			return verdict, cause
		}
		verdict.Verdict, verdict.Message = v1alpha1.VerdictDidNotFire, "the rule does not hold for these values"
	}
	verdict.Message = bounded(printable(verdict.Message), maxMessage)
	return verdict, nil
}

// respond works out the reason and the actions of a rule that fired.
func (r *rule) respond(in Input, f facts) *v1alpha1.Cause {
	var problems []string
	cause := &v1alpha1.Cause{
		Runbook:      in.Runbook,
		Name:         r.cause,
		FunctionName: in.Function,
		Confidence:   r.confidence,
		Instruction:  bounded(r.instruction, maxInstruction),
	}
	because := r.because.evaluate(f)
	text, _ := because.value.(string)
	if cause.Because = bounded(printable(text), maxMessage); cause.Because == "" {
		cause.Because = fmt.Sprintf("the rule of the cause %s holds", r.cause)
		problems = append(problems, "its reason could not be worked out: "+cmp.Or(because.message, "it is an empty text"))
	}
	for _, t := range r.templates {
		action, problem := t.fill(f)
		if problem != "" {
			problems = append(problems, problem)
			continue
		}
		cause.Actions = append(cause.Actions, action)
	}
	cause.Problem = bounded(printable(joined(problems)), maxMessage)
	return cause
}
