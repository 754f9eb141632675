package laws

import (
	"go/types"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"golang.org/x/tools/go/packages"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// specs are what people write.
var specs = []any{
	v1alpha1.AWSAccountSpec{}, v1alpha1.ApprovalSpec{}, v1alpha1.ChangePolicySpec{}, v1alpha1.IncidentSpec{},
	v1alpha1.RemediationSpec{}, v1alpha1.RunbookSpec{}, v1alpha1.ServerlessApplicationSpec{},
}

// forPeople are fields that people write for people: they are shown, and nothing is decided by them.
var forPeople = []string{
	"RunbookSpec.Title",   // a printer column
	"ApprovalSpec.Reason", // the record of a decision
}

func TestEverySpecFieldHasAReader(t *testing.T) {
	g := NewWithT(t)
	read := fieldsThatAreRead(t)
	unread := map[string]bool{}
	seen := 0
	var visit func(reflect.Type)
	visited := map[reflect.Type]bool{}
	visit = func(r reflect.Type) {
		for r.Kind() == reflect.Pointer || r.Kind() == reflect.Slice {
			r = r.Elem()
		}
		if r.Kind() != reflect.Struct || !strings.HasSuffix(r.PkgPath(), "/api/v1alpha1") || visited[r] {
			return
		}
		visited[r] = true
		for i := range r.NumField() {
			name := r.Name() + "." + r.Field(i).Name
			seen++
			if !read[name] && !slices.Contains(forPeople, name) {
				unread[name] = true
			}
			visit(r.Field(i).Type)
		}
	}
	for _, spec := range specs {
		visit(reflect.TypeOf(spec))
	}
	g.Expect(seen).To(BeNumerically(">", 60), "the fields were found")
	g.Expect(unread).To(BeEmpty(), "a field that nothing reads promises what nothing keeps")
	for _, name := range forPeople {
		g.Expect(read).NotTo(HaveKey(name), "it has a reader by now: take it off the list")
	}
}

// fieldsThatAreRead returns the fields of the API that production code selects, as Type.Field. A field that is only
// written counts as well: the operator writes statuses, not specs, and its few own specs are read elsewhere.
func fieldsThatAreRead(t *testing.T) map[string]bool {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := packages.Load(&packages.Config{
		Dir: root, Context: t.Context(),
		Mode: packages.NeedName | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports | packages.NeedFiles,
	}, "./controllers/...", "./internal/...")
	if err != nil || packages.PrintErrors(loaded) > 0 {
		t.Fatalf("loading the production code: %v", err)
	}
	read := map[string]bool{}
	for _, p := range loaded {
		for _, selection := range p.TypesInfo.Selections {
			if selection.Kind() != types.FieldVal || selection.Obj().Pkg() == nil || !strings.HasSuffix(selection.Obj().Pkg().Path(), "/api/v1alpha1") {
				continue
			}
			receiver := selection.Recv()
			if pointer, ok := receiver.(*types.Pointer); ok {
				receiver = pointer.Elem()
			}
			if named, ok := types.Unalias(receiver).(*types.Named); ok {
				read[named.Obj().Name()+"."+selection.Obj().Name()] = true
			}
		}
	}
	return read
}
