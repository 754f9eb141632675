package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	. "github.com/onsi/gomega"
)

// lines records what was said.
type lines struct {
	mu     sync.Mutex
	said   []string
	onLine func(string)
}

func (l *lines) say(format string, args ...any) {
	l.mu.Lock()
	line := fmt.Sprintf(format, args...)
	l.said = append(l.said, line)
	l.mu.Unlock()
	if l.onLine != nil {
		l.onLine(line)
	}
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.said...)
}

// newStore returns a store in dir that can only build.
func newStore(dir, key string, said *lines, build func(context.Context, string) error) *store {
	return &store{
		dir: dir, key: key, say: said.say, build: build,
		download: func(context.Context) (string, bool) { return "", false },
	}
}

func TestTwoRunsAtOnceBuildOnceAndTheSecondSaysThatItWaits(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	waiting := make(chan struct{})
	var builds atomic.Int32
	var first, second lines
	building := make(chan struct{})
	second.onLine = func(line string) {
		if strings.Contains(line, "another run is preparing") {
			close(waiting)
		}
	}
	slow := newStore(dir, "v1", &first, func(_ context.Context, target string) error {
		builds.Add(1)
		close(building)
		<-waiting // the build lasts until the second run has met the lock
		install(t, target, executables...)
		return nil
	})
	late := newStore(dir, "v1", &second, func(context.Context, string) error {
		builds.Add(1)
		return errors.New("the second run must not build")
	})

	var group sync.WaitGroup
	var paths [2]string
	var errs [2]error
	group.Go(func() { paths[0], errs[0] = slow.prepare(t.Context()) })
	<-building
	group.Go(func() { paths[1], errs[1] = late.prepare(t.Context()) })
	group.Wait()

	g.Expect(errs[0]).NotTo(HaveOccurred())
	g.Expect(errs[1]).NotTo(HaveOccurred())
	g.Expect(paths).To(HaveEach(filepath.Join(dir, "v1")))
	g.Expect(builds.Load()).To(BeEquivalentTo(1))
	g.Expect(second.all()).To(HaveLen(1))
}

func TestARunThatWaitsCanBeInterrupted(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	var said lines
	holder := newStore(dir, "v1", &said, nil)
	unlock, err := holder.lock(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	defer unlock()

	ctx, cancel := context.WithCancel(t.Context())
	said.onLine = func(string) { cancel() }
	_, err = newStore(dir, "v1", &said, nil).prepare(ctx)
	g.Expect(err).To(MatchError(context.Canceled))
}

func TestAFailedBuildLeavesNothingThatLooksWhole(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	var said lines
	for name, build := range map[string]func(context.Context, string) error{
		"the compiler failed": func(_ context.Context, target string) error {
			install(t, target, executables...)
			return errors.New("out of disk")
		},
		"a binary is missing": func(_ context.Context, target string) error {
			install(t, target, "etcd")
			return nil
		},
	} {
		_, err := newStore(dir, "v1", &said, build).prepare(t.Context())
		g.Expect(err).To(MatchError(ContainSubstring("set KUBEBUILDER_ASSETS")), name)
		g.Expect(os.ReadDir(dir)).To(HaveExactElements(HaveField("Name()", ".lock")), name)
	}
}

func TestWhatAnInterruptedRunLeftIsReplaced(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	for _, leftover := range []string{"v1", ".building-123"} {
		g.Expect(os.Mkdir(filepath.Join(dir, leftover), 0o700)).To(Succeed())
		install(t, filepath.Join(dir, leftover), "etcd")
	}
	var said lines
	path, err := newStore(dir, "v1", &said, func(_ context.Context, target string) error {
		install(t, target, executables...)
		return nil
	}).prepare(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(complete(path)).To(Succeed())
	g.Expect(filepath.Join(dir, ".building-123")).NotTo(BeADirectory())
}

// kept makes a store's folder in which an earlier run left a whole control plane.
func kept(t *testing.T, key string) (dir, whole string) {
	t.Helper()
	dir = t.TempDir()
	whole = filepath.Join(dir, key)
	if err := os.Mkdir(whole, 0o700); err != nil {
		t.Fatal(err)
	}
	install(t, whole, executables...)
	return dir, whole
}

func TestADamagedControlPlaneIsMadeAnewAndThatIsSaid(t *testing.T) {
	g := NewWithT(t)
	dir, whole := kept(t, "v1")
	g.Expect(os.WriteFile(filepath.Join(whole, "kube-apiserver"), []byte("\x7fELF cut off"), 0o755)).To(Succeed())
	var said lines
	path, err := newStore(dir, "v1", &said, func(_ context.Context, target string) error {
		install(t, target, executables...)
		return nil
	}).prepare(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(works(t.Context(), path)).To(Succeed())
	g.Expect(said.all()).To(ConsistOf(ContainSubstring("is damaged and is made anew: " + filepath.Join(whole, "kube-apiserver") + " does not start")))
}

func TestALookThatWasInterruptedLeavesWhatIsThere(t *testing.T) {
	g := NewWithT(t)
	dir, whole := kept(t, "v1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var said lines
	_, err := newStore(dir, "v1", &said, nil).prepare(ctx)
	g.Expect(err).To(MatchError(context.Canceled))
	g.Expect(works(t.Context(), whole)).To(Succeed())
}

func TestAnInterruptedBuildSaysThatTheNextRunGoesOn(t *testing.T) {
	g := NewWithT(t)
	ctx, cancel := context.WithCancel(t.Context())
	var said lines
	_, err := newStore(t.TempDir(), "v1", &said, func(ctx context.Context, _ string) error {
		cancel()
		return ctx.Err()
	}).prepare(ctx)
	g.Expect(err).To(MatchError(And(ContainSubstring("interrupted"), ContainSubstring("the next run goes on from there"))))
}

func TestABuiltControlPlaneIsKeptUntilTheVersionChanges(t *testing.T) {
	g := NewWithT(t)
	dir := t.TempDir()
	var said lines
	builds := 0
	build := func(_ context.Context, target string) error {
		builds++
		install(t, target, executables...)
		return nil
	}
	for _, key := range []string{"v1", "v1", "v2", "v2"} {
		path, err := newStore(dir, key, &said, build).prepare(t.Context())
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(path).To(Equal(filepath.Join(dir, key)))
	}
	g.Expect(builds).To(Equal(2))
}
