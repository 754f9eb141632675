package wire

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/aws/smithy-go"
)

// target lets a generated input be read: the SDK's inputs can only write themselves, so their members are set by
// reflection, driven by the schema. Nested types of the SDK read themselves.
type target struct {
	schema *smithy.Schema
	value  reflect.Value
	unions []any
}

func newTarget(s *smithy.Schema, in any, unions []any) *target {
	return &target{schema: s, value: reflect.ValueOf(in).Elem(), unions: unions}
}

// Deserialize implements smithy.Deserializable.
func (t *target) Deserialize(d smithy.ShapeDeserializer) error {
	return t.readStruct(d, t.schema, t.value)
}

func (t *target) readStruct(d smithy.ShapeDeserializer, s *smithy.Schema, v reflect.Value) error {
	return smithy.ReadStruct(d, s, func(m *smithy.Schema) error {
		f, err := field(v, m)
		if err != nil {
			return err
		}
		return t.readValue(d, m, f)
	})
}

// field finds the Go field of a member: the SDK exports a member by making its first letter upper case.
func field(v reflect.Value, m *smithy.Schema) (reflect.Value, error) {
	name := m.MemberName()
	f := v.FieldByName(strings.ToUpper(name[:1]) + name[1:])
	if !f.IsValid() {
		return f, fmt.Errorf("%s has no field for member %s", v.Type(), name)
	}
	return f, nil
}

func (t *target) readValue(d smithy.ShapeDeserializer, s *smithy.Schema, f reflect.Value) error {
	if f.Kind() == reflect.Pointer {
		if f.IsNil() {
			f.Set(reflect.New(f.Type().Elem()))
		}
		f = f.Elem()
	}
	if f.CanAddr() {
		if v, ok := f.Addr().Interface().(smithy.Deserializable); ok {
			return v.Deserialize(d)
		}
	}
	switch s.Type() {
	case smithy.ShapeTypeString, smithy.ShapeTypeEnum:
		return read(d.ReadString, s, f.SetString)
	case smithy.ShapeTypeInteger, smithy.ShapeTypeIntEnum:
		return read(d.ReadInt32, s, func(n int32) { f.SetInt(int64(n)) })
	case smithy.ShapeTypeLong:
		return read(d.ReadInt64, s, f.SetInt)
	case smithy.ShapeTypeDouble:
		return read(d.ReadFloat64, s, f.SetFloat)
	case smithy.ShapeTypeBoolean:
		return read(d.ReadBool, s, f.SetBool)
	case smithy.ShapeTypeBlob:
		return read(d.ReadBlob, s, f.SetBytes)
	case smithy.ShapeTypeTimestamp:
		return read(d.ReadTime, s, func(t time.Time) { f.Set(reflect.ValueOf(t)) })
	case smithy.ShapeTypeList, smithy.ShapeTypeSet:
		return t.readList(d, s, f)
	case smithy.ShapeTypeMap:
		return t.readMap(d, s, f)
	case smithy.ShapeTypeStructure:
		return t.readStruct(d, s, f)
	case smithy.ShapeTypeUnion:
		return t.readUnion(d, s, f)
	default:
		return fmt.Errorf("member %s has a shape type that no served operation uses", s.MemberName())
	}
}

func read[T any](from func(*smithy.Schema, *T) error, s *smithy.Schema, set func(T)) error {
	var v T
	if err := from(s, &v); err != nil {
		return err
	}
	set(v)
	return nil
}

func (t *target) readList(d smithy.ShapeDeserializer, s *smithy.Schema, f reflect.Value) error {
	f.Set(reflect.MakeSlice(f.Type(), 0, 0))
	return smithy.ReadList(d, s, func() error {
		e := reflect.New(f.Type().Elem()).Elem()
		if isNil, err := d.ReadNil(s.ListMember()); err != nil || isNil {
			return err
		}
		if err := t.readValue(d, s.ListMember(), e); err != nil {
			return err
		}
		f.Set(reflect.Append(f, e))
		return nil
	})
}

func (t *target) readMap(d smithy.ShapeDeserializer, s *smithy.Schema, f reflect.Value) error {
	f.Set(reflect.MakeMap(f.Type()))
	return smithy.ReadMap(d, s, func(key string) error {
		e := reflect.New(f.Type().Elem()).Elem()
		if isNil, err := d.ReadNil(s.MapValue()); err != nil || isNil {
			return err
		}
		if err := t.readValue(d, s.MapValue(), e); err != nil {
			return err
		}
		f.SetMapIndex(reflect.ValueOf(key).Convert(f.Type().Key()), e)
		return nil
	})
}

// readUnion reads a union: a Go interface whose variant types the SDK names <Union>Member<Variant>. Nothing leads from
// the interface to its variants, so the service lists them.
func (t *target) readUnion(d smithy.ShapeDeserializer, s *smithy.Schema, f reflect.Value) error {
	return smithy.ReadUnion(d, s, func(m *smithy.Schema) error {
		name := m.MemberName()
		want := f.Type().Name() + "Member" + strings.ToUpper(name[:1]) + name[1:]
		for _, u := range t.unions {
			if reflect.TypeOf(u).Elem().Name() != want {
				continue
			}
			v := reflect.New(reflect.TypeOf(u).Elem())
			f.Set(v)
			if variant, ok := v.Interface().(smithy.Deserializable); ok {
				return variant.Deserialize(d)
			}
		}
		return fmt.Errorf("union %s has no variant %s", f.Type().Name(), name)
	})
}
