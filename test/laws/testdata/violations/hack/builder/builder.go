// Package builder keeps the law: the build's own programs print, and know the
// simulator.
package builder

import (
	"context"
	"fmt"
	"time"

	"github.com/runbook-operator/runbook-operator/internal/sim"
)

// Build prints.
func Build() { fmt.Println(context.Background(), time.Now(), sim.Name) }
