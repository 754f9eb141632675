// Command iam writes the IAM policies of config/iam from the permissions that alarms, steps and actions declare. It
// must not hold a permission of its own, but for the two that the operator needs to become a granted role.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// folder is where the policies go, from the root of the repository.
const folder = "config/iam"

func main() {
	if err := run(folder); err != nil {
		fmt.Fprintln(os.Stderr, "iam:", err)
		os.Exit(1)
	}
}

// run writes every file that is not as it should be, and leaves the others alone.
func run(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	for name, content := range files() {
		path := filepath.Join(folder, name)
		present, err := os.ReadFile(path)
		if err == nil && bytes.Equal(present, content) {
			continue
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return fmt.Errorf("writing %s: %w", path, err)
		}
	}
	return nil
}
