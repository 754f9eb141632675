// Package number owns how a number becomes text in an API object and back, and for people. It must not round away what
// a rule compares: nine decimals, as the API's pattern allows.
package number

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
)

// limit is where the API's pattern ends: 18 digits before the point.
const limit = 1e18

// Format returns a number as text, with at most nine decimals. Nil where v cannot be written: it is not finite, or
// has more than 18 digits before the point.
func Format(v float64) *v1alpha1.Number {
	if math.IsNaN(v) || math.Abs(v) >= limit {
		return nil
	}
	text := strconv.FormatFloat(v, 'f', 9, 64)
	text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	if text == "-0" {
		text = "0"
	}
	n := v1alpha1.Number(text)
	return &n
}

// Short returns a number as a person reads it: whole from 10 on, and with one decimal below. Nil as of Format.
func Short(v float64) *v1alpha1.Number {
	decimals := 0
	if math.Abs(v) < 10 {
		decimals = 1
	}
	scale := math.Pow10(decimals)
	return Format(math.Round(v*scale) / scale)
}

// Of counts things for people: 1 grant, 2 grants.
func Of[N ~int | ~int32 | ~int64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Parse returns the value of a number. False where there is none, or it is no number.
func Parse(n *v1alpha1.Number) (float64, bool) {
	if n == nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(*n), 64)
	return v, err == nil
}
