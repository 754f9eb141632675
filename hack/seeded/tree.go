package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// tree is a copy of the repository as it stands, with what is not committed. It is always at the same place, so that the
// build cache knows its packages from the last time.
type tree struct {
	root string // of the copy
	logs string
	lock *os.File
}

// copyTree copies the tree of a root, without what git ignores.
func copyTree(ctx context.Context, from string) (*tree, error) {
	from, err := filepath.Abs(from)
	if err != nil {
		return nil, fmt.Errorf("finding the tree: %w", err)
	}
	base := filepath.Join(os.TempDir(), fmt.Sprintf("runbook-operator-seeded-%x", sha256.Sum256([]byte(from)))[:len("runbook-operator-seeded-")+40])
	t := &tree{root: filepath.Join(base, "tree"), logs: filepath.Join(base, "logs")}
	if err := os.MkdirAll(t.logs, 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of the copy: %w", err)
	}
	if t.lock, err = os.OpenFile(filepath.Join(base, "lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("opening the lock of the copy: %w", err)
	}
	if err := syscall.Flock(int(t.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("%s is in use by another run: %w", base, err)
	}
	if err := os.RemoveAll(t.root); err != nil {
		return nil, fmt.Errorf("removing the last copy: %w", err)
	}
	list := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = from
	files, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the files of the tree: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(files), "\x00"), "\x00") {
		if err := copyFile(filepath.Join(from, name), filepath.Join(t.root, name)); err != nil {
			return nil, err
		}
	}
	fmt.Fprintf(os.Stderr, "the bugs are planted in %s, what the suites say is in %s\n", t.root, t.logs)
	return t, nil
}

// copyFile copies one file; one that was deleted and is still in git's index is none.
func copyFile(from, to string) error {
	info, err := os.Lstat(from)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("copying %s: %w", from, err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("copying %s: %w", from, err)
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		if err != nil {
			return fmt.Errorf("copying %s: %w", from, err)
		}
		return os.Symlink(target, to)
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("copying %s: %w", from, err)
	}
	if err := os.WriteFile(to, text, info.Mode().Perm()); err != nil {
		return fmt.Errorf("copying %s: %w", from, err)
	}
	return nil
}

func (t *tree) unlock() { _ = t.lock.Close() }

// apply plants a bug, or takes it away again.
func (t *tree) apply(ctx context.Context, b bug, away bool) error {
	args := []string{"apply"}
	if away {
		args = append(args, "--reverse")
	}
	if out, err := t.run(ctx, "git", append(args, b.path)...); err != nil {
		return fmt.Errorf("the patch does not apply: %w\n%s", err, out)
	}
	return nil
}

// build compiles what a bug changed and everything of the operator, and links nothing: a program that does not compile was
// not caught by any suite.
func (t *tree) build(ctx context.Context, b bug) error {
	packages := []string{"./internal/operator"}
	for _, file := range b.files {
		if p := "./" + filepath.ToSlash(filepath.Dir(file)); !slices.Contains(packages, p) {
			packages = append(packages, p)
		}
	}
	if out, err := t.run(ctx, "go", append([]string{"build", "-o", os.DevNull}, packages...)...); err != nil {
		return fmt.Errorf("it does not compile: %w\n%s", err, out)
	}
	return nil
}

// run runs a program in the copy, and returns what it said.
func (t *tree) run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = t.root
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(t.root)) // the copy is in no repository
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}
