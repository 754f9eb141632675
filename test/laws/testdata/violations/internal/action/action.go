// Package action keeps the law, so that the other extensions can break it.
package action

// Name of the package.
const Name = "action"
