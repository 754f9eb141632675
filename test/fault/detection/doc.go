// Package detection owns the attacks on how alarms become Incidents: messages that come twice, late, garbled or never, an
// operator that is away or dies at any of its requests, and storms of alarms. It judges by the simulated account's own
// history of alarms, must not reach into a controller, and runs with the build tag fault.
package detection
