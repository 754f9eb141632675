package api

import (
	"encoding/json"
	"fmt"
	"os"
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

// expectSentences declares a spec for each refusal of a kind.
func expectSentences(kind string, all []refusal) {
	for _, r := range all {
		It(r.about, func(ctx SpecContext) {
			u := valid(kind)
			set(u, r.path, r.value)
			err := environment.Admin.Create(ctx, u, client.DryRunAll)
			if f := os.Getenv("PRINT"); f != "" {
				h, _ := os.OpenFile(f, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
				m := "ACCEPTED"
				if err != nil {
					m = strings.TrimPrefix(err.Error(), fmt.Sprintf("%s.%s %q is invalid: ", kind, v1alpha1.GroupVersion.Group, u.GetName()))
				}
				json.NewEncoder(h).Encode(map[string]string{"kind": kind, "about": r.about, "says": m})
				h.Close()
				return
			}
			Expect(err).To(MatchError(fmt.Sprintf("%s.%s %q is invalid: %s", kind, v1alpha1.GroupVersion.Group, u.GetName(), r.says)))
		})
	}
}
