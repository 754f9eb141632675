// Package controlplane finds, or builds once, the etcd and kube-apiserver that
// the demo, the development world and the tests run against. It must not start
// them and must not be imported by production code.
package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// assetsVariable names the folder of the control plane's binaries; it is the
// variable that controller-runtime's envtest reads.
const assetsVariable = "KUBEBUILDER_ASSETS"

// modulePath is the module whose ignored bin/ keeps what was built.
const modulePath = "github.com/runbook-operator/runbook-operator"

// executables are the binaries without which envtest cannot start.
var executables = []string{"etcd", "kube-apiserver"}

// Assets returns the absolute path of a folder that holds etcd and
// kube-apiserver. It takes the first of: the folder that KUBEBUILDER_ASSETS
// names, what an earlier run left in the repository's bin/, what a
// setup-envtest on the PATH downloads within 20 seconds, and a build from Go
// modules, which takes five to ten minutes once on two cores.
//
// What takes time is said to progress, a line at a time. Callers may run at
// once, also in several processes: one prepares the folder, the others wait
// for it and say so. The working directory must be inside the repository. An
// error names what to do instead.
func Assets(ctx context.Context, progress io.Writer) (string, error) {
	if dir := os.Getenv(assetsVariable); dir != "" {
		return given(ctx, dir)
	}
	root, err := repository()
	if err != nil {
		return "", err
	}
	module := filepath.Join(root, "hack", "controlplane", "build")
	want, err := readVersions(filepath.Join(module, "go.mod"))
	if err != nil {
		return "", err
	}
	say := narrator(progress)
	s := store{
		dir: filepath.Join(root, "bin", "controlplane"),
		key: want.key(),
		say: say,
		download: func(ctx context.Context) (string, bool) {
			return download(ctx, want, say)
		},
		build: func(ctx context.Context, target string) error {
			return build(ctx, module, target, want, say)
		},
	}
	return s.prepare(ctx)
}

// given checks the folder that the caller's environment names.
func given(ctx context.Context, dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("resolving %s: %w", assetsVariable, err)
	}
	if err := works(ctx, abs); err != nil {
		return "", fmt.Errorf("%s=%s does not hold a control plane: %w; unset it, or point it to a folder with %s",
			assetsVariable, dir, err, strings.Join(executables, " and "))
	}
	return abs, nil
}

// complete reports the first executable that the folder lacks.
func complete(dir string) error {
	for _, name := range executables {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("looking for %s: %w", name, err)
		}
		if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
			return fmt.Errorf("%s is not an executable file", name)
		}
	}
	return nil
}

// works reports the first executable that the folder lacks, or that does not start: a build or a copy that was cut off
// is an executable file too.
func works(ctx context.Context, dir string) error {
	if err := complete(dir); err != nil {
		return err
	}
	for _, name := range executables {
		if out, err := exec.CommandContext(ctx, filepath.Join(dir, name), "--version").CombinedOutput(); err != nil {
			return fmt.Errorf("%s does not start: %w %s", filepath.Join(dir, name), err, bytes.TrimSpace(out))
		}
	}
	return nil
}

// repository walks up from the working directory to the root of the module:
// tests run in the folder of their package.
func repository() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("getting the working directory: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		switch {
		case err == nil && declares(string(text), modulePath):
			return dir, nil
		case err != nil && !errors.Is(err, os.ErrNotExist):
			return "", fmt.Errorf("reading go.mod: %w", err)
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s is not inside the repository of %s: run from there, or set %s",
				start, modulePath, assetsVariable)
		}
	}
}

// declares reports whether the text of a go.mod declares the module.
func declares(gomod, path string) bool {
	for line := range strings.Lines(gomod) {
		if strings.TrimSpace(line) == "module "+path {
			return true
		}
	}
	return false
}

// narrator returns a function that writes one line about the control plane.
func narrator(w io.Writer) func(format string, args ...any) {
	return func(format string, args ...any) {
		// A progress line that cannot be written is no reason to stop.
		_, _ = fmt.Fprintf(w, "controlplane: "+format+"\n", args...)
	}
}
