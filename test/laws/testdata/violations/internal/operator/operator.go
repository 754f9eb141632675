// Package operator plants imports of what is no part of the product, beside
// the import of controllers, which only this package may have.
package operator

import (
	"context"

	"github.com/runbook-operator/runbook-operator/controllers/incident"
	"github.com/runbook-operator/runbook-operator/hack/builder" // want: depguard
	"github.com/runbook-operator/runbook-operator/test/env"     // want: depguard
)

// Run uses what it imports.
func Run(ctx context.Context) {
	builder.Build()
	env.Start()
	incident.Reconcile(ctx, nil)
}
