package runbook

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
)

func TestProblemsAreListedInOrderAndBounded(t *testing.T) {
	g := NewWithT(t)
	var list []diagnosis.Problem
	for range mostProblems + 2 {
		list = append(list, diagnosis.Problem{Path: "spec.diagnose[0].when", Line: 1, Column: 26, Message: "undefined field 'x'"})
	}
	text := problems(list)
	g.Expect(text).To(HavePrefix("spec.diagnose[0].when: line 1, column 26: undefined field 'x'; "))
	g.Expect(text).To(HaveSuffix("; and 2 more"))
	g.Expect(strings.Count(text, "undefined field")).To(Equal(mostProblems))

	list = []diagnosis.Problem{{Path: "spec.diagnose[0].when", Line: 1, Column: 1, Message: strings.Repeat("é", 2048)}}
	g.Expect([]rune(problems(list))).To(HaveLen(401))
}
