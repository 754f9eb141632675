// Package postmortem plants a client in a pure package.
package postmortem

import "sigs.k8s.io/controller-runtime/pkg/client" // want: depguard

// Render asks the API server.
func Render(client.Reader) {}
