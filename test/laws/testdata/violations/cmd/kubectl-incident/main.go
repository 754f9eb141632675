// Package main plants the simulator in the command line tool, which may print.
package main

import (
	"fmt"

	"github.com/runbook-operator/runbook-operator/internal/sim" // want: depguard
)

func main() { fmt.Println(sim.Name) }
