package diagnosis

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiservercel "k8s.io/apiserver/pkg/cel"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// maxElements is the most that a list of the evidence holds (see api/v1alpha1).
const maxElements = 64

var (
	numberType = reflect.TypeFor[v1alpha1.Number]()
	timeType   = reflect.TypeFor[metav1.Time]()
)

// declare makes the CEL type of a Go type of the evidence: a struct is an object with the fields of its JSON, a
// pointer is an optional field, v1alpha1.Number is a double, metav1.Time is a timestamp, and a named string is a
// string. It panics on a Go type that has no counterpart, which the tests of this package meet first.
func declare(name string, t reflect.Type) *apiservercel.DeclType {
	switch {
	case t == numberType:
		return apiservercel.DoubleType
	case t == timeType:
		return apiservercel.TimestampType
	}
	switch t.Kind() {
	case reflect.Pointer:
		return declare(name, t.Elem())
	case reflect.Struct:
		fields := map[string]*apiservercel.DeclField{}
		for f := range t.Fields() {
			n := jsonName(f)
			required := f.Type.Kind() != reflect.Pointer
			fields[n] = apiservercel.NewDeclField(n, declare(name+"."+n, f.Type), required, nil, nil)
		}
		return apiservercel.NewObjectType(name, fields)
	case reflect.Slice:
		return apiservercel.NewListType(declare(name, t.Elem()), maxElements)
	case reflect.Int32, reflect.Int64:
		return apiservercel.IntType
	case reflect.String:
		return apiservercel.StringType
	case reflect.Bool:
		return apiservercel.BoolType
	}
	panic(fmt.Sprintf("%s: no CEL type for %s", name, t))
}

// valueOf makes the CEL value of evidence of a declared type. A nil pointer is an absent key, never a zero. It
// fails on a Number that is no decimal number.
func valueOf(v reflect.Value) (any, error) {
	switch {
	case v.Type() == numberType:
		return parseNumber(v.String())
	case v.Type() == timeType:
		t, _ := v.Interface().(metav1.Time)
		return t.Time, nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		return valueOf(v.Elem())
	case reflect.Struct:
		fields := map[string]any{}
		for f, fv := range v.Fields() {
			if fv.Kind() == reflect.Pointer && fv.IsNil() {
				continue
			}
			value, err := valueOf(fv)
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", jsonName(f), err)
			}
			fields[jsonName(f)] = value
		}
		return fields, nil
	case reflect.Slice:
		list := make([]any, 0, v.Len())
		for i := range v.Len() {
			value, err := valueOf(v.Index(i))
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case reflect.Int32, reflect.Int64:
		return v.Int(), nil
	case reflect.String:
		return v.String(), nil
	case reflect.Bool:
		return v.Bool(), nil
	}
	return nil, fmt.Errorf("no CEL value for %s", v.Type())
}

// parseNumber reads a v1alpha1.Number, which has digits only: no exponent, infinity or NaN.
func parseNumber(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, fmt.Errorf("%q is not a decimal number", bounded(printable(s), maxName))
	}
	return f, nil
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
