package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// longest is how long one suite may take. One that takes longer noticed something too: it waits for what never comes.
const longest = "15m"

// test runs a suite in the copy, and returns the first of its tests that failed, "" where all passed. It is an error where
// the suite does not compile or does not start.
func (t *tree) test(ctx context.Context, s suite, bug string) (failed string, err error) {
	binary := filepath.Join(filepath.Dir(t.root), "suite.test")
	if out, err := t.run(ctx, "go", "test", "-c", "-tags", s.tags(), "-o", binary, "./"+s.folder); err != nil {
		return "", fmt.Errorf("it does not compile: %w\n%s", err, out)
	}
	log, err := os.Create(filepath.Join(t.logs, bug+"-"+strings.ReplaceAll(s.folder, "/", "-")+".log"))
	if err != nil {
		return "", fmt.Errorf("creating the log: %w", err)
	}
	defer func() { _ = log.Close() }()
	args := []string{"-test.failfast", "-test.timeout", longest}
	if ginkgo, err := ofGinkgo(filepath.Join(t.root, s.folder)); err != nil {
		return "", err
	} else if ginkgo {
		args = append(args, "-ginkgo.fail-fast", "-ginkgo.no-color")
	}
	cmd := exec.CommandContext(ctx, binary, append(args, binaryFlags(s.args)...)...)
	cmd.Dir = filepath.Join(t.root, s.folder)
	cmd.Stdout, cmd.Stderr = log, log
	// What a suite started ends with it, and not with the terminal's interrupt.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	ran := cmd.Run()
	text, err := os.ReadFile(log.Name())
	if err != nil {
		return "", fmt.Errorf("reading the log: %w", err)
	}
	if ran == nil {
		return "", nil
	}
	if exit := (*exec.ExitError)(nil); !errors.As(ran, &exit) {
		return "", fmt.Errorf("it does not start: %w", ran)
	}
	if failed = firstFailed(string(text)); failed == "" {
		return "", fmt.Errorf("it ends with %w, and no test says that it failed: see %s", ran, log.Name())
	}
	return failed, nil
}

// ofGinkgo says whether a suite runs under Ginkgo, whose flags it then knows.
func ofGinkgo(folder string) (bool, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		return false, fmt.Errorf("looking into %s: %w", folder, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return false, fmt.Errorf("looking into %s: %w", folder, err)
		}
		if strings.Contains(string(text), `"github.com/onsi/ginkgo/v2"`) {
			return true, nil
		}
	}
	return false, nil
}

// binaryFlags turns the flags of go test into those of a test binary.
func binaryFlags(args []string) []string {
	var out []string
	for _, a := range args {
		if a == "-run" || strings.HasPrefix(a, "-run=") {
			a = "-test." + strings.TrimPrefix(a, "-")
		}
		out = append(out, a)
	}
	return out
}

var (
	// A spec of Ginkgo that failed, in the summary at the end.
	specFailed = regexp.MustCompile(`(?m)^\s*\[(?:FAIL|PANICKED!|TIMEDOUT)\] (.+)$`)
	// A test of package testing that failed; the deepest comes last.
	testFailed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+) \(`)
	timedOut   = regexp.MustCompile(`(?m)^panic: test timed out after (\S+)`)
)

// firstFailed returns the first test that the output of a test binary says to have failed, "" for none. A suite whose
// preparation failed tested nothing.
func firstFailed(text string) string {
	if m := specFailed.FindStringSubmatch(text); m != nil {
		if strings.Contains(m[1], "[BeforeSuite]") || strings.Contains(m[1], "[SynchronizedBeforeSuite]") {
			return ""
		}
		return strings.TrimSpace(m[1])
	}
	first := ""
	for _, m := range testFailed.FindAllStringSubmatch(text, -1) {
		if first == "" || strings.HasPrefix(m[1], first+"/") {
			first = m[1]
		}
	}
	if m := timedOut.FindStringSubmatch(text); first == "" && m != nil {
		return "still waiting after " + m[1]
	}
	return first
}
