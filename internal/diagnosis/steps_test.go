package diagnosis

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// forEveryMember runs a test for a step of each member of the union, and evidence of the same member.
func forEveryMember(t *testing.T, run func(g *WithT, name string, s v1alpha1.Step, e v1alpha1.Evidence)) {
	t.Helper()
	for member := range reflect.TypeFor[v1alpha1.Step]().Fields() {
		if !isMember(member) {
			continue
		}
		t.Run(jsonName(member), func(t *testing.T) {
			g := NewWithT(t)
			s, e := v1alpha1.Step{Name: "it"}, v1alpha1.Evidence{}
			reflect.ValueOf(&s).Elem().FieldByIndex(member.Index).Set(reflect.New(member.Type.Elem()))
			seen := reflect.ValueOf(&e).Elem().FieldByName(member.Name)
			g.Expect(seen.IsValid()).To(BeTrue(), "Evidence has the members of Step")
			seen.Set(reflect.New(seen.Type().Elem()))
			if s.Metric != nil {
				s.Metric.Statistic, e.Metric.Statistic = "Sum", "Sum"
			}
			run(g, jsonName(member), s, e)
		})
	}
}

func TestEveryKindOfStepIsDeclaredAndReadsItsOwnEvidenceOnly(t *testing.T) {
	forEveryMember(t, func(g *WithT, name string, s v1alpha1.Step, e v1alpha1.Evidence) {
		declared, ok := newStep(s)
		g.Expect(ok).To(BeTrue())
		g.Expect(declared.name).To(Equal("it"))
		g.Expect(declared.fields()).NotTo(BeEmpty())
		_, err := declared.read(v1alpha1.Evidence{})
		g.Expect(err).To(MatchError("what was recorded is not the evidence of a " + name + " step"))
		numbered(reflect.ValueOf(&e).Elem())
		value, err := declared.read(e)
		g.Expect(err).NotTo(HaveOccurred())
		for field := range value.(map[string]any) {
			g.Expect(declared.fields()).To(ContainElement(field))
		}
	})
}

// numbered makes every number a number: nothing is none.
func numbered(v reflect.Value) {
	switch {
	case v.Type() == numberType:
		v.SetString("0")
	case v.Kind() == reflect.Pointer && !v.IsNil():
		numbered(v.Elem())
	case v.Kind() == reflect.Struct && v.Type() != timeType:
		for i := range v.NumField() {
			numbered(v.Field(i))
		}
	}
}

func TestThePageAboutRunbooksNamesEveryFieldOfEveryStep(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "runbooks.md"))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	forEveryMember(t, func(g *WithT, name string, s v1alpha1.Step, _ v1alpha1.Evidence) {
		row := regexp.MustCompile("(?m)^\\| `" + name + "` \\|.*$").FindString(string(page))
		g.Expect(row).NotTo(BeEmpty(), "the table of docs/runbooks.md has a row for the step")
		declared, _ := newStep(s)
		for _, field := range declared.fields() {
			g.Expect(row).To(ContainSubstring("`" + field + "`"))
		}
	})
}
