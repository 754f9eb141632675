package controlplane

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"time"
)

// downloadLimit bounds the attempt to get prebuilt binaries: where downloads
// are blocked they hang rather than fail.
const downloadLimit = 20 * time.Second

// download asks a setup-envtest on the PATH for prebuilt binaries of the same
// release line. Its failure is said and is no error: the build comes next.
func download(ctx context.Context, want versions, say func(format string, args ...any)) (string, bool) {
	tool, err := exec.LookPath("setup-envtest")
	if err != nil {
		return "", false
	}
	say("asking setup-envtest for Kubernetes %s (at most %s)", want.minor(), downloadLimit)
	limited, cancel := context.WithTimeout(ctx, downloadLimit)
	defer cancel()
	cmd := exec.CommandContext(limited, tool, "use", want.minor(), "-p", "path")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		say("setup-envtest brought nothing (%s); building instead", reason(limited, err))
		return "", false
	}
	dir := strings.TrimSpace(string(out))
	if err := complete(dir); err != nil {
		say("setup-envtest named %q, which is not whole (%s); building instead", dir, err)
		return "", false
	}
	say("using the binaries of setup-envtest in %s", dir)
	return dir, true
}

// reason is the last thing that the tool said, or why it was stopped.
func reason(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return ctx.Err().Error()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		lines := strings.Split(strings.TrimSpace(string(exit.Stderr)), "\n")
		if last := lines[len(lines)-1]; last != "" {
			return last
		}
	}
	return err.Error()
}
