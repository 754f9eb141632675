//go:build fault

package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The control plane is started by envtest, which does not start anything a second time. So what it starts is this test
// binary, under the name of the real one: it starts the real one, and starts it again when it was killed, as a kubelet
// does.

const (
	// realAssets names the folder of the real binaries.
	realAssets = "RUNBOOK_OPERATOR_ASSETS"
	// auditFolder names the folder of the audit log.
	auditFolder = "RUNBOOK_OPERATOR_AUDIT"
	// restartAfter is how long a process of the control plane is away after it was killed.
	restartAfter = time.Second
)

// Names of the processes of the control plane.
const (
	APIServer = "kube-apiserver"
	Etcd      = "etcd"
)

func isControlPlane(name string) bool { return name == APIServer || name == Etcd }

// supervise runs a process of the control plane until SIGTERM, and writes its process ID to a file.
func supervise(name string, args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	dir := os.Getenv(auditFolder)
	if name == APIServer && !slices.Contains(args, "--help") {
		args = append(args, "--audit-policy-file="+filepath.Join(dir, "policy.yaml"), "--audit-log-path="+filepath.Join(dir, "audit.log"), "--audit-log-maxsize=4096")
	}
	runtime.LockOSThread() // the death signal is of the thread that starts a process
	parent := os.Getppid()
	orphaned := time.NewTicker(time.Second)
	defer orphaned.Stop()
	for {
		// Not CommandContext: the process is asked to end, and not killed.
		cmd := exec.Command(filepath.Join(os.Getenv(realAssets), name), args...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("starting %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".pid"), []byte(strconv.Itoa(cmd.Process.Pid)), 0o600); err != nil {
			return fmt.Errorf("writing the process ID of %s: %w", name, err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		for running := true; running; {
			select {
			case <-orphaned.C:
				if os.Getppid() != parent {
					return fmt.Errorf("ending %s: the suite is gone", name)
				}
			case <-ctx.Done():
				return errors.Join(cmd.Process.Signal(syscall.SIGTERM), exited(<-ended))
			case err := <-ended:
				if !killed(err) {
					return err
				}
				running = false
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(restartAfter):
		}
	}
}

// exited drops the error of a process that ended as it was asked to.
func exited(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil
	}
	return err
}

// killed says whether a process ended by SIGKILL.
func killed(err error) bool {
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// kill kills a process of the control plane of a folder.
func kill(dir, name string) error {
	text, err := os.ReadFile(filepath.Join(dir, name+".pid"))
	if err != nil {
		return fmt.Errorf("finding %s: %w", name, err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("finding %s: %w", name, err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("killing %s: %w", name, err)
	}
	return nil
}
