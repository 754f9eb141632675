//go:build lint

package laws

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// apiLinter runs with a configuration of its own.
const apiLinter = "kubeapilinter"

// fileLimit is the longest file that revive lets pass, in lines.
const fileLimit = 350

// TestTheLinterReportsExactlyThePlantedViolations copies the planted tree, in
// which every violation is marked where it stands, beside a copy of the two
// configurations and the requirements of the module: the rules meet the paths
// and the real types that they are about.
func TestTheLinterReportsExactlyThePlantedViolations(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	run(t, root, "make", "bin/golangci-lint") // nothing to do, unless run by hand

	// The paths of the configuration are compared with resolved ones.
	tree, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(tree, os.DirFS("testdata/violations")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum", ".golangci.yml", ".golangci-kal.yml"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tree, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	plantLength(t, tree)

	wanted := planted(t, tree)
	linter := filepath.Join(root, "bin", "golangci-lint")
	for _, check := range []struct {
		config, packages string
		about            func(linter string) bool
	}{
		{".golangci.yml", "./...", func(linter string) bool { return linter != apiLinter }},
		{".golangci-kal.yml", "./api/...", func(linter string) bool { return linter == apiLinter }},
	} {
		t.Run(check.config, func(t *testing.T) {
			found := report(t, tree, linter, check.config, check.packages)
			want := map[violation]bool{}
			for v := range wanted {
				if check.about(v.linter) {
					want[v] = true
				}
			}
			for _, v := range sorted(want) {
				if _, ok := found[v]; !ok {
					t.Errorf("%s: %s does not report the violation that is planted there", v, v.linter)
				}
			}
			for _, v := range sorted(found) {
				if !want[v] {
					t.Errorf("%s: %s reports what is no violation: %s", v, v.linter, found[v])
				}
			}
			if len(want) == 0 {
				t.Error("no violation is planted")
			}
			for _, rule := range enabled(t, filepath.Join(tree, check.config)) {
				if !slices.ContainsFunc(sorted(found), func(v violation) bool { return v.linter == rule || strings.Contains("\n"+found[v], "\n"+rule+":") }) {
					t.Errorf("no violation of %s is planted: nobody knows whether it bites", rule)
				}
			}
		})
	}
}

// enabled returns the rules of a configuration: its linters, or the checks of the one linter that has checks of its own.
func enabled(t *testing.T, config string) []string {
	t.Helper()
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Linters struct {
			Enable   []string
			Settings struct {
				Custom map[string]struct {
					Settings struct {
						Linters struct{ Enable []string }
					}
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &parsed); err != nil {
		t.Fatal(err)
	}
	rules := parsed.Linters.Enable
	if own, ok := parsed.Linters.Settings.Custom[apiLinter]; ok {
		rules = own.Settings.Linters.Enable
	}
	if len(rules) == 0 {
		t.Fatalf("%s enables nothing", config)
	}
	return rules
}

// violation is where a linter has something to report.
type violation struct {
	file   string
	line   int
	linter string
}

// String is the place.
func (v violation) String() string { return fmt.Sprintf("%s:%d", v.file, v.line) }

// sorted returns the violations by place.
func sorted[V any](set map[violation]V) []violation {
	var list []violation
	for v := range set {
		list = append(list, v)
	}
	slices.SortFunc(list, func(a, b violation) int {
		return strings.Compare(fmt.Sprintf("%s %05d %s", a.file, a.line, a.linter), fmt.Sprintf("%s %05d %s", b.file, b.line, b.linter))
	})
	return list
}

// plantLength writes one file of the greatest length, and one that is longer.
func plantLength(t *testing.T, tree string) {
	t.Helper()
	for name, length := range map[string]int{"longest": fileLimit, "longer": fileLimit + 1} {
		text := "package remediation\n" + strings.Repeat("\n", length-2)
		if length > fileLimit {
			text += "// want: revive\n"
		} else {
			text += "// The last line.\n"
		}
		if err := os.WriteFile(filepath.Join(tree, "internal", "remediation", name+".go"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// planted reads the marks: "want: A, B" names the linters that report the line
// it stands on, "want above: A" the line before, where the mark itself would
// change what is linted.
func planted(t *testing.T, tree string) map[violation]bool {
	t.Helper()
	wanted := map[violation]bool{}
	err := filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := filepath.Rel(tree, path)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(text), "\n") {
			number := i + 1
			_, linters, ok := strings.Cut(line, "// want: ")
			if !ok {
				_, linters, ok = strings.Cut(line, "// want above: ")
				number--
			}
			if !ok {
				continue
			}
			for linter := range strings.SplitSeq(linters, ", ") {
				wanted[violation{filepath.ToSlash(file), number, linter}] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return wanted
}

// report runs the linter in the tree and returns what it says, a line each, by place.
func report(t *testing.T, tree, linter, config, packages string) map[violation]string {
	t.Helper()
	out := run(t, tree, linter, "run", "--config", config, "--issues-exit-code=0", "--show-stats=false",
		"--output.text.path=stderr", "--output.json.path=stdout", packages)
	var said struct {
		Issues []struct {
			FromLinter, Text string
			Pos              struct {
				Filename string
				Line     int
			}
		}
	}
	if err := json.NewDecoder(strings.NewReader(out)).Decode(&said); err != nil {
		t.Fatalf("reading the linter's report: %v\n%s", err, out)
	}
	found := map[violation]string{}
	for _, issue := range said.Issues {
		found[violation{filepath.ToSlash(issue.Pos.Filename), issue.Pos.Line, issue.FromLinter}] += issue.Text + "\n"
	}
	return found
}
