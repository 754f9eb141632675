// Package bounds owns the attacks on what the operator may cost: calls of AWS, writes of Kubernetes, memory, time to go on
// after an outage, and secrets that must appear nowhere. It must not reach into a controller; the suite runs with the build
// tag fault.
package bounds
