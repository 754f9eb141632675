package diagnosis

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"sigs.k8s.io/yaml"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// members of a union type by JSON name, each with its fields by JSON name.
func members(union reflect.Type) map[string]map[string]reflect.Type {
	out := map[string]map[string]reflect.Type{}
	for m := range union.Fields() {
		fields := map[string]reflect.Type{}
		for f := range m.Type.Elem().Fields() {
			fields[jsonName(f)] = f.Type
		}
		out[jsonName(m)] = fields
	}
	return out
}

func TestActionAndActionTemplateHaveTheSameMembersAndFields(t *testing.T) {
	g := NewWithT(t)
	literals, templates := members(reflect.TypeFor[v1alpha1.Action]()), members(reflect.TypeFor[v1alpha1.ActionTemplate]())
	g.Expect(literals).NotTo(BeEmpty())
	g.Expect(templates).To(HaveLen(len(literals)))
	for action, fields := range literals {
		g.Expect(templates).To(HaveKey(action))
		g.Expect(templates[action]).To(HaveLen(len(fields)), action)
		for field, literal := range fields {
			g.Expect(templates[action]).To(HaveKey(field), action)
			if literal.Kind() == reflect.Int32 {
				g.Expect(templates[action][field]).To(Equal(reflect.TypeFor[intstr.IntOrString]()), "%s.%s", action, field)
			} else {
				g.Expect(templates[action][field]).To(Equal(literal), "%s.%s", action, field)
			}
		}
	}
}

func TestEveryActionsNumberIsListedWithTheBoundsOfItsCustomResourceDefinition(t *testing.T) {
	g := NewWithT(t)
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "crd", "bases", "runbook-operator.io_remediations.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	type schema struct {
		Properties       map[string]*schema
		Minimum, Maximum *int64
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct{ OpenAPIV3Schema schema }
			}
		}
	}
	g.Expect(yaml.Unmarshal(text, &crd)).To(Succeed())
	actions := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"].Properties["action"].Properties

	listed := map[string]map[string]reflect.Type{}
	for _, n := range numbers() {
		g.Expect(actions).To(HaveKey(string(n.action)))
		field := actions[string(n.action)].Properties[n.field]
		g.Expect(field).NotTo(BeNil(), "%s.%s", n.action, n.field)
		g.Expect(*field.Minimum).To(Equal(n.minimum), "%s.%s", n.action, n.field)
		g.Expect(*field.Maximum).To(Equal(n.maximum), "%s.%s", n.action, n.field)
		g.Expect(n.make(7).Name()).To(Equal(n.action))
		listed[string(n.action)] = map[string]reflect.Type{n.field: reflect.TypeFor[int32]()}
	}
	g.Expect(listed).To(Equal(members(reflect.TypeFor[v1alpha1.Action]())), "every number of every action is listed")
}

func TestEvidenceIsDeclaredAsItsGoType(t *testing.T) {
	type inner struct {
		Flag bool `json:"flag"`
	}
	type evidence struct {
		Count    int32             `json:"count"`
		Long     *int64            `json:"long,omitempty"`
		Ratio    v1alpha1.Number   `json:"ratio"`
		Kind     *v1alpha1.Mode    `json:"kind,omitempty"`
		At       metav1.Time       `json:"at"`
		Until    *metav1.Time      `json:"until,omitempty"`
		Names    []string          `json:"names,omitempty"`
		Numbers  []v1alpha1.Number `json:"numbers"`
		Inner    inner             `json:"inner"`
		Optional *inner            `json:"optional,omitempty"`
	}
	g := NewWithT(t)
	declared := declare("evidence", reflect.TypeFor[evidence]())
	types, required := map[string]*apiservercel.DeclType{}, []string{}
	for name, f := range declared.Fields {
		types[name] = f.Type
		if f.Required {
			required = append(required, name)
		}
	}
	g.Expect(types).To(HaveLen(10))
	for name, want := range map[string]*apiservercel.DeclType{
		"count": apiservercel.IntType, "long": apiservercel.IntType, "ratio": apiservercel.DoubleType, "kind": apiservercel.StringType,
		"at": apiservercel.TimestampType, "until": apiservercel.TimestampType,
	} {
		g.Expect(types[name]).To(BeIdenticalTo(want), name)
	}
	g.Expect(types["names"].ElemType).To(BeIdenticalTo(apiservercel.StringType))
	g.Expect(types["numbers"].ElemType).To(BeIdenticalTo(apiservercel.DoubleType))
	g.Expect(types["optional"].Fields["flag"].Type).To(BeIdenticalTo(apiservercel.BoolType))
	g.Expect(required).To(ConsistOf("count", "ratio", "at", "names", "numbers", "inner"))

	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	value, err := valueOf(reflect.ValueOf(&evidence{Count: 3, Ratio: "1.5", At: metav1.NewTime(at), Numbers: []v1alpha1.Number{"2"}}))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(value).To(Equal(map[string]any{
		"count": int64(3), "ratio": 1.5, "at": at, "names": []any{}, "numbers": []any{2.0}, "inner": map[string]any{"flag": false},
	}))
	_, err = valueOf(reflect.ValueOf(&evidence{Ratio: "1e999"}))
	g.Expect(err).To(MatchError(`reading ratio: "1e999" is not a decimal number`))
}

func TestEveryDeclaredValueCanBeShown(t *testing.T) {
	g := NewWithT(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	for want, value := range map[string]any{
		"0.000000001": 0.000000001, "999999999999999999": int64(999999999999999999), "true": true,
		"2026-01-02T02:04:05Z": at, "Spike": "Spike", "[A, B]": []any{"A", "B"}, "[]": []any{},
	} {
		g.Expect(display(value)).To(Equal(want))
	}
}
