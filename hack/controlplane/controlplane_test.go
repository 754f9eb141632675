package controlplane

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
)

// install writes executables of the given names into dir.
func install(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAssetsTakesTheFolderThatTheEnvironmentNames(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	install(t, dir, executables...)
	t.Setenv(assetsVariable, dir)
	g.Expect(Assets(t.Context(), t.Output())).To(Equal(dir))
}

func TestAssetsRefusesAFolderWithoutAControlPlane(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	install(t, dir, "etcd")
	t.Setenv(assetsVariable, dir)
	_, err := Assets(t.Context(), t.Output())
	g.Expect(err).To(MatchError(And(
		ContainSubstring("looking for kube-apiserver"),
		ContainSubstring("unset it, or point it to a folder with etcd and kube-apiserver"))))
}

func TestAFileThatCannotBeExecutedIsNoControlPlane(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	install(t, dir, executables...)
	g.Expect(os.Chmod(filepath.Join(dir, "etcd"), 0o644)).To(Succeed())
	g.Expect(complete(dir)).To(MatchError("etcd is not an executable file"))
}

func TestTheRepositoryIsFoundFromAFolderInside(t *testing.T) {
	g := NewWithT(t)
	root, err := repository() // the working directory is this package
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(filepath.Join(root, "hack", "controlplane", "build", "go.mod")).To(BeARegularFile())

	t.Chdir(t.TempDir())
	_, err = repository()
	g.Expect(err).To(MatchError(ContainSubstring("is not inside the repository")))
}

func TestTheVersionsAreThoseOfTheBuildModule(t *testing.T) {
	g := NewWithT(t)
	v, err := readVersions(filepath.Join("build", "go.mod"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(v.kubernetes).To(MatchRegexp(`^v1\.\d+\.\d+$`))
	g.Expect(v.etcd).To(MatchRegexp(`^v3\.\d+\.\d+$`))

	file := filepath.Join(t.TempDir(), "go.mod")
	text := "module m\nrequire k8s.io/kubernetes v1.40.3\nrequire (\n\tgo.etcd.io/etcd/server/v3 v3.9.1 // indirect\n)\n" +
		"replace (\n\tk8s.io/kubernetes => k8s.io/kubernetes v1.0.0\n)\n"
	g.Expect(os.WriteFile(file, []byte(text), 0o600)).To(Succeed())
	v, err = readVersions(file)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(v).To(Equal(versions{kubernetes: "v1.40.3", etcd: "v3.9.1"}))
	g.Expect(v.minor()).To(Equal("1.40.x"))
	g.Expect(v.key()).To(HavePrefix("kubernetes-v1.40.3_etcd-v3.9.1_"))

	g.Expect(os.WriteFile(file, []byte("module m\n"), 0o600)).To(Succeed())
	_, err = readVersions(file)
	g.Expect(err).To(MatchError(ContainSubstring("requires no version")))
}

// fakeTool puts a setup-envtest of the given script first on the PATH.
func fakeTool(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "setup-envtest"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func TestSetupEnvtestIsAskedForTheSameReleaseLine(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	install(t, dir, executables...)
	fakeTool(t, `[ "$*" = "use 1.37.x -p path" ] && echo `+dir)
	got, ok := download(t.Context(), versions{"v1.37.2", "v3.7.0"}, narrator(t.Output()))
	g.Expect(ok).To(BeTrue())
	g.Expect(got).To(Equal(dir))
}

func TestASetupEnvtestThatFailsIsSaidAndPassedOver(t *testing.T) {
	for name, script := range map[string]struct{ script, said string }{
		"it reports an error":      {"echo 'no route to host' >&2; exit 1", "brought nothing (no route to host)"},
		"it names an empty folder": {"mktemp -d", "is not whole (looking for etcd"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			fakeTool(t, script.script)
			var said lines
			_, ok := download(t.Context(), versions{"v1.37.2", "v3.7.0"}, said.say)
			g.Expect(ok).To(BeFalse())
			g.Expect(said.all()).To(ContainElement(ContainSubstring(script.said)))
		})
	}
}

func TestAnUnwillingSetupEnvtestIsStopped(t *testing.T) {
	g := NewWithT(t)
	fakeTool(t, "exec tail -f /dev/null") // a download that hangs
	ctx, cancel := context.WithCancel(t.Context())
	var said lines
	said.onLine = func(string) { cancel() }
	_, ok := download(ctx, versions{"v1.37.2", "v3.7.0"}, said.say)
	g.Expect(ok).To(BeFalse())
	g.Expect(said.all()).To(ContainElement(ContainSubstring("context canceled")))
}
