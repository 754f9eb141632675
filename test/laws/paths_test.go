package laws

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// named is a path of this repository in a document: in backquotes, below a folder of the first level or with an ending.
var named = regexp.MustCompile("`((?:api|config|controllers|docs|hack|internal|test)(?:/[A-Za-z0-9_./-]+)?|[A-Za-z0-9._-]+\\.(?:go|yml|md|mod))`")

// identifier is an exported name behind the path of its package.
var identifier = regexp.MustCompile(`\.[A-Z][A-Za-z]*$`)

func TestEveryPathThatADocumentNamesExists(t *testing.T) {
	g := NewWithT(t)
	root := filepath.Join("..", "..")
	documents, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	g.Expect(err).NotTo(HaveOccurred())
	documents = append(documents, filepath.Join(root, "README.md"), filepath.Join(root, "AGENTS.md"))
	seen := 0
	for _, document := range documents {
		text, err := os.ReadFile(document)
		g.Expect(err).NotTo(HaveOccurred())
		for _, match := range named.FindAllStringSubmatch(string(text), -1) {
			path := identifier.ReplaceAllString(strings.TrimSuffix(match[1], "/"), "")
			if !strings.Contains(path, "/") && filepath.Ext(path) == ".go" && path != "main.go" {
				continue // a file of the package that the paragraph is about
			}
			seen++
			g.Expect(filepath.Join(root, path)).To(BeAnExistingFile(), "%s names %s", filepath.Base(document), path)
		}
	}
	g.Expect(seen).To(BeNumerically(">", 40), "the pattern finds paths")
}
