package world

import (
	"fmt"
	"strings"

	"github.com/runbook-operator/runbook-operator/internal/sim/reactstocks"
)

// Scenario returns the scenario of a name, whatever its case, also with hyphens. The error lists those that there are.
func Scenario(name string) (reactstocks.Scenario, error) {
	for _, s := range reactstocks.Scenarios() {
		if strings.EqualFold(strings.ReplaceAll(name, "-", ""), string(s)) {
			return s, nil
		}
	}
	return "", fmt.Errorf("there is no scenario %q: choose one of %s", name, ScenarioNames())
}

// ScenarioNames lists the scenarios for people.
func ScenarioNames() string {
	var names []string
	for _, s := range reactstocks.Scenarios() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}
