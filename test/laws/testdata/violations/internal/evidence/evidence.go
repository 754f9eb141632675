// Package evidence keeps the law, so that the other extensions can break it.
package evidence

// Name of the package.
const Name = "evidence"
