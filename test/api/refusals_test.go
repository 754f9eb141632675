package api

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/test/builder"
)

// refusal is an object that the API server does not take because of one field, and what it says then.
type refusal struct {
	about string
	path  string
	value any
	says  string
}

// valid returns an object of a kind that the API server takes.
func valid(kind string) *unstructured.Unstructured {
	GinkgoHelper()
	var o client.Object
	switch kind {
	case "AWSAccount":
		o = builder.AWSAccount()
	case "ServerlessApplication":
		o = builder.ServerlessApplication(namespace)
	case "Runbook":
		o = builder.Runbook(namespace)
	case "ChangePolicy":
		o = builder.ChangePolicy(namespace)
	case "Incident":
		o = builder.Incident(namespace)
	case "Remediation":
		o = builder.Remediation(namespace)
	case "Approval":
		rem := builder.Remediation(namespace, func(r *v1alpha1.Remediation) {
			r.UID = "7f1c"
			r.Status.Plan = &v1alpha1.Plan{Digest: digest}
		})
		o = builder.Approval(rem, func(a *v1alpha1.Approval) { a.Name, a.GenerateName = "yes", "" })
	default:
		Fail("no valid object of kind " + kind)
	}
	return untyped(o)
}

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// twin returns the first item of a list of a valid object.
func twin(kind, path string) any {
	items, _, err := unstructured.NestedSlice(valid(kind).Object, strings.Split(path, ".")...)
	Expect(err).NotTo(HaveOccurred())
	return items[0]
}

// repeated returns a list of n equal items.
func repeated(n int, item any) []any {
	return slices.Repeat([]any{item}, n)
}

// andMore is what the API server says of a mistake that keeps it from asking the rules.
func andMore(says string) string {
	return "[" + says + ", <nil>: Invalid value: null: some validation rules were not checked because the object was " +
		"invalid; correct the existing errors to complete validation]"
}

// said are all sentences that specs expect.
var said []string

// expectSentences declares a spec for each refusal of a kind.
func expectSentences(kind string, all []refusal) {
	for _, r := range all {
		said = append(said, r.says)
		It(r.about, func(ctx SpecContext) {
			u := valid(kind)
			set(u, r.path, r.value)
			Expect(environment.Admin.Create(ctx, u, client.DryRunAll)).To(MatchError(invalid(u, r.says)))
		})
	}
}

// invalid is how the API server begins.
func invalid(u *unstructured.Unstructured, says string) string {
	return fmt.Sprintf("%s.%s %q is invalid: %s", u.GetKind(), v1alpha1.GroupVersion.Group, u.GetName(), says)
}
