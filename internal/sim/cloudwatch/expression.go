package cloudwatch

import (
	"fmt"
	"strconv"
	"strings"
)

// expression is a parsed metric math expression (CloudWatch User Guide, "Using math expressions with
// CloudWatch metrics"). Served are + - * / and unary minus, parentheses, numbers, the ids of other
// queries, and FILL(id, number) or FILL(id, REPEAT).
type expression interface {
	// ids appends the ids that the expression refers to. Without any it is a scalar.
	ids(to []string) []string
	// eval computes the expression; values has a series for every id.
	eval(values map[string]series) operand
}

type (
	number    float64
	reference string
	negation  struct{ of expression }
	binary    struct {
		operator    byte
		left, right expression
	}
	fill struct {
		of     expression
		with   expression // nil with REPEAT
		repeat bool
	}
)

func (number) ids(to []string) []string      { return to }
func (r reference) ids(to []string) []string { return append(to, string(r)) }
func (n negation) ids(to []string) []string  { return n.of.ids(to) }
func (b binary) ids(to []string) []string    { return b.right.ids(b.left.ids(to)) }
func (f fill) ids(to []string) []string      { return f.of.ids(to) }

// parseExpression parses a metric math expression; the error says what is wrong and where.
func parseExpression(text string) (expression, error) {
	p := &parser{text: text}
	parsed, err := p.sum()
	if err != nil {
		return nil, err
	}
	if p.peek(); p.at < len(p.text) {
		return nil, p.errorf("unexpected %q", p.text[p.at])
	}
	return parsed, nil
}

// parser is a recursive descent parser over the bytes of an expression.
type parser struct {
	text  string
	at    int
	depth int
}

// maxDepth bounds nested parentheses, so that no request exhausts the stack.
const maxDepth = 100

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("%s at position %d", fmt.Sprintf(format, args...), p.at+1)
}

// peek skips white space and returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func (p *parser) sum() (expression, error) {
	return p.chain("+-", p.product)
}

func (p *parser) product() (expression, error) {
	return p.chain("*/", p.unary)
}

// chain parses operands joined by left-associative operators.
func (p *parser) chain(operators string, operand func() (expression, error)) (expression, error) {
	left, err := operand()
	for err == nil {
		operator := p.peek()
		if operator == 0 || strings.IndexByte(operators, operator) < 0 {
			return left, nil
		}
		p.at++
		var right expression
		right, err = operand()
		left = binary{operator: operator, left: left, right: right}
	}
	return nil, err
}

func (p *parser) unary() (expression, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.errorf("nested too deeply")
	}
	defer func() { p.depth-- }()
	if p.peek() == '-' {
		p.at++
		of, err := p.unary()
		if err != nil {
			return nil, err
		}
		return negation{of: of}, nil
	}
	return p.primary()
}

func (p *parser) primary() (expression, error) {
	next := p.peek()
	switch {
	case next == 0:
		return nil, p.errorf("unexpected end")
	case next == '(':
		p.at++
		inner, err := p.sum()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(')')
	case next >= '0' && next <= '9' || next == '.':
		return p.number()
	case isLetter(next):
		return p.name()
	default:
		return nil, p.errorf("unexpected %q", next)
	}
}

func (p *parser) expect(want byte) error {
	if p.peek() != want {
		return p.errorf("expected %q", want)
	}
	p.at++
	return nil
}

func (p *parser) number() (expression, error) {
	start := p.at
	for p.at < len(p.text) && strings.IndexByte("0123456789.", p.text[p.at]) >= 0 {
		p.at++
	}
	value, err := strconv.ParseFloat(p.text[start:p.at], 64)
	if err != nil {
		return nil, p.errorf("%q is not a number", p.text[start:p.at])
	}
	return number(value), nil
}

func (p *parser) name() (expression, error) {
	name := p.word()
	if p.peek() != '(' {
		if !idPattern.MatchString(name) {
			return nil, p.errorf("unknown identifier %s", name)
		}
		return reference(name), nil
	}
	if name != "FILL" {
		return nil, p.errorf("unsupported function %s", name)
	}
	p.at++
	of, err := p.sum()
	if err != nil {
		return nil, err
	}
	if len(of.ids(nil)) == 0 {
		return nil, p.errorf("the first argument of FILL must be a time series")
	}
	if err := p.expect(','); err != nil {
		return nil, err
	}
	filled := fill{of: of}
	if p.peek(); strings.HasPrefix(p.text[p.at:], "REPEAT") {
		p.at += len("REPEAT")
		filled.repeat = true
	} else if filled.with, err = p.sum(); err != nil {
		return nil, err
	} else if len(filled.with.ids(nil)) > 0 {
		return nil, p.errorf("the second argument of FILL must be a number or REPEAT")
	}
	return filled, p.expect(')')
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func (p *parser) word() string {
	start := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		if !isLetter(c) && (c < '0' || c > '9') && c != '_' {
			break
		}
		p.at++
	}
	return p.text[start:p.at]
}
