package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// bug is one patch. Before its diff it says in plain lines what is wrong and which promise that breaks, and then, in lines
// that begin with "Suite:", which suites must fail on it, the cheapest first: a package and the flags of its test binary.
type bug struct {
	name   string
	path   string // absolute
	about  string
	suites []suite
	files  []string // that the diff changes, from the root
}

// suite is the tests of one package, or some of them.
type suite struct {
	folder string // from the root
	args   []string
}

func (s suite) String() string {
	return strings.Join(append([]string{s.folder}, s.args...), " ")
}

// tags are the build tags of the suite.
func (s suite) tags() string {
	if strings.HasPrefix(s.folder, "test/fault/") {
		return "fault"
	}
	return ""
}

// readBugs reads the bugs of a folder, those of the names or all. Suites that are not there are left out.
func readBugs(folder string, names []string) ([]bug, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.patch"))
	if err != nil {
		return nil, fmt.Errorf("looking for bugs: %w", err)
	}
	var bugs []bug
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".patch")
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading a bug: %w", err)
		}
		b, err := parse(name, string(text))
		if err != nil {
			return nil, err
		}
		if b.path, err = filepath.Abs(path); err != nil {
			return nil, fmt.Errorf("finding %s: %w", path, err)
		}
		b.suites = slices.DeleteFunc(b.suites, func(s suite) bool {
			_, err := os.Stat(s.folder)
			return err != nil
		})
		if len(b.suites) == 0 {
			return nil, fmt.Errorf("%s: none of the suites that it names is there", name)
		}
		bugs = append(bugs, b)
	}
	if len(bugs) == 0 || len(names) > len(bugs) {
		return nil, fmt.Errorf("not all of these bugs are in %s: %v", folder, names)
	}
	return bugs, nil
}

// word of a line that names a suite; quotes hold a word with spaces together.
var word = regexp.MustCompile(`'[^']*'|[^\s']+`)

// parse reads the text of a patch.
func parse(name, text string) (bug, error) {
	b := bug{name: name}
	header, diff, found := strings.Cut(text, "\n--- ")
	if !found {
		return b, fmt.Errorf("%s: it has no diff", name)
	}
	var about []string
	for line := range strings.Lines(header) {
		line = strings.TrimSpace(line)
		rest, isSuite := strings.CutPrefix(line, "Suite:")
		if !isSuite {
			if line != "" && !strings.HasPrefix(line, "diff ") {
				about = append(about, line)
			}
			continue
		}
		words := word.FindAllString(rest, -1)
		for i := range words {
			words[i] = strings.Trim(words[i], "'")
		}
		if len(words) == 0 {
			return b, fmt.Errorf("%s: a line that begins with Suite: names none", name)
		}
		b.suites = append(b.suites, suite{folder: strings.TrimPrefix(filepath.ToSlash(words[0]), "./"), args: words[1:]})
	}
	for line := range strings.Lines("--- " + diff) {
		if file, ok := strings.CutPrefix(line, "+++ b/"); ok {
			b.files = append(b.files, strings.TrimSpace(file))
		}
	}
	b.about = strings.Join(about, " ")
	if b.about == "" || len(b.suites) == 0 || len(b.files) == 0 {
		return b, fmt.Errorf("%s: before the diff it has to say what is wrong, and to name a Suite", name)
	}
	return b, nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
