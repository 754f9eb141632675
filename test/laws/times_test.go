package laws

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// What people read in conditions, events and records names a moment so that nobody has to guess its day or its zone:
// 2026-11-23T03:04:05Z, by .UTC().Format(time.RFC3339), and in no other way.
func TestEveryTimeThatPeopleReadHasItsDateAndZone(t *testing.T) {
	g := NewWithT(t)
	seen := 0
	for _, folder := range []string{"api", "controllers", "internal"} {
		g.Expect(filepath.WalkDir(filepath.Join("..", "..", folder), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && path == filepath.Join("..", "..", "internal", "sim"):
				return fs.SkipDir // AWS writes as AWS does
			case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
				return nil
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				call, layout := formatted(n)
				if call == nil {
					return true
				}
				seen++
				g.Expect(layout).To(Equal("time.RFC3339"), "%s: the layout", files.Position(call.Pos()))
				g.Expect(inUTC(call)).To(BeTrue(), "%s: the time is not turned to UTC", files.Position(call.Pos()))
				return true
			})
			return nil
		})).To(Succeed())
	}
	g.Expect(seen).To(BeNumerically(">", 15), "the law finds what it is about")
}

// formatted returns a call of a method Format with a layout, and the layout.
func formatted(n ast.Node) (*ast.CallExpr, string) {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return nil, ""
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || method.Sel.Name != "Format" {
		return nil, ""
	}
	if pkg, ok := method.X.(*ast.Ident); ok && pkg.Name == "number" {
		return nil, "" // a number's
	}
	if layout, ok := call.Args[0].(*ast.SelectorExpr); ok {
		if pkg, ok := layout.X.(*ast.Ident); ok {
			return call, pkg.Name + "." + layout.Sel.Name
		}
	}
	return call, "of its own"
}

// inUTC says whether a call of Format is of what UTC returned.
func inUTC(call *ast.CallExpr) bool {
	of, ok := call.Fun.(*ast.SelectorExpr).X.(*ast.CallExpr)
	if !ok {
		return false
	}
	method, ok := of.Fun.(*ast.SelectorExpr)
	return ok && method.Sel.Name == "UTC"
}
