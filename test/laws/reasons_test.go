package laws

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// aside are words of the lists that are no constants of reasons; Error is that of a fault nobody expected.
var aside = []string{"True", "Error", "AWS", "AWSAccount", "Incident", "Remediation", "Runbook", "ServerlessApplication"}

// passedOn are the conditions that carry, besides their own, the reasons of other conditions, as their comments say.
var passedOn = []string{"ConditionSucceeded", "ConditionResolved"}

// The comment of a condition lists its reasons after "Possible reasons:", up to the end of the sentence. Whoever reads
// it decides by it, so that every reason is there that the operator writes, and none that it does not.
func TestTheReasonsOfEachConditionAreDocumentedAndProduced(t *testing.T) {
	g := NewWithT(t)
	documented := reasonsInComments(t)
	g.Expect(documented).To(HaveLen(14), "the conditions were found")
	w := reasonsInCode(t)
	g.Expect(len(w.literal["ConditionApplied"])).To(BeNumerically(">", 10), "the writers were found")
	for condition, reasons := range documented {
		for reason := range w.literal[condition] {
			g.Expect(reasons).To(ContainElement(reason), "%s is written and not documented", condition)
		}
		for _, reason := range reasons {
			g.Expect(w.literal[condition][reason] || w.handed[condition] && w.made[reason]).To(BeTrue(), "%s is documented with %s, which nothing writes", condition, reason)
		}
		if slices.Contains(passedOn, condition) {
			continue
		}
		for reason := range w.expected[condition] {
			g.Expect(reasons).To(ContainElement(reason), "%s is expected by a test and not documented", condition)
		}
	}
}

// reasonsInComments returns the names of the reasons that the comment of each condition lists.
func reasonsInComments(t *testing.T) map[string][]string {
	t.Helper()
	names, comments := map[string]string{}, map[string]string{} // of reasons by their text, of conditions by their name
	eachFile(t, []string{"api/v1alpha1"}, func(_ string, file *ast.File) {
		for _, decl := range file.Decls {
			general, ok := decl.(*ast.GenDecl)
			if !ok || general.Tok != token.CONST {
				continue
			}
			for _, spec := range general.Specs {
				value, _ := spec.(*ast.ValueSpec)
				doc := value.Doc
				if doc == nil {
					doc = general.Doc
				}
				switch name := value.Names[0].Name; {
				case strings.HasPrefix(name, "Reason"):
					text, err := strconv.Unquote(value.Values[0].(*ast.BasicLit).Value)
					if err != nil {
						t.Fatal(err)
					}
					names[text] = name
				case strings.HasPrefix(name, "Condition"):
					comments[name] = doc.Text()
				}
			}
		}
	})
	word := regexp.MustCompile(`\b[A-Z][A-Za-z]+\b`)
	lists := map[string][]string{}
	for condition, comment := range comments {
		_, list, found := strings.Cut(comment, "Possible reasons:")
		if !found {
			continue // present only when True
		}
		list, _, _ = strings.Cut(list, ".")
		for _, text := range word.FindAllString(list, -1) {
			switch {
			case names[text] != "":
				lists[condition] = append(lists[condition], names[text])
			case !slices.Contains(aside, text):
				t.Errorf("%s lists %s, which is no reason", condition, text)
			}
		}
	}
	return lists
}

// writing is how reasons come into conditions.
type writing struct {
	literal  map[string]map[string]bool // by condition: reasons that a call names together with it
	handed   map[string]bool            // conditions to which calls hand on a reason that was made elsewhere
	made     map[string]bool            // reasons that are returned, assigned, or put into a fault
	expected map[string]map[string]bool // by condition: reasons that tests expect
}

func reasonsInCode(t *testing.T) writing {
	t.Helper()
	w := writing{literal: map[string]map[string]bool{}, handed: map[string]bool{}, made: map[string]bool{}, expected: map[string]map[string]bool{}}
	folders := map[string][]*ast.File{}
	eachFile(t, []string{"controllers", "internal", "test"}, func(path string, file *ast.File) {
		switch {
		case strings.HasSuffix(path, "_test.go"):
			w.expect(file)
		case !strings.HasPrefix(path, "test/"):
			w.make(file)
			folders[filepath.Dir(path)] = append(folders[filepath.Dir(path)], file)
		}
	})
	for _, files := range folders {
		w.write(files)
	}
	return w
}

// expect notes HaveCondition(condition, status, reason) of tests.
func (w writing) expect(file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && callee(call) == "HaveCondition" {
			for _, condition := range constants(call.Args, "Condition") {
				note(w.expected, condition, constants(call.Args, "Reason"))
			}
		}
		return true
	})
}

// make notes the reasons that become values.
func (w writing) make(file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		var values []ast.Expr
		switch n := n.(type) {
		case *ast.ReturnStmt:
			values = n.Results
		case *ast.AssignStmt:
			values = n.Rhs
		case *ast.ValueSpec:
			values = n.Values
		case *ast.CallExpr:
			if callee(n) == "New" {
				values = n.Args
			}
		}
		for _, reason := range constants(values, "Reason") {
			w.made[reason] = true
		}
		return true
	})
}

// write notes what the functions of one package write: conditions.Set and those that hand their parameter reason on to it.
func (w writing) write(files []*ast.File) {
	writers := map[string][]string{} // the conditions that a function writes with its parameter
	for known := -1; known != len(writers); {
		known = len(writers)
		for _, file := range files {
			for _, decl := range file.Decls {
				function, ok := decl.(*ast.FuncDecl)
				if !ok || function.Body == nil {
					continue
				}
				ast.Inspect(function.Body, func(n ast.Node) bool {
					call, ok := n.(*ast.CallExpr)
					if !ok {
						return true
					}
					written := writers[callee(call)]
					if callee(call) == "Set" || callee(call) == "set" {
						written = constants(call.Args, "Condition")
					}
					reasons := constants(call.Args, "Reason")
					for _, condition := range written {
						switch {
						case len(reasons) > 0:
							note(w.literal, condition, reasons)
						case takes(function, "reason") && passes(call, "reason"):
							if !slices.Contains(writers[function.Name.Name], condition) {
								writers[function.Name.Name] = append(writers[function.Name.Name], condition)
								known = -1
							}
						default:
							w.handed[condition] = true
						}
					}
					return true
				})
			}
		}
	}
}

func takes(function *ast.FuncDecl, parameter string) bool {
	return slices.ContainsFunc(function.Type.Params.List, func(f *ast.Field) bool {
		return slices.ContainsFunc(f.Names, func(n *ast.Ident) bool { return n.Name == parameter })
	})
}

func passes(call *ast.CallExpr, name string) bool {
	return slices.ContainsFunc(call.Args, func(a ast.Expr) bool {
		ident, ok := a.(*ast.Ident)
		return ok && ident.Name == name
	})
}

func note(in map[string]map[string]bool, condition string, reasons []string) {
	if in[condition] == nil {
		in[condition] = map[string]bool{}
	}
	for _, reason := range reasons {
		in[condition][reason] = true
	}
}

// constants returns the names of the API's constants with a prefix that stand for themselves in a list.
func constants(list []ast.Expr, prefix string) (names []string) {
	for _, e := range list {
		if s, ok := e.(*ast.SelectorExpr); ok && strings.HasPrefix(s.Sel.Name, prefix) {
			if from, ok := s.X.(*ast.Ident); ok && from.Name == "v1alpha1" {
				names = append(names, s.Sel.Name)
			}
		}
	}
	return names
}

func callee(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// eachFile parses every Go file below some folders of the repository.
func eachFile(t *testing.T, folders []string, look func(path string, file *ast.File)) {
	t.Helper()
	root := filepath.Join("..", "..")
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() && entry.Name() == "testdata" {
				return fs.SkipDir
			}
			if entry.IsDir() || filepath.Ext(path) != ".go" {
				return nil
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				return err
			}
			relative, err := filepath.Rel(root, path)
			look(filepath.ToSlash(relative), file)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
