package api

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/version"
	celenvironment "k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
	"github.com/runbook-operator/runbook-operator/test/builder"
)

// neverChanged are the specs that no one edits, and what the API server says to who tries.
var neverChanged = map[string]refusal{
	"Approval":    {path: "spec.reason", value: "on second thoughts", says: "spec: Invalid value: an Approval is never changed: create another one"},
	"Incident":    {path: "spec.concern", value: "Cost", says: "spec: Invalid value: the spec of an Incident is never changed: create another Incident"},
	"Remediation": {path: "spec.action.setReservedConcurrency.value", value: int64(201), says: "spec: Invalid value: the spec of a Remediation is never changed: create another Remediation"},
	"AWSAccount": {
		path: "spec.accountID", value: "999999999999",
		says: `[spec.roleARN: Invalid value: ` + anotherAccountsRole + `, spec.accountID: Invalid value: "999999999999": accountID cannot change: create another AWSAccount and move the applications to it]`,
	},
}

var _ = Describe("What was said cannot be changed:", func() {
	for _, kind := range names(neverChanged) {
		It(neverChanged[kind].path+" of "+kind, func(ctx SpecContext) {
			change := neverChanged[kind]
			u := valid(kind)
			Expect(environment.Admin.Create(ctx, u)).To(Succeed())
			DeferCleanup(func(ctx SpecContext) { Expect(client.IgnoreNotFound(environment.Admin.Delete(ctx, u))).To(Succeed()) })
			before := u.GetResourceVersion()

			set(u, change.path, change.value)
			Expect(environment.Admin.Update(ctx, u)).To(MatchError(invalid(u, change.says)))
			Expect(environment.Admin.Get(ctx, client.ObjectKeyFromObject(u), u)).To(Succeed())
			Expect(u.GetResourceVersion()).To(Equal(before))
		})
	}
})

var _ = Describe("The rules of the definitions", func() {
	It("are all in the tables of this package, with their sentences", func() {
		sentences := strings.Join(said, "\n")
		for _, change := range neverChanged {
			sentences += "\n" + change.says
		}
		for _, d := range definitions() {
			for _, n := range nodes(d.spec(), "spec") {
				for _, rule := range n.schema.XValidations {
					Expect(rule.MessageExpression).To(BeEmpty(), "%s %s", d.kind(), n)
					Expect(sentences).To(ContainSubstring(": "+rule.Message), "%s %s: no spec makes the API server say this", d.kind(), n)
				}
			}
		}
	})

	It("about unions count every member, in the order of the sentence", func() {
		counted := regexp.MustCompile(`has\(self\.([a-zA-Z]+)\)`)
		unions := 0
		for _, d := range definitions() {
			for _, n := range nodes(d.spec(), "spec") {
				for _, rule := range n.schema.XValidations {
					if match := oneMember.FindStringSubmatch(rule.Message); match != nil {
						unions++
						var members []string
						for _, member := range counted.FindAllStringSubmatch(rule.Rule, -1) {
							members = append(members, member[1])
						}
						Expect(strings.Join(members, ", ")).To(Equal(match[1]), "%s %s", d.kind(), n)
						Expect(union(n.schema)).To(ConsistOf(slices.DeleteFunc(names(n.schema.Properties), func(name string) bool {
							return slices.Contains(n.schema.Required, name)
						})), "%s %s", d.kind(), n)
					}
				}
			}
		}
		Expect(unions).To(BeNumerically(">=", 4), "of steps, of responses, of actions and of their templates")
	})

	It("say what to write where a pattern alone would only show itself", func() {
		for _, d := range definitions() {
			for _, n := range nodes(d.spec(), "spec") {
				Expect(n.schema.Pattern).To(BeEmpty(), "%s %s: make it a rule with a sentence", d.kind(), n)
				Expect(n.schema.Format).To(BeElementOf("", "int32"), "%s %s: the API server and Go do not agree on formats", d.kind(), n)
			}
		}
	})

	It("bound every text, list and number that people write", func() {
		for _, d := range definitions() {
			for _, n := range nodes(d.spec(), "spec") {
				s, where := n.schema, fmt.Sprintf("%s %s", d.kind(), n)
				if strings.Contains(where, "namespaceSelector") { // of Kubernetes
					continue
				}
				switch {
				case s.Type == "array":
					Expect(s.MaxItems).NotTo(BeNil(), where)
				case s.Type == "string" && len(s.Enum) == 0, s.XIntOrString:
					Expect(s.MaxLength).NotTo(BeNil(), where)
				case s.Type == "integer":
					Expect(s.Minimum).NotTo(BeNil(), where)
					Expect(s.Maximum).NotTo(BeNil(), where)
				}
				Expect(s.MaxProperties).To(BeNil(), "%s: it would hide what the rule about members says", where)
			}
		}
	})
})

var _ = Describe("The name of a step", func() {
	It("is refused where it is one that CEL reserves", func(ctx SpecContext) {
		for _, name := range reservedNames() {
			rbk := builder.Runbook(namespace, func(r *v1alpha1.Runbook) { r.Spec.Investigate[1].Name = name })
			Expect(environment.Admin.Create(ctx, rbk, client.DryRunAll)).To(MatchError(fmt.Sprintf(
				"Runbook.runbook-operator.io %q is invalid: spec.investigate[1].name: Invalid value: %q: "+
					"this step name is reserved in CEL: choose another, such as fn or limits", rbk.Name, name)))
		}
	})

	It("works in rules where it is taken, also if CEL has a function or type of that name", func(ctx SpecContext) {
		taken := 0
		for _, name := range celNames() {
			rbk := builder.Runbook(namespace, func(r *v1alpha1.Runbook) {
				r.Spec.Investigate[1].Name = name
				r.Spec.Diagnose[0].When = name + ".timeoutSeconds > 0 && throttles.sum > 0.0"
			})
			if err := environment.Admin.Create(ctx, rbk, client.DryRunAll); err != nil {
				continue
			}
			taken++
			_, problems := diagnosis.Compile(rbk.Spec)
			Expect(problems).To(BeEmpty(), "a step may be named %s, and no rule can use it", name)
		}
		Expect(taken).To(BeNumerically(">", 50))
	})
})

// reservedNames returns the names in the rule of the definition.
func reservedNames() []string {
	for _, d := range definitions() {
		for _, n := range nodes(d.spec()) {
			for _, rule := range n.schema.XValidations {
				if d.kind() == "Runbook" && strings.HasPrefix(rule.Rule, "!(self in [") {
					return regexp.MustCompile(`[a-z]+`).FindAllString(rule.Rule[len("!(self in ["):], -1)
				}
			}
		}
	}
	panic("the definition reserves no names")
}

// celNames returns every name of a step that CEL knows for something else: functions, and what stands before a dot in
// their names.
func celNames() []string {
	base, err := celenvironment.MustBaseEnvSet(version.MajorMinor(1, 37)).Env(celenvironment.StoredExpressions)
	Expect(err).NotTo(HaveOccurred())
	var all []string
	for name := range base.Functions() {
		first, _, _ := strings.Cut(name, ".")
		all = append(all, first)
	}
	all = append(all, "self", "object", "request", "cel", "google", "proto", "error", "unknown", "msg", "x")
	all = slices.DeleteFunc(all, func(name string) bool { return !regexp.MustCompile(`^[a-z][a-zA-Z0-9]{0,30}$`).MatchString(name) })
	slices.Sort(all)
	return slices.Compact(all)
}
