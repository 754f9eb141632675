package diagnosis

import (
	"strings"

	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/ast"
)

// hints returns a function that says what may stand in place of a mistake: CEL says what is undefined, but not what
// is defined.
func (c *compiler) hints(source string) func(*common.Error) string {
	operands := map[int64]string{} // of a select, the variable that it is of
	calls := map[int64]bool{}
	if parsed, issues := c.environment.Parse(source); issues.Err() == nil {
		ast.PostOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(func(x ast.Expr) {
			calls[x.ID()] = x.Kind() == ast.CallKind
			if x.Kind() == ast.SelectKind && x.AsSelect().Operand().Kind() == ast.IdentKind {
				operands[x.ID()] = x.AsSelect().Operand().AsIdent()
			}
		}))
	}
	return func(e *common.Error) string {
		switch {
		case strings.HasPrefix(e.Message, "undefined field"):
			for _, s := range c.steps {
				if s.name == operands[e.ExprID] {
					return "; " + s.name + " has " + strings.Join(s.fields(), ", ")
				}
			}
		case strings.Contains(e.Message, "'min' applied to"), strings.Contains(e.Message, "'max' applied to"):
			return "; write [a, b].min() or [a, b].max()"
		case strings.HasPrefix(e.Message, "undeclared reference") && !calls[e.ExprID]:
			names := make([]string, 0, len(c.steps))
			for _, s := range c.steps {
				names = append(names, s.name)
			}
			return "; the steps are " + strings.Join(names, ", ")
		case strings.HasSuffix(e.Message, "'(double, int)'"), strings.HasSuffix(e.Message, "'(int, double)'"):
			return "; write double(…) around the int"
		}
		return ""
	}
}
