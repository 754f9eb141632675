package sim_test

import (
	"math"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
)

// beWithin matches a number that deviates from want by at most a share of it.
func beWithin(want, share float64) types.GomegaMatcher {
	return BeNumerically("~", want, math.Abs(want*share))
}

func beAbove(n float64) types.GomegaMatcher   { return BeNumerically(">", n) }
func beEqualTo(n float64) types.GomegaMatcher { return BeNumerically("==", n) }
func beZero() types.GomegaMatcher             { return BeNumerically("==", 0) }
