// Package transport keeps the law: requests of the operator, and of the simulator's tests, go through it.
package transport

// Name of the package.
const Name = "transport"
