// Package env plants a sleep where wall time is allowed.
package env

import "time"

// Start sleeps.
func Start() time.Time {
	time.Sleep(time.Second) // want: forbidigo
	return time.Now()
}
