package diagnosis_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/runbook-operator/runbook-operator/api/v1alpha1"
	"github.com/runbook-operator/runbook-operator/internal/diagnosis"
)

const root = "../.."

var fence = regexp.MustCompile("(?ms)^[ \t]*```ya?ml\n(.*?)^[ \t]*```")

// runbooksIn returns every Runbook of a YAML or Markdown file, strictly decoded: an unknown field fails the test.
func runbooksIn(t *testing.T, path string) []v1alpha1.Runbook {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	blocks := []string{string(text)}
	if filepath.Ext(path) == ".md" {
		blocks = nil
		for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
			blocks = append(blocks, m[1])
		}
	}
	var books []v1alpha1.Runbook
	for _, block := range blocks {
		for document := range strings.SplitSeq(block, "\n---") {
			if !regexp.MustCompile(`(?m)^kind: *Runbook *$`).MatchString(document) {
				continue
			}
			var book v1alpha1.Runbook
			if err := yaml.UnmarshalStrict([]byte(document), &book); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			books = append(books, book)
		}
	}
	return books
}

// files of a folder with one of the extensions. A folder that does not exist has none.
func files(t *testing.T, folder string, extensions ...string) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			for _, e := range extensions {
				if filepath.Ext(path) == e {
					paths = append(paths, path)
				}
			}
		}
		if os.IsNotExist(err) {
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// library is the shipped Runbooks by name.
func library(t *testing.T) map[string]v1alpha1.Runbook {
	t.Helper()
	books := map[string]v1alpha1.Runbook{}
	for _, path := range files(t, "config/runbooks", ".yaml") {
		for _, book := range runbooksIn(t, path) {
			books[book.Name] = book
		}
	}
	if len(books) == 0 {
		t.Fatal("config/runbooks has no Runbook")
	}
	return books
}

func TestEveryRunbookInTheRepositoryCompiles(t *testing.T) {
	paths := files(t, "config/runbooks", ".yaml")
	paths = append(paths, files(t, "config/samples", ".yaml")...)
	paths = append(paths, files(t, "docs", ".md")...)
	paths = append(paths, filepath.Join(root, "docs", "runbooks.md"))
	compiled := map[string]int{}
	for _, path := range paths {
		for _, book := range runbooksIn(t, path) {
			t.Run(filepath.Base(path)+"/"+book.Name, func(t *testing.T) {
				_, problems := diagnosis.Compile(book.Spec)
				NewWithT(t).Expect(strs(problems)).To(BeEmpty())
			})
			compiled[filepath.Base(path)]++
		}
	}
	g := NewWithT(t)
	for _, name := range []string{"lambda-throttling.yaml", "lambda-timeouts.yaml", "runbooks.md"} {
		g.Expect(compiled[name]).To(BeNumerically(">", 0), name)
	}
}

func TestTheMistakeInTheDocumentationIsShownAsItSays(t *testing.T) {
	g := NewWithT(t)
	path := filepath.Join(root, "docs", "runbooks.md")
	book := runbooksIn(t, path)[0]
	book.Spec.Diagnose[1].When = strings.ReplaceAll(book.Spec.Diagnose[1].When, "concurrency.maximum", "concurrency.max")
	_, problems := diagnosis.Compile(book.Spec)
	g.Expect(problems).To(HaveLen(1))
	text, err := os.ReadFile(path)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(text)).To(ContainSubstring("\n" + problems[0].String() + "\n"))
}

func TestNoManifestOfTheLibraryHasAPlaceholderThatKustomizationsWouldSubstitute(t *testing.T) {
	for _, path := range files(t, "config/runbooks", ".yaml") {
		text, err := os.ReadFile(path)
		g := NewWithT(t)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(string(text)).NotTo(ContainSubstring("$"+"{"), path)
	}
}

func TestTheLibrarysKustomizationListsEveryRunbook(t *testing.T) {
	g := NewWithT(t)
	text, err := os.ReadFile(filepath.Join(root, "config/runbooks/kustomization.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	var k struct{ Resources []string }
	g.Expect(yaml.Unmarshal(text, &k)).To(Succeed())
	var want []string
	for _, path := range files(t, "config/runbooks", ".yaml") {
		if filepath.Base(path) != "kustomization.yaml" {
			want = append(want, filepath.Base(path))
		}
	}
	g.Expect(k.Resources).To(ConsistOf(want))
}
