package controlplane

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// heartbeat is how often a running build says that it is alive.
	heartbeat = 20 * time.Second
	// tailLines is how much of the compiler's output an error repeats.
	tailLines = 15
)

// binary is one executable of the control plane and how long it takes to build.
type binary struct {
	name, pkg, version, ldflags, duration string
}

// build compiles the control plane into target, in the build module: only the
// Go toolchain and a Go module proxy are needed.
func build(ctx context.Context, module, target string, want versions, say func(format string, args ...any)) error {
	// -s -w leaves the symbol tables out: a third less to link and to store.
	// Without gitVersion the server reports a version that clients cannot parse.
	binaries := []binary{
		{"etcd", "go.etcd.io/etcd/server/v3", want.etcd, "-s -w", "about a minute"},
		{"kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver", want.kubernetes,
			"-s -w -X k8s.io/component-base/version.gitVersion=" + want.kubernetes, "five to eight minutes"},
	}
	say("no control plane found: building etcd %s and kube-apiserver %s from Go modules, once; on two cores this takes six to nine minutes and 4 GB of build cache",
		want.etcd, want.kubernetes)
	start := time.Now()
	for i, b := range binaries {
		say("[%d/%d] building %s %s (%s without a build cache)", i+1, len(binaries), b.name, b.version, b.duration)
		if err := compile(ctx, module, target, b, say); err != nil {
			return fmt.Errorf("building %s: %w", b.name, err)
		}
	}
	say("built the control plane in %s", time.Since(start).Round(time.Second))
	return nil
}

// compile runs one go build and reports how far it is.
func compile(ctx context.Context, module, target string, b binary, say func(format string, args ...any)) error {
	// -v names every package as it is compiled, which is counted as progress.
	cmd := exec.CommandContext(ctx, "go", "build", "-v", "-buildvcs=false",
		"-ldflags", b.ldflags, "-o", filepath.Join(target, b.name), b.pkg)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "GOWORK=off")
	// The go command removes its own temporary files when interrupted.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("opening the compiler's output: %w", err)
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the go command: %w", err)
	}
	var done counts
	tail := make(chan []string, 1)
	go func() { tail <- follow(stderr, &done) }()

	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			say("  %s: %s elapsed, %d modules downloaded, %d packages compiled", b.name, time.Since(start).Round(time.Second), done.downloaded.Load(), done.compiled.Load())
		case last := <-tail:
			if err := cmd.Wait(); err != nil {
				return errors.Join(err, ctx.Err(), errors.New(strings.Join(last, "\n")))
			}
			say("  %s: done in %s", b.name, time.Since(start).Round(time.Second))
			return nil
		}
	}
}

// counts is how far a build is.
type counts struct{ downloaded, compiled atomic.Int64 }

// follow counts the modules and packages that the go command names until it closes its
// output, and returns the last of what it said besides.
func follow(r io.Reader, done *counts) []string {
	var last []string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		if line != "" && !strings.ContainsAny(line, " \t#") {
			done.compiled.Add(1)
			continue
		}
		if strings.HasPrefix(line, "go: downloading ") {
			done.downloaded.Add(1)
			continue
		}
		last = append(last, line)
		if len(last) > tailLines {
			last = last[1:]
		}
	}
	// After a line beyond the scanner's limit the compiler must not block.
	_, _ = io.Copy(io.Discard, r)
	return last
}
