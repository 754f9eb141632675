package diagnosis

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	apiservercel "k8s.io/apiserver/pkg/cel"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// step is one step of a Runbook as its rules see it: a variable of a declared type.
type step struct {
	name     string
	declared *apiservercel.DeclType
	// read makes the variable's value of the evidence of this step. It fails on evidence of another kind.
	read func(v1alpha1.Evidence) (any, error)
}

// fields returns the names of the step's fields, sorted.
func (s step) fields() []string {
	names := make([]string, 0, len(s.declared.Fields))
	for name := range s.declared.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// newStep declares the variable of a step. It returns false for a step without a member.
func newStep(s v1alpha1.Step) (step, bool) {
	if s.Metric != nil {
		return metricStep(s.Name, s.Metric.Statistic), true
	}
	for f, v := range reflect.ValueOf(s).Fields() {
		if isMember(f) && !v.IsNil() {
			return structStep(s.Name, f), true
		}
	}
	return step{}, false
}

// structStep is a step whose variable has the fields of its evidence's struct: the member of Evidence that is named as
// the member of the step. It panics where there is none, which the tests of this package meet first.
func structStep(name string, member reflect.StructField) step {
	kind := jsonName(member)
	evidence, found := reflect.TypeFor[v1alpha1.Evidence]().FieldByName(member.Name)
	if !found {
		panic("v1alpha1.Evidence has no member " + member.Name)
	}
	return step{
		name:     name,
		declared: declare(kind, evidence.Type),
		read: func(e v1alpha1.Evidence) (any, error) {
			seen := reflect.ValueOf(e).FieldByIndex(evidence.Index)
			if seen.IsNil() {
				return nil, fmt.Errorf("what was recorded is not the evidence of a %s step", kind)
			}
			return valueOf(seen)
		},
	}
}

// metricStep is a step whose variable has the asked statistic only: a rule that speaks of another one does not
// compile.
func metricStep(name, statistic string) step {
	now, before := statisticField(statistic), previousField(statistic)
	fields := map[string]*apiservercel.DeclField{
		now:          apiservercel.NewDeclField(now, apiservercel.DoubleType, false, nil, nil),
		before:       apiservercel.NewDeclField(before, apiservercel.DoubleType, false, nil, nil),
		"datapoints": apiservercel.NewDeclField("datapoints", apiservercel.IntType, true, nil, nil),
	}
	return step{
		name:     name,
		declared: apiservercel.NewObjectType("metric."+name, fields),
		read: func(e v1alpha1.Evidence) (any, error) {
			if e.Metric == nil {
				return nil, errors.New("what was recorded is not the evidence of a metric step")
			}
			if e.Metric.Statistic != statistic {
				return nil, fmt.Errorf("the statistic %s was recorded, and the step asks for %s", e.Metric.Statistic, statistic)
			}
			value := map[string]any{"datapoints": int64(e.Metric.Datapoints)}
			for _, n := range []struct {
				field  string
				number *v1alpha1.Number
			}{{now, e.Metric.Value}, {before, e.Metric.Previous}} {
				if n.number == nil {
					continue
				}
				f, err := parseNumber(string(*n.number))
				if err != nil {
					return nil, err
				}
				value[n.field] = f
			}
			return value, nil
		},
	}
}

// statisticField is the field of a statistic: sum, sampleCount, p99.
func statisticField(statistic string) string {
	if statistic == "" {
		return ""
	}
	return strings.ToLower(statistic[:1]) + statistic[1:]
}

// previousField is the field of a statistic over the window before: previousSum, previousSampleCount, previousP99.
func previousField(statistic string) string {
	if statistic == "" {
		return "previous"
	}
	return "previous" + strings.ToUpper(statistic[:1]) + statistic[1:]
}

// facts are what is known at one function: the value of each step's variable, or why there is none.
type facts struct {
	values map[string]any
	gaps   map[string]string
}

// factsOf sorts the evidence by step. Where a step has several results, the last one holds.
func (p *Program) factsOf(in Input) facts {
	last := map[string]v1alpha1.StepResult{}
	for _, r := range in.Evidence {
		if r.Runbook == in.Runbook && r.FunctionName == in.Function {
			last[r.Step] = r
		}
	}
	f := facts{values: map[string]any{}, gaps: map[string]string{}}
	for _, s := range p.steps {
		result, found := last[s.name]
		switch {
		case !found:
			f.gaps[s.name] = "the step has no result"
		case result.Gap != nil:
			f.gaps[s.name] = cmp.Or(result.Gap.Message, result.Gap.Reason, "the step says no reason")
		case result.Evidence == nil:
			f.gaps[s.name] = "the step has no result"
		default:
			value, err := s.read(*result.Evidence)
			if err != nil {
				f.gaps[s.name] = err.Error()
				continue
			}
			f.values[s.name] = value
		}
	}
	return f
}

// lookup returns the value of a step's field, and whether it is set.
func (f facts) lookup(step, field string) (any, bool) {
	fields, _ := f.values[step].(map[string]any)
	value, ok := fields[field]
	return value, ok
}
