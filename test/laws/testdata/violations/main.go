// Package main plants what main.go must not do, beside what only it may do.
package main

import (
	"context"
	"fmt"
	"time"

	"k8s.io/utils/clock"

	"github.com/runbook-operator/runbook-operator/internal/operator"
	"github.com/runbook-operator/runbook-operator/internal/sim" // want: depguard
)

func main() {
	ctx := context.Background()
	fmt.Println(time.Now(), clock.RealClock{}, sim.Name)
	operator.Run(ctx)
}
