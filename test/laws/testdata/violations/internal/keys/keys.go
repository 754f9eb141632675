// Package keys keeps the law, so that the other extensions can break it.
package keys

// Name of the package.
const Name = "keys"
