// Package wire keeps the law: a part of the simulator that another imports.
package wire

// Name of the package.
const Name = "wire"
