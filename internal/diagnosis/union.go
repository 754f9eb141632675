package diagnosis

import (
	"reflect"
	"strings"
)

// isMember says whether a field of a union is one of those of which exactly one is set.
func isMember(f reflect.StructField) bool { return f.Type.Kind() == reflect.Pointer }

// oneOf is what to do about a union of which no member is set, or more than one. The API server says the same.
func oneOf[T any]() string {
	var members []string
	for f := range reflect.TypeFor[T]().Fields() {
		if isMember(f) {
			members = append(members, jsonName(f))
		}
	}
	return "set exactly one of " + strings.Join(members, ", ")
}
