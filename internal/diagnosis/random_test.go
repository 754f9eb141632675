package diagnosis_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
)

// fill sets everything under v to something random, mostly within what the API server lets pass.
func fill(r *rand.Rand, v reflect.Value) {
	if v.Type() == reflect.TypeFor[v1alpha1.Number]() {
		v.SetString([]string{"0", "-1", "1842", "0.000000001", "999999999999999999", "100", "", "NaN", "1e400"}[r.IntN(9)])
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if r.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(r, v.Elem())
		}
	case reflect.Struct:
		if v.Type().PkgPath() == reflect.TypeFor[v1alpha1.Evidence]().PkgPath() {
			for i := range v.NumField() {
				fill(r, v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(65), 65))
		for i := range v.Len() {
			fill(r, v.Index(i))
		}
	case reflect.Int32:
		v.SetInt([]int64{0, 1, -1, 30, 100, 900, 1000, 2147483647, -2147483648}[r.IntN(9)])
	case reflect.String:
		v.SetString([]string{"", "Sum", "Maximum", "Spike", "p99", "Average", "\x1b[31mred\x00\n\u202e", strings.Repeat("é", 2000), "\xff\xfe"}[r.IntN(9)])
	}
}

func TestRandomEvidenceNeverPanicsAndTheAnswerIsRepeatable(t *testing.T) {
	for name, book := range library(t) {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			first, second := compile(t, book.Spec), compile(t, book.Spec)
			for seed := range uint64(200) {
				r := rand.New(rand.NewPCG(seed, 7))
				in := diagnosis.Input{Runbook: name, Function: functionName}
				for range r.IntN(2 * len(book.Spec.Investigate)) {
					result := v1alpha1.StepResult{Runbook: name, FunctionName: functionName, Step: book.Spec.Investigate[r.IntN(len(book.Spec.Investigate))].Name}
					fill(r, reflect.ValueOf(&result.Evidence).Elem())
					if r.IntN(6) == 0 {
						fill(r, reflect.ValueOf(&result.Gap).Elem())
					}
					in.Evidence = append(in.Evidence, result)
				}
				before := encoded(t, in)
				result := first.Diagnose(in)
				g.Expect(encoded(t, in)).To(Equal(before), "the evidence is not changed")
				g.Expect(encoded(t, second.Diagnose(in))).To(Equal(encoded(t, result)))
				g.Expect(outOfBounds(result)).To(BeEmpty())
			}
		})
	}
}

func TestOneProgramAnswersManyAtOnce(t *testing.T) {
	g := NewWithT(t)
	p := compile(t, spec("throttles.sum > 0.0 && fn.environmentNames.exists(n, n == 'LOG_LEVEL')"))
	want := encoded(t, p.Diagnose(throttled().input()))
	got := make([]string, 16)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i] = encoded(t, p.Diagnose(throttled().input())) })
	}
	wg.Wait()
	g.Expect(got).To(HaveEach(want))
}

func TestTextFromOutsideIsMadeSafe(t *testing.T) {
	g := NewWithT(t)
	evil := throttled()
	evil.fn.LastUpdateStatus = "\x1b[31mFailed\x07\nSucceeded\u202e" + strings.Repeat("é", 3000)
	s := spec("fn.lastUpdateStatus != ''")
	s.Diagnose[0].Because = "'status ' + fn.lastUpdateStatus"
	s.Severity.Raise = []v1alpha1.SeverityRule{{To: "P2", When: "fn.lastUpdateStatus != ''"}}
	result := compile(t, s).Diagnose(evil.input())
	g.Expect(result.Causes[0].Because).To(HavePrefix("status  [31mFailed  Succeeded ééé"))
	g.Expect(result.Rules[0].Message).To(Equal(result.Causes[0].Because))
	g.Expect(outOfBounds(result)).To(BeEmpty())

	result = compile(t, s).Diagnose(throttled().without("fn", "\x1b[2J"+strings.Repeat("long ", 1000)).input())
	g.Expect(result.Rules[0].Message).To(HavePrefix(`needs "fn", which is missing:  [2Jlong`))
	g.Expect(outOfBounds(result)).To(BeEmpty())
}

func encoded(t *testing.T, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// outOfBounds lists what the API server would refuse, and what could forge a terminal's output.
func outOfBounds(r diagnosis.Result) []string {
	var bad []string
	check := func(what, text string, limit int) {
		if n := utf8.RuneCountInString(text); n > limit || !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\x07\x1b\n\u202e") {
			bad = append(bad, fmt.Sprintf("%s: %d characters: %.60q", what, n, text))
		}
	}
	for _, rule := range r.Rules {
		check("message", rule.Message, 1024)
		if len(rule.Uses) > 16 || rule.Message == "" || rule.Verdict == "" {
			bad = append(bad, fmt.Sprintf("%+v", rule))
		}
		for _, use := range rule.Uses {
			check("uses", use, 256)
		}
	}
	for _, cause := range r.Causes {
		check("because", cause.Because, 1024)
		check("problem", cause.Problem, 1024)
		if cause.Because == "" || len(cause.Actions) == 0 && cause.Instruction == "" && cause.Problem == "" {
			bad = append(bad, fmt.Sprintf("%+v", cause))
		}
		for _, a := range cause.Actions {
			if a.SetReservedConcurrency != nil && a.SetReservedConcurrency.Value < 1 || a.SetTimeout != nil && (a.SetTimeout.Seconds < 1 || a.SetTimeout.Seconds > 900) {
				bad = append(bad, fmt.Sprintf("%+v", a))
			}
		}
	}
	check("severity", r.SeverityReason, 512)
	return bad
}
