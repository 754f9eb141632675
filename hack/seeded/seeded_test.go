package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

const root = "../.."

// A patch that does not apply any more would be found by make test-seeded alone, which takes long.
func TestEveryBugAppliesToTheTreeAndNamesASuiteThatIsThere(t *testing.T) {
	t.Chdir(root)
	g := NewWithT(t)
	bugs, err := readBugs(folder, nil)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(bugs)).To(BeNumerically(">=", 12))
	for _, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(b.about).To(ContainSubstring("Breaks: "), "it says which promise it breaks")
			out, err := exec.CommandContext(t.Context(), "git", "apply", "--check", b.path).CombinedOutput()
			g.Expect(err).NotTo(HaveOccurred(), string(out))
			for _, file := range b.files {
				g.Expect(file).NotTo(HaveSuffix("_test.go"), "a bug is of production code")
				g.Expect(filepath.Dir(file)).NotTo(HavePrefix("internal/sim"), "a bug is of production code")
			}
		})
	}
}

func TestABugHasToSayWhatItIsAndWhoCatchesIt(t *testing.T) {
	const diff = "\n--- a/x/y.go\n+++ b/x/y.go\n@@ -1 +1 @@\n-a\n+b\n"
	for name, c := range map[string]struct{ text, wrong string }{
		"no diff":  {"It is wrong.\nSuite: ./x\n", "it has no diff"},
		"no about": {"Suite: ./x" + diff, "it has to say what is wrong"},
		"no suite": {"It is wrong." + diff, "to name a Suite"},
		"no name":  {"It is wrong.\nSuite:" + diff, "names none"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(name, c.text)
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring(c.wrong)))
		})
	}
	g := NewWithT(t)
	b, err := parse("all", "It is wrong.\nBreaks: a promise.\nSuite: ./x\nSuite: ./test/fault/y -run 'A b'"+diff)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(b.about).To(Equal("It is wrong. Breaks: a promise."))
	g.Expect(b.files).To(Equal([]string{"x/y.go"}))
	g.Expect(b.suites).To(Equal([]suite{{folder: "x", args: []string{}}, {folder: "test/fault/y", args: []string{"-run", "A b"}}}))
	g.Expect(b.suites[0].tags()).To(BeEmpty())
	g.Expect(b.suites[1].tags()).To(Equal("fault"))
	g.Expect(binaryFlags(b.suites[1].args)).To(Equal([]string{"-test.run", "A b"}))
}

func TestTheFirstTestThatFailedIsNamed(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"all passed":  {"PASS\n", ""},
		"a test":      {"--- FAIL: TestA (1.00s)\n    --- FAIL: TestA/b (0.10s)\n        x_test.go:1: no\n    --- FAIL: TestA/c (0.10s)\nFAIL\n", "TestA/b"},
		"a spec":      {"--- FAIL: TestA (1.00s)\nSummarizing 1 Failure:\n  [FAIL] An Incident [It] opens once\nFAIL\n", "An Incident [It] opens once"},
		"a panic":     {"  [PANICKED!] An Incident [It] opens once\n", "An Incident [It] opens once"},
		"a hang":      {"panic: test timed out after 15m0s\n", "still waiting after 15m0s"},
		"no start":    {"  [FAIL] [BeforeSuite] \n--- FAIL: TestA (1.00s)\n", ""},
		"no test ran": {strings.Repeat("kube-apiserver: no\n", 3), ""},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(firstFailed(c.text)).To(Equal(c.want))
		})
	}
}
