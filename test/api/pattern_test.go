package api

import (
	"math/rand/v2"
	"regexp/syntax"
	"strings"
)

// patterned returns a string that a regular expression matches as a whole, whichever alternatives and repetitions the
// dice choose. A repetition without a bound ends after four.
func patterned(dice *rand.Rand, pattern string) string {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		panic(err)
	}
	var text strings.Builder
	write(dice, &text, parsed)
	return text.String()
}

func write(dice *rand.Rand, text *strings.Builder, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		text.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		text.WriteRune(oneOf(dice, re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		text.WriteRune([]rune("a9:*/é世😀 ")[dice.IntN(9)])
	case syntax.OpAlternate:
		write(dice, text, re.Sub[dice.IntN(len(re.Sub))])
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			write(dice, text, sub)
		}
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		lowest, highest := bounds(re)
		for range lowest + dice.IntN(highest-lowest+1) {
			write(dice, text, re.Sub[0])
		}
	case syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpEmptyMatch:
	default:
		panic("no string is made for " + re.String())
	}
}

// oneOf returns a character of a class, which is a list of ranges.
func oneOf(dice *rand.Rand, ranges []rune) rune {
	i := 2 * dice.IntN(len(ranges)/2)
	return ranges[i] + dice.Int32N(ranges[i+1]-ranges[i]+1)
}

// bounds returns how often at least and at most the operand of a repetition is written.
func bounds(re *syntax.Regexp) (lowest, highest int) {
	switch re.Op {
	case syntax.OpQuest:
		return 0, 1
	case syntax.OpStar:
		return 0, 4
	case syntax.OpPlus:
		return 1, 4
	}
	if re.Max < 0 {
		return re.Min, re.Min + 4
	}
	return re.Min, re.Max
}
