package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// store is the folder in which built control planes are kept, one folder per
// version. A folder appears by one rename when it is whole: whoever sees it
// may use it, without a lock.
type store struct {
	dir, key string
	say      func(format string, args ...any)
	// download returns a folder kept elsewhere, and false if there is none.
	download func(ctx context.Context) (string, bool)
	// build fills the empty folder target.
	build func(ctx context.Context, target string) error
}

// prepare returns the folder of the wanted version and fills it if need be.
func (s *store) prepare(ctx context.Context) (string, error) {
	want := filepath.Join(s.dir, s.key)
	err := works(ctx, want)
	if err == nil {
		return want, nil
	}
	if complete(want) == nil && ctx.Err() == nil {
		s.say("the control plane that an earlier run left is damaged and is made anew: %v", err)
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	if works(ctx, want) == nil { // the run that we waited for has built it
		return want, nil
	}
	if ctx.Err() != nil { // the look was cut off: what is there may be whole
		return "", fmt.Errorf("looking for the control plane: %w", ctx.Err())
	}
	if dir, ok := s.download(ctx); ok {
		return dir, nil
	}
	if err := s.fill(ctx, want); err != nil {
		if ctx.Err() != nil {
			return "", errors.New("interrupted while the control plane was built: what is compiled stays in Go's build cache, and the next run goes on from there")
		}
		return "", fmt.Errorf("building the control plane: %w; set %s to a folder with %s to do without this build",
			err, assetsVariable, strings.Join(executables, " and "))
	}
	return want, nil
}

// fill builds beside the wanted folder and renames. The lock is held.
func (s *store) fill(ctx context.Context, want string) error {
	// Whatever an interrupted run left is of no use to anybody: we hold the lock.
	leftovers, err := filepath.Glob(filepath.Join(s.dir, ".building-*"))
	if err != nil {
		return fmt.Errorf("listing leftovers: %w", err)
	}
	for _, dir := range append(leftovers, want) {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("removing an incomplete control plane: %w", err)
		}
	}
	target, err := os.MkdirTemp(s.dir, ".building-")
	if err != nil {
		return fmt.Errorf("making the build folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(target) }() // gone already if renamed
	if err := s.build(ctx, target); err != nil {
		return err
	}
	if err := works(ctx, target); err != nil {
		return err
	}
	if err := os.Chmod(target, 0o755); err != nil {
		return fmt.Errorf("opening the built folder to read: %w", err)
	}
	if err := os.Rename(target, want); err != nil {
		return fmt.Errorf("putting the built control plane in place: %w", err)
	}
	return nil
}

// lock keeps other runs out until unlock is called, waiting for one that is at
// work. The kernel releases the lock of a process that died.
func (s *store) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the folder of the control plane: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(s.dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the lock of the control plane: %w", err)
	}
	retry := time.NewTicker(200 * time.Millisecond)
	defer retry.Stop()
	said := false
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return func() { _ = file.Close() }, nil // closing releases the lock
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			return nil, errors.Join(fmt.Errorf("locking %s: %w", file.Name(), err), file.Close())
		case !said:
			said = true
			s.say("another run is preparing the control plane in %s; waiting for it", s.dir)
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("waiting for another run to prepare the control plane: %w", ctx.Err()), file.Close())
		case <-retry.C:
		}
	}
}
