package world

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Lock takes a folder for this process, until unlock is called or the process ends: the kernel releases the lock of one
// that died. The error of a folder that is taken names the process that has it.
func Lock(folder string) (unlock func(), err error) {
	file, err := take(filepath.Join(folder, "lock"))
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder := "another process"
		if pid, err := os.ReadFile(filepath.Join(folder, "lock")); err == nil && len(pid) > 0 {
			holder = "process " + strings.TrimSpace(string(pid))
		}
		return nil, fmt.Errorf("the world of %s runs already, in %s: use that one, or end it with Ctrl-C in its terminal", holder, folder)
	}
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintln(file, os.Getpid()); err != nil {
		return nil, errors.Join(fmt.Errorf("writing who has the folder: %w", err), file.Close())
	}
	return func() { _ = file.Close() }, nil // which releases the lock
}

// take opens a file that no other process has taken, and empties it.
func take(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening what one process may write: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), file.Close())
	}
	if err := file.Truncate(0); err != nil {
		return nil, errors.Join(fmt.Errorf("emptying %s: %w", path, err), file.Close())
	}
	return file, nil
}
