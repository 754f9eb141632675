package api

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// One object that does not decode would end the watch of its kind for the whole operator, and everybody with the right
// to create one could stop it. So whatever the API server takes must decode: it is asked with objects made from the
// schema, and with values at the borders in every place of one. What it takes as a status is in reported_test.go.

const (
	randomObjects = 250 // of each kind
	seed          = 20261123
)

// Values, as JSON, that a schema and a decoder may judge differently.
var (
	borderOfAny    = []string{`null`, `true`, `0`, `""`, `[]`, `[null]`, `{}`, `{"a":{"b":[1]}}`}
	borderOfNumber = []string{
		`-1`, `1`, `-0.0`, `1.0`, `1.5`, `1e2`, `1e30`, `2147483647`, `2147483648`, `-2147483649`,
		`9223372036854775807`, `9223372036854775808`, `18446744073709551616`,
	}
	borderOfText = []string{
		`" "`, `"0"`, `"1.5"`, `"NaN"`, `"é世😀"`, `"\u0000"`, `"\ud800"`, `"\u202e"`, `"a\nb"`, `"arn:::::"`,
		`"1d"`, `"1e3s"`, `"-5m"`, `"+5m"`, `"0x10m"`, `"1_0m"`, `"15m\n"`, `" 15m"`, `".5h"`, `"1.5h"`, `"1h30m"`, `"٣m"`, `"P1D"`,
		`"99999999999h"`, `"0s"`, `"0m"`, `"1µs"`, `"1m"`, `"24h"`, `"1440m"`, `"15m"`, `"900s"`,
		`"2026-11-24T03:00:00Z"`, `"2026-11-24t03:00:00z"`, `"2026-11-24T03:00:00"`, `"2026-11-24 03:00:00Z"`, `"2026-11-24"`,
		`"2026-12-31T23:59:60Z"`, `"2026-02-29T00:00:00Z"`, `"2028-02-29T00:00:00Z"`, `"2026-11-24T24:00:00Z"`, `"2026-11-24T03:00Z"`,
		`"2026-11-24T03:00:00.123456789Z"`, `"2026-11-24T03:00:00.1234567890Z"`, `"2026-11-24T03:00:00,5Z"`, `"2026-11-24T03:00:00.Z"`,
		`"2026-11-24T03:00:00+14:00"`, `"2026-11-24T03:00:00+24:00"`, `"2026-11-24T03:00:00+99:99"`, `"2026-11-24T03:00:00-00:00"`,
		`"0000-01-01T00:00:00Z"`, `"10000-01-01T00:00:00Z"`, `"9999-12-31T23:59:59Z"`, `"2099-12-31T23:59:59-14:00"`,
	}
)

// border returns the values to put in a place: those of its type, and a few of every type.
func border(s schema) []string {
	values := slices.Clone(borderOfAny)
	if s.Type == "integer" || s.XIntOrString {
		values = append(values, borderOfNumber...)
	}
	if s.Type == "string" || s.XIntOrString {
		values = append(values, borderOfText...)
	}
	return values
}

var _ = Describe("Every object that the API server takes decodes, and is read as it was meant:", func() {
	for _, d := range definitions() {
		It(d.kind()+" made from the schema", func(ctx SpecContext) {
			dice := rand.New(rand.NewPCG(seed, 1))
			reader := newReader(d)
			for range randomObjects {
				g := generator{dice: dice, optional: 0.7}
				reader.offer(ctx, g.spec(d))
			}
			reader.expectReadable(ctx)
			Expect(len(reader.taken)).To(BeNumerically(">", randomObjects/2), "too few objects were taken to prove anything")
		})

		It(d.kind()+" with a value at the border in one place", func(ctx SpecContext) {
			dice := rand.New(rand.NewPCG(seed, 2))
			reader := newReader(d)
			for _, n := range nodes(d.spec()) {
				for _, value := range border(n.schema) {
					g := generator{dice: dice, optional: 0.1}
					reader.offer(ctx, with(g.spec(d, n.path...), n.path, json.RawMessage(value)))
				}
			}
			reader.expectReadable(ctx)
			Expect(len(reader.taken)).To(BeNumerically(">", len(nodes(d.spec()))), "too few objects were taken to prove anything")
		})
	}
})

// spec makes a spec of a kind, in which what rules compare with something else agrees with it.
func (g generator) spec(d definition, path ...string) any {
	spec := g.object(d.spec(), path)
	switch d.kind() {
	case "Incident":
		if signal, ok := spec["signal"].(map[string]any); (!ok || isEmpty(signal["runbooks"])) && spec["runbookRefs"] == nil {
			spec["runbookRefs"] = g.value(d.spec().Properties["runbookRefs"])
		}
	case "Remediation":
		if spec["cause"] != nil && spec["incidentRef"] == nil {
			spec["incidentRef"] = g.value(d.spec().Properties["incidentRef"])
		}
	case "AWSAccount":
		g.belong(spec)
	}
	return spec
}

func isEmpty(list any) bool {
	items, _ := list.([]any)
	return len(items) == 0
}

// belong makes everything that an AWSAccount names of its account.
func (g generator) belong(spec map[string]any) {
	account, partition := spec["accountID"], patterned(g.dice, "aws|aws-us-gov|aws-cn")
	role := func() string {
		return fmt.Sprintf("arn:%s:iam::%s:role/%s", partition, account, patterned(g.dice, "[A-Za-z0-9+=,.@_/-]{1,200}"))
	}
	spec["roleARN"] = role()
	grants, _ := spec["grants"].([]any)
	for _, item := range grants {
		grant, _ := item.(map[string]any)
		grant["roleARN"] = role()
		resources, _ := grant["resources"].(map[string]any)
		patterns, _ := resources["arnPatterns"].([]any)
		for i := range patterns {
			patterns[i] = fmt.Sprintf("arn:%s:%s:%s:%d", partition, patterned(g.dice, "[a-z0-9-]+:[a-z0-9*-]*"), account, i) + patterned(g.dice, ".+")
		}
	}
	queues, _ := spec["queues"].([]any)
	for _, item := range queues {
		queue, _ := item.(map[string]any)
		queue["url"] = fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", queue["region"], account, patterned(g.dice, "^[A-Za-z0-9_-]{1,80}$"))
	}
}

// with returns a value in which what a path names is something else.
func with(at any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	switch at := at.(type) {
	case map[string]any:
		name := path[0]
		if name == "{}" {
			name = names(at)[0]
		}
		at[name] = with(at[name], path[1:], value)
	case []any:
		at[0] = with(at[0], path[1:], value)
	default:
		panic(fmt.Sprintf("%T has no %s", at, path[0]))
	}
	return at
}

// reader offers objects of one kind to the API server, and reads those that it takes as the operator does.
type reader struct {
	definition
	raw   rest.Interface
	mark  client.MatchingLabels
	taken map[string]string // what was offered, by the name it got
}

func newReader(d definition) *reader {
	GinkgoHelper()
	spec := fmt.Sprint(CurrentSpecReport().LineNumber())
	r := &reader{definition: d, raw: raw(), mark: client.MatchingLabels{"spec": spec}, taken: map[string]string{}}
	DeferCleanup(r.remove)
	return r
}

// raw returns a client that sends and receives texts.
func raw() rest.Interface {
	GinkgoHelper()
	cfg := rest.CopyConfig(environment.Config)
	cfg.GroupVersion, cfg.APIPath = &v1alpha1.GroupVersion, "/apis"
	cfg.WarningHandler = rest.NoWarnings{}
	cfg.NegotiatedSerializer = serializer.NewCodecFactory(environment.Scheme).WithoutConversion()
	client, err := rest.RESTClientFor(cfg)
	Expect(err).NotTo(HaveOccurred())
	return client
}

// remove deletes what was taken.
func (r *reader) remove(ctx context.Context) {
	GinkgoHelper()
	o, ok := r.empty(r.kind()).(client.Object)
	Expect(ok).To(BeTrue())
	options := []client.DeleteAllOfOption{r.mark}
	if r.namespaced() {
		options = append(options, client.InNamespace(namespace))
	}
	Expect(environment.Admin.DeleteAllOf(ctx, o, options...)).To(Succeed())
}

// offer creates an object. What the API server does not take, it must refuse as the person's mistake.
func (r *reader) offer(ctx context.Context, spec any) {
	GinkgoHelper()
	body, err := json.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": r.kind(),
		"metadata": map[string]any{"generateName": "made-", "labels": r.mark}, "spec": spec,
	})
	Expect(err).NotTo(HaveOccurred())
	var code int
	answer, err := r.raw.Post().NamespaceIfScoped(namespace, r.namespaced()).Resource(r.Spec.Names.Plural).
		SetHeader("Content-Type", "application/json").Body(body).Do(ctx).StatusCode(&code).Raw()
	if err != nil {
		Expect(code).To(BeElementOf(http.StatusBadRequest, http.StatusForbidden, http.StatusUnprocessableEntity), "%s\n%s", body, answer)
		return
	}
	var created metav1.PartialObjectMetadata
	Expect(json.Unmarshal(answer, &created)).To(Succeed())
	r.taken[created.Name] = string(body)
}

// expectReadable lists everything that was taken, as a cache does.
func (r *reader) expectReadable(ctx context.Context) {
	GinkgoHelper()
	list, ok := r.empty(r.Spec.Names.ListKind).(client.ObjectList)
	Expect(ok).To(BeTrue())
	if err := environment.Admin.List(ctx, list, r.mark); err != nil {
		r.expectEachReadable(ctx)
		Expect(err).NotTo(HaveOccurred())
	}
	Expect(meta.LenList(list)).To(Equal(len(r.taken)))
	Expect(meta.EachListItem(list, func(item runtime.Object) error {
		o, ok := item.(client.Object)
		Expect(ok).To(BeTrue())
		Expect(read(o)).To(Succeed(), "the API server took this: %s", r.taken[o.GetName()])
		return nil
	})).To(Succeed())
}

// expectEachReadable finds what does not decode.
func (r *reader) expectEachReadable(ctx context.Context) {
	GinkgoHelper()
	for name, body := range r.taken {
		key := client.ObjectKey{Name: name}
		if r.namespaced() {
			key.Namespace = namespace
		}
		o, ok := r.empty(r.kind()).(client.Object)
		Expect(ok).To(BeTrue())
		Expect(environment.Admin.Get(ctx, key, o)).To(Succeed(), "the API server took this, and it does not decode: %s", body)
	}
}

func (r *reader) empty(kind string) any {
	GinkgoHelper()
	o, err := environment.Scheme.New(v1alpha1.GroupVersion.WithKind(kind))
	Expect(err).NotTo(HaveOccurred())
	return o
}
