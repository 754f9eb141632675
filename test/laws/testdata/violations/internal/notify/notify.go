// Package notify keeps the law, so that the other extensions can break it.
package notify

// Name of the package.
const Name = "notify"
