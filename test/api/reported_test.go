package api

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// Who has every right in one namespace writes the status of its objects too, whatever the operator's own roles give. A
// status that does not decode would end the watch of its kind for all namespaces, so it is asked like a spec.
var _ = Describe("Every status that the API server takes decodes:", func() {
	for _, d := range definitions() {
		if !slices.Contains(withStatus, d.kind()) {
			continue
		}
		It(d.kind()+" with a status made from the schema", func(ctx SpecContext) {
			dice := rand.New(rand.NewPCG(seed, 3))
			r := newReporter(ctx, d)
			for range randomObjects / 2 {
				g := generator{dice: dice, optional: 0.7}
				r.offer(ctx, g.value(d.status()))
			}
			Expect(r.taken).To(BeNumerically(">", randomObjects/4), "too few statuses were taken to prove anything")
		})

		It(d.kind()+" with a status that has a value at the border in one place", func(ctx SpecContext) {
			dice := rand.New(rand.NewPCG(seed, 4))
			r := newReporter(ctx, d)
			for _, n := range nodes(d.status()) {
				for _, value := range border(n.schema) {
					g := generator{dice: dice, optional: 0.1}
					r.offer(ctx, with(g.value(d.status(), n.path...), n.path, json.RawMessage(value)))
				}
			}
			Expect(r.taken).To(BeNumerically(">", len(nodes(d.status()))), "too few statuses were taken to prove anything")
		})
	}
})

var _ = Describe("The times of the definitions", func() {
	It("are all bound to what Go reads, which the format date-time of the API server is not", func() {
		times := 0
		for _, d := range definitions() {
			for _, n := range nodes(d.schema()) {
				if n.String() == "metadata" {
					continue // the API server itself decodes it
				}
				Expect(n.schema.Format).To(BeElementOf("", "int32", "int64"), "%s %s", d.kind(), n)
				if pattern(n.schema) == pattern(d.notAfter()) {
					times++
				}
			}
		}
		Expect(times).To(BeNumerically(">", 20), "the times have another pattern than spec.notAfter of a Remediation")
	})
})

// notAfter is the schema of a time that people write.
func (definition) notAfter() schema {
	all := definitions()
	at := slices.IndexFunc(all, func(d definition) bool { return d.kind() == "Remediation" })
	return all[at].spec().Properties["notAfter"]
}

func (d definition) status() schema { return d.schema().Properties["status"] }

// reporter offers statuses of one object to the API server, and reads those that it takes.
type reporter struct {
	definition
	raw    rest.Interface
	object *unstructured.Unstructured
	taken  int
}

func newReporter(ctx SpecContext, d definition) *reporter {
	GinkgoHelper()
	return &reporter{definition: d, raw: raw(), object: created(ctx, d.kind())}
}

// offer replaces the status in a dry run, which answers with the object as every watch would have it. What the API
// server does not take, it must refuse as the writer's mistake.
func (r *reporter) offer(ctx SpecContext, status any) {
	GinkgoHelper()
	patch, err := json.Marshal([]any{map[string]any{"op": "replace", "path": "/status", "value": status}})
	Expect(err).NotTo(HaveOccurred())
	var code int
	answer, err := r.raw.Patch(types.JSONPatchType).NamespaceIfScoped(namespace, r.namespaced()).Resource(r.Spec.Names.Plural).
		Name(r.object.GetName()).SubResource("status").VersionedParams(&metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}, metav1.ParameterCodec).
		Body(patch).Do(ctx).StatusCode(&code).Raw()
	if err != nil {
		Expect(code).To(BeElementOf(http.StatusBadRequest, http.StatusUnprocessableEntity), "%s\n%s", patch, answer)
		return
	}
	r.taken++
	into, err := environment.Scheme.New(v1alpha1.GroupVersion.WithKind(r.kind()))
	Expect(err).NotTo(HaveOccurred())
	codec := serializer.NewCodecFactory(environment.Scheme).UniversalDeserializer()
	Expect(runtime.DecodeInto(codec, answer, into)).To(Succeed(), "the API server took this, and it does not decode: %s", patch)
}
