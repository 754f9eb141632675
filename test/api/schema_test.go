package api

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/config"
)

type schema = apiextensionsv1.JSONSchemaProps

// definition is one kind as it is installed.
type definition struct {
	*apiextensionsv1.CustomResourceDefinition
}

// definitions returns every kind of the group.
func definitions() []definition {
	all, err := config.CustomResourceDefinitions()
	if err != nil {
		panic(err)
	}
	found := make([]definition, len(all))
	for i := range all {
		found[i] = definition{all[i]}
	}
	return found
}

func (d definition) kind() string { return d.Spec.Names.Kind }

func (d definition) namespaced() bool { return d.Spec.Scope == apiextensionsv1.NamespaceScoped }

func (d definition) schema() schema { return *d.Spec.Versions[0].Schema.OpenAPIV3Schema }

func (d definition) spec() schema { return d.schema().Properties["spec"] }

// node is one place in a schema: its members' names from the root, with "[]" for an item and "{}" for a value of a map.
type node struct {
	path   []string
	schema schema
}

func (n node) String() string { return strings.Join(n.path, ".") }

// nodes returns a schema and everything below it, in order.
func nodes(s schema, path ...string) []node {
	found := []node{{path: path, schema: s}}
	below := func(name string, s schema) {
		found = append(found, nodes(s, append(slices.Clone(path), name)...)...)
	}
	for _, name := range names(s.Properties) {
		below(name, s.Properties[name])
	}
	if s.Items != nil {
		below("[]", *s.Items.Schema)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Schema != nil {
		below("{}", *s.AdditionalProperties.Schema)
	}
	return found
}

func names[V any](members map[string]V) []string {
	var all []string
	for name := range members {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

var (
	oneMember = regexp.MustCompile(`^set exactly one of ([a-zA-Z, ]+)$`)
	mustMatch = regexp.MustCompile(`^self\.matches\('(.*)'\)$`)
)

// union returns the members of a typed union, of which exactly one is set.
func union(s schema) []string {
	for _, rule := range s.XValidations {
		if match := oneMember.FindStringSubmatch(rule.Message); match != nil {
			return strings.Split(match[1], ", ")
		}
	}
	return nil
}

// members returns the members of a union by its type, in its order.
func members[T any]() []string {
	var all []string
	for f := range reflect.TypeFor[T]().Fields() {
		if f.Type.Kind() == reflect.Pointer {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			all = append(all, name)
		}
	}
	return all
}

// exactlyOneOf is what the API server says of a union with no member or with two.
func exactlyOneOf[T any]() string { return "set exactly one of " + strings.Join(members[T](), ", ") }

// actions are the names of all actions as the API server lists them.
func actions() string { return `"` + strings.Join(members[v1alpha1.Action](), `", "`) + `"` }

// pattern returns the regular expression that a string must match, "" for none.
func pattern(s schema) string {
	for _, rule := range s.XValidations {
		if match := mustMatch.FindStringSubmatch(rule.Rule); match != nil {
			return match[1]
		}
	}
	return s.Pattern
}
