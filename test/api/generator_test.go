package api

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
)

// generator makes values that a schema describes.
type generator struct {
	dice *rand.Rand
	// optional is how probable an optional member is, from 0 to 1.
	optional float64
}

// value makes a value of a schema. Where a path is given, what it names is there.
func (g generator) value(s schema, path ...string) any {
	switch {
	case s.XIntOrString:
		if g.dice.IntN(2) == 0 {
			return 1 + g.dice.Int64N(900)
		}
		return g.text(s)
	case len(s.Enum) > 0:
		return decoded(s.Enum[g.dice.IntN(len(s.Enum))].Raw)
	}
	switch s.Type {
	case "object":
		return g.object(s, path)
	case "array":
		return g.list(s, path)
	case "string":
		return g.text(s)
	case "integer":
		return g.integer(s)
	case "boolean":
		return g.dice.IntN(2) == 0
	}
	panic("no value is made for the type " + s.Type)
}

func decoded(text []byte) any {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		panic(err)
	}
	return value
}

func (g generator) object(s schema, path []string) map[string]any {
	members := map[string]any{}
	one := ""
	if all := union(s); all != nil {
		one = all[g.dice.IntN(len(all))]
		if len(path) > 0 && slices.Contains(all, path[0]) {
			one = path[0]
		}
	}
	for _, name := range names(s.Properties) {
		named := len(path) > 0 && path[0] == name
		switch {
		case slices.Contains(union(s), name):
			if name != one {
				continue
			}
		case !named && !slices.Contains(s.Required, name) && g.dice.Float64() >= g.optional:
			continue
		}
		if named {
			members[name] = g.value(s.Properties[name], path[1:]...)
		} else {
			members[name] = g.value(s.Properties[name])
		}
	}
	if s.AdditionalProperties != nil {
		members[g.text(schema{})] = g.value(*s.AdditionalProperties.Schema)
	}
	return members
}

// list makes from the fewest to three items, all different, as sets and maps must be.
func (g generator) list(s schema, path []string) []any {
	fewest := int64(0)
	if s.MinItems != nil {
		fewest = *s.MinItems
	}
	count := max(fewest, g.dice.Int64N(4))
	if len(path) > 0 {
		path, count = path[1:], max(count, 1)
	}
	items := []any{}
	for range count {
		item := g.value(*s.Items.Schema, path...)
		if _, comparable := item.(string); comparable && slices.Contains(items, item) {
			continue
		}
		items = append(items, item)
	}
	return items
}

func (g generator) integer(s schema) int64 {
	lowest, highest := int64(-1<<31), int64(1<<31-1)
	if s.Minimum != nil {
		lowest = int64(*s.Minimum)
	}
	if s.Maximum != nil {
		highest = int64(*s.Maximum)
	}
	switch g.dice.IntN(4) {
	case 0:
		return lowest
	case 1:
		return highest
	}
	return lowest + g.dice.Int64N(highest-lowest+1)
}

// alphabet is what strings without a pattern are made of.
var alphabet = []string{"a", "Z", "7", "-", ".", "/", " ", "\n", "\t", "\x00", `"`, `\`, "'", "$", "{", "}", "é", "ß", "世", "😀", "\u202e", "\ufeff"}

func (g generator) text(s schema) string {
	if p := pattern(s); p != "" {
		return patterned(g.dice, p)
	}
	shortest, longest := int64(0), int64(40)
	if s.MinLength != nil {
		shortest = *s.MinLength
	}
	if s.MaxLength != nil {
		longest = min(longest, *s.MaxLength)
		if g.dice.IntN(20) == 0 {
			return strings.Repeat("x", int(*s.MaxLength))
		}
	}
	var text strings.Builder
	for range shortest + g.dice.Int64N(longest-shortest+1) {
		text.WriteString(alphabet[g.dice.IntN(len(alphabet))])
	}
	return text.String()
}
