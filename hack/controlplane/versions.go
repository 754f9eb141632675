package controlplane

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// versions are those of the control plane; the go.mod of the build module is
// the one place where they are written down.
type versions struct {
	kubernetes, etcd string // with the leading v
}

// readVersions reads the versions from the build module's go.mod.
func readVersions(gomod string) (versions, error) {
	text, err := os.ReadFile(gomod)
	if err != nil {
		return versions{}, fmt.Errorf("reading the versions of the control plane: %w", err)
	}
	var v versions
	for line := range strings.Lines(string(text)) {
		// A requirement is "path version" with an optional comment, or begins
		// with "require"; a replacement has its arrow in second place.
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) < 2 || !strings.HasPrefix(fields[1], "v") {
			continue
		}
		switch fields[0] {
		case "k8s.io/kubernetes":
			v.kubernetes = fields[1]
		case "go.etcd.io/etcd/server/v3":
			v.etcd = fields[1]
		}
	}
	if v.kubernetes == "" || v.etcd == "" {
		return versions{}, fmt.Errorf("%s requires no version of k8s.io/kubernetes and go.etcd.io/etcd/server/v3", gomod)
	}
	return v, nil
}

// key names the folder of a built control plane. Another version or platform
// is another folder, so that a folder that exists is never stale.
func (v versions) key() string {
	return fmt.Sprintf("kubernetes-%s_etcd-%s_%s-%s", v.kubernetes, v.etcd, runtime.GOOS, runtime.GOARCH)
}

// minor is the release line as setup-envtest selects it, as in "1.37.x".
func (v versions) minor() string {
	parts := strings.SplitN(strings.TrimPrefix(v.kubernetes, "v"), ".", 3)
	if len(parts) < 3 {
		return strings.TrimPrefix(v.kubernetes, "v")
	}
	return parts[0] + "." + parts[1] + ".x"
}
