// Command iam writes the IAM policies of config/iam, and the page about them, from the permissions that alarms, steps and
// actions declare. It must not hold a permission of its own, but for the two that the operator needs to become a granted role.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// folder is where the policies go, and page where they are explained, from the root of the repository.
const (
	folder = "config/iam"
	page   = "docs/iam.md"
)

func main() {
	if err := errors.Join(run(folder), write(page, []byte(document()))); err != nil {
		fmt.Fprintln(os.Stderr, "iam:", err)
		os.Exit(1)
	}
}

// run writes every file that is not as it should be, and removes what it would not write.
func run(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the folder: %w", err)
	}
	for name, content := range files() {
		if err := write(filepath.Join(folder, name), content); err != nil {
			return err
		}
	}
	return tidy(folder)
}

// tidy removes what no longer belongs there, so that nobody grants what nothing needs.
func tidy(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("reading %s: %w", folder, err)
	}
	wanted := files()
	for _, entry := range entries {
		if _, ok := wanted[entry.Name()]; ok || entry.IsDir() {
			continue
		}
		fmt.Fprintln(os.Stderr, "iam: removing", filepath.Join(folder, entry.Name())+", which no permission asks for; policies of your own belong elsewhere")
		if err := os.Remove(filepath.Join(folder, entry.Name())); err != nil {
			return fmt.Errorf("removing what is no policy any more: %w", err)
		}
	}
	return nil
}

// write writes a file that is not as it should be.
func write(path string, content []byte) error {
	present, err := os.ReadFile(path)
	if err == nil && bytes.Equal(present, content) {
		return nil
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
