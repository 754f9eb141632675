package diagnosis_test

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// runbookSchema is the schema of the Runbook's CustomResourceDefinition.
func runbookSchema(t *testing.T) *apiextensions.JSONSchemaProps {
	t.Helper()
	g := NewWithT(t)
	text, err := os.ReadFile(filepath.Join(root, "config/crd/bases/runbook-operator.io_runbooks.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	var crd apiextensionsv1.CustomResourceDefinition
	g.Expect(yaml.Unmarshal(text, &crd)).To(Succeed())
	var schema apiextensions.JSONSchemaProps
	g.Expect(apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(crd.Spec.Versions[0].Schema.OpenAPIV3Schema, &schema, nil)).To(Succeed())
	return &schema
}

// refusals of the API server: the schema's and its CEL rules', after defaulting.
func refusals(t *testing.T, schema *apiextensions.JSONSchemaProps, book v1alpha1.Runbook) []string {
	t.Helper()
	g := NewWithT(t)
	structural, err := structuralschema.NewStructural(schema)
	g.Expect(err).NotTo(HaveOccurred())
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&book)
	g.Expect(err).NotTo(HaveOccurred())
	delete(object, "status")
	defaulting.Default(object, structural)
	validator, _, err := validation.NewSchemaValidator(schema)
	g.Expect(err).NotTo(HaveOccurred())
	var out []string
	for _, e := range validation.ValidateCustomResource(nil, object, validator) {
		out = append(out, e.Error())
	}
	errs, _ := cel.NewValidator(structural, true, celconfig.PerCallLimit).Validate(t.Context(), nil, structural, object, nil, celconfig.RuntimeCELCostBudget)
	for _, e := range errs {
		out = append(out, e.Error())
	}
	return out
}

// oneOf is what the API server says of a union in the spec of a Runbook: the items of the list that a path leads to.
func oneOf(t *testing.T, path ...string) string {
	t.Helper()
	at := runbookSchema(t).Properties["spec"]
	for _, name := range path {
		at = at.Properties[name]
		if at.Items != nil {
			at = *at.Items.Schema
		}
	}
	g := NewWithT(t)
	g.Expect(at.XValidations).To(HaveLen(1))
	g.Expect(at.XValidations[0].Message).To(HavePrefix("set exactly one of "))
	return at.XValidations[0].Message
}

func TestTheAPIServerTakesEveryShippedRunbook(t *testing.T) {
	schema := runbookSchema(t)
	for name, book := range library(t) {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(refusals(t, schema, book)).To(BeEmpty())
			book.Spec.Diagnose[0].Respond = v1alpha1.Response{}
			book.Spec.Investigate[0].Name = "in"
			g.Expect(refusals(t, schema, book)).To(HaveLen(2), "the check itself refuses what is wrong")
		})
	}
}
