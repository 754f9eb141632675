// Package laws checks the laws of the code's structure: which package may
// reach which, and that the linter finds each violation that is planted in
// testdata. It must not check behaviour.
//
// The planted violations need the linter, which takes minutes to build on a
// fresh machine: that test carries the build tag lint and is run by `make
// lint`, not by `make test`.
package laws

import (
	"os/exec"
	"strings"
	"testing"
)

// module is the path of the module whose laws these are.
const module = "github.com/runbook-operator/runbook-operator"

// run returns the standard output of a command, and fails the test with what
// it said if it fails.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("running %s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}
