package wire

import (
	"math/big"
	"reflect"
	"time"

	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/document"
)

// SchemaOf returns the schema with which a generated type writes itself. The SDK has no table from Go types to
// schemas, but every generated Serialize starts with WriteStruct(schema).
func SchemaOf(v smithy.Serializable) *smithy.Schema {
	c := &capture{}
	reflect.New(reflect.TypeOf(v).Elem()).Interface().(smithy.Serializable).Serialize(c)
	return c.schema
}

// capture is a serializer that keeps the outermost schema and drops everything else.
type capture struct{ schema *smithy.Schema }

func (c *capture) WriteStruct(s *smithy.Schema) {
	if c.schema == nil {
		c.schema = s
	}
}

func (*capture) Bytes() []byte                                { return nil }
func (*capture) CloseStruct()                                 {}
func (*capture) WriteInt8(*smithy.Schema, int8)               {}
func (*capture) WriteInt16(*smithy.Schema, int16)             {}
func (*capture) WriteInt32(*smithy.Schema, int32)             {}
func (*capture) WriteInt64(*smithy.Schema, int64)             {}
func (*capture) WriteFloat32(*smithy.Schema, float32)         {}
func (*capture) WriteFloat64(*smithy.Schema, float64)         {}
func (*capture) WriteBool(*smithy.Schema, bool)               {}
func (*capture) WriteString(*smithy.Schema, string)           {}
func (*capture) WriteBigInt(*smithy.Schema, *big.Int)         {}
func (*capture) WriteBigFloat(*smithy.Schema, *big.Float)     {}
func (*capture) WriteBlob(*smithy.Schema, []byte)             {}
func (*capture) WriteTime(*smithy.Schema, time.Time)          {}
func (*capture) WriteUnion(_, _ *smithy.Schema)               {}
func (*capture) CloseUnion()                                  {}
func (*capture) WriteDocument(*smithy.Schema, document.Value) {}
func (*capture) WriteNil(*smithy.Schema)                      {}
func (*capture) WriteList(*smithy.Schema)                     {}
func (*capture) CloseList()                                   {}
func (*capture) WriteMap(*smithy.Schema)                      {}
func (*capture) WriteKey(*smithy.Schema, string)              {}
func (*capture) CloseMap()                                    {}
