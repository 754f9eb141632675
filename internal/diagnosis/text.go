package diagnosis

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of api/v1alpha1, in characters, as the API server counts them.
const (
	maxMessage        = 1024
	maxInstruction    = 2048
	maxSeverityReason = 512
	maxName           = 256
	maxUses           = 16
)

// printable makes text from outside safe to show in a terminal and in a table: one line, no control characters, no
// invisible ones.
func printable(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s))
}

// bounded cuts text to at most limit characters, and shows that it did.
func bounded(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	runes := []rune(s)
	return string(runes[:limit-1]) + "…"
}

// joined makes one message of several.
func joined(messages []string) string {
	return strings.Join(messages, "; ")
}

// display shows a value of the evidence to a person.
func display(value any) string {
	switch v := value.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	case string:
		return v
	case []any:
		items := make([]string, 0, len(v))
		for _, item := range v {
			items = append(items, display(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return "…"
}
