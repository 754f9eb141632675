package wire

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/traits"
)

// route is one operation's method and path pattern, taken from the smithy.api#http trait of its schema.
type route struct {
	method   string
	segments []string
	op       Operation
}

func newRoute(op Operation) route {
	path, _, _ := strings.Cut(op.http.URI, "?")
	return route{method: op.http.Method, segments: split(path), op: op}
}

func split(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

// match compares an escaped request path with the pattern and returns the labels, unescaped. Segments are unescaped
// one by one, because an ARN in a label may carry an escaped slash.
func (r route) match(method, escapedPath string) (map[string]string, bool) {
	if method != r.method {
		return nil, false
	}
	got := split(escapedPath)
	labels := map[string]string{}
	for i, want := range r.segments {
		name, isLabel := strings.CutPrefix(want, "{")
		name = strings.TrimSuffix(name, "}")
		greedy := strings.HasSuffix(name, "+")
		switch {
		case i >= len(got):
			return nil, false
		case !isLabel:
			if got[i] != want {
				return nil, false
			}
			continue
		}
		raw := got[i]
		if greedy {
			raw = strings.Join(got[i:], "/")
		}
		value, err := url.PathUnescape(raw)
		if err != nil || value == "" {
			return nil, false
		}
		labels[strings.TrimSuffix(name, "+")] = value
		if greedy {
			return labels, true
		}
	}
	return labels, len(got) == len(r.segments)
}

// bindHTTP sets the members that travel outside the body, as the smithy.api httpLabel, httpQuery and httpHeader traits
// of the input's schema say.
func bindHTTP(in smithy.Serializable, labels map[string]string, query url.Values, header http.Header) error {
	v := reflect.ValueOf(in).Elem()
	for name, m := range SchemaOf(in).Members() {
		values := []string(nil)
		if _, ok := smithy.SchemaTrait[*traits.HTTPLabel](m); ok {
			values = []string{labels[name]}
		}
		if q, ok := smithy.SchemaTrait[*traits.HTTPQuery](m); ok {
			values = query[q.Name]
		}
		if h, ok := smithy.SchemaTrait[*traits.HTTPHeader](m); ok {
			values = header.Values(h.Name)
		}
		if len(values) == 0 {
			continue
		}
		f, err := field(v, m)
		if err != nil {
			return err
		}
		if err := setStrings(f, values); err != nil {
			return fmt.Errorf("parameter %s: %w", name, err)
		}
	}
	return nil
}

func setStrings(f reflect.Value, values []string) error {
	if f.Kind() == reflect.Pointer {
		f.Set(reflect.New(f.Type().Elem()))
		f = f.Elem()
	}
	switch f.Kind() {
	case reflect.String:
		f.SetString(values[0])
	case reflect.Bool:
		b, err := strconv.ParseBool(values[0])
		if err != nil {
			return err
		}
		f.SetBool(b)
	case reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(values[0], 10, f.Type().Bits())
		if err != nil {
			return err
		}
		f.SetInt(n)
	case reflect.Slice:
		for _, value := range values {
			e := reflect.New(f.Type().Elem()).Elem()
			if err := setStrings(e, []string{value}); err != nil {
				return err
			}
			f.Set(reflect.Append(f, e))
		}
	default:
		return fmt.Errorf("kind %s cannot be read from a string", f.Kind())
	}
	return nil
}
