//go:build fault

package contract

import (
	"maps"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/conditions"
	"github.com/runbook-operator/runbook-operator/internal/sim/iam"
	"github.com/runbook-operator/runbook-operator/internal/sim/ledger"
	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
	. "github.com/runbook-operator/runbook-operator/test/expectations"
)

// insideAnother are permissions that AWS asks for while it answers another call (AWS Lambda API Reference, GetFunction).
var insideAnother = map[string]string{"lambda:ListTags": "lambda:GetFunction"}

// free is the call that needs no permission (AWS STS API Reference, GetCallerIdentity).
const free = "sts:GetCallerIdentity"

// used returns the IAM actions of all calls of a role.
func (w *walk) used(role string) []string {
	actions := map[string]bool{}
	for _, e := range w.World.Ledger().Entries(ledger.ByRole(role)) {
		actions[iam.ActionOf(e.Action())] = true
	}
	for inside, call := range insideAnother {
		if actions[call] {
			actions[inside] = true
		}
	}
	delete(actions, free)
	return slices.Sorted(maps.Keys(actions))
}

func allowed(names ...string) []string {
	actions := map[string]bool{}
	for _, name := range names {
		for _, g := range grantsOf(name) {
			actions[g.action] = true
		}
	}
	return slices.Sorted(maps.Keys(actions))
}

var _ = Describe("Under the generated IAM policies", func() {
	It("the whole walk goes to its end in the mode Act, and uses exactly what is granted", func() {
		w := begin(v1alpha1.ModeAct, true, grant{})
		Expect(w.run(stages())).To(BeEmpty(), "the stage that did not end as it should")
		Expect(w.said()).To(BeFalse(), "no object speaks of a call that is not allowed")
		Expect(w.denials()).To(BeEmpty())
		for role, names := range attachments(true) {
			Expect(w.used(role)).To(Equal(allowed(names...)), "used and granted by %v", names)
		}
		changes := w.World.Ledger().Entries(ledger.Changed(), ledger.ByRole(reactstocks.GrantRole))
		Expect(changes).To(HaveLen(5), "one change that helped, and two with their reverts")
	})

	It("the mode Observe works with investigate alone", func() {
		w := begin(v1alpha1.ModeObserve, false, grant{})
		Expect(w.run([]stage{stages()[0], {"there is a diagnosis", nil, func(w *walk) bool {
			var list v1alpha1.IncidentList
			Expect(w.Admin.List(w.ctx, &list, client.InNamespace(w.Namespace))).To(Succeed())
			return len(list.Items) == 1 && conditions.IsTrue(list.Items[0].Status.Conditions, v1alpha1.ConditionDiagnosed)
		}}})).To(BeEmpty())
		Expect(w.said()).To(BeFalse())
		Expect(w.denials()).To(BeEmpty())
	})

	It("the mode Propose works with investigate alone, and an approved change is held", func() {
		w := begin(v1alpha1.ModePropose, false, grant{})
		Expect(w.run(stages()[:2])).To(BeEmpty())
		Expect(w.run([]stage{{"the change is held", (*walk).approve, func(w *walk) bool {
			return conditions.Reason(w.newest().Status.Conditions, v1alpha1.ConditionApplied) == v1alpha1.ReasonModePropose
		}}})).To(BeEmpty())
		Expect(w.newest()).To(HaveCondition(v1alpha1.ConditionApproved, metav1.ConditionTrue, v1alpha1.ReasonApproved))
		Expect(w.said()).To(BeFalse())
		Expect(w.denials()).To(BeEmpty())
	})

	It("the mode Act changes nothing with investigate alone, and says what is missing", func() {
		w := begin(v1alpha1.ModeAct, false, grant{})
		w.missing = "lambda:PutFunctionConcurrency"
		Expect(w.run(stages())).To(Equal("the change is made and proved"))
		Expect(w.said()).To(BeTrue())
		Expect(w.World.Ledger().Count(ledger.Changed(), ledger.ByRole(reactstocks.GrantRole))).To(BeZero())
	})
})

// Every grant is needed: without it the walk is another, and an object says which action is missing. A grant that nothing
// uses, or whose absence nobody would understand, fails here the moment it is generated.
var _ = Describe("Without one generated grant the walk is not the same, and says why:", func() {
	for _, g := range granted() {
		It(g.String(), func() {
			w := begin(v1alpha1.ModeAct, true, g)
			Expect(w.run(stages())).NotTo(BeEmpty(), "the walk goes to its end as if nothing were missing")
			Expect(w.said()).To(BeTrue(), "no object says that %s may not be called; refused were:\n%s", g.action, lines(w.denials()))
		})
	}
})

func lines(entries []ledger.Entry) string {
	var b strings.Builder
	for _, e := range entries {
		b.WriteString(e.String() + "\n")
	}
	return b.String()
}
