// Package escalation plants a clock in a pure package.
package escalation

import "k8s.io/utils/clock" // want: depguard

// Level asks the clock.
func Level(c clock.PassiveClock) int { return c.Now().Minute() }
