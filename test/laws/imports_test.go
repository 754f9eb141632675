package laws

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
)

// graph maps the import path of every package that the module reaches to what
// it imports, tests left out.
type graph map[string][]string

// load asks the go command for the module's import graph.
func load(t *testing.T) graph {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(run(t, "../..", "go", "list", "-e", "-deps", "-json=ImportPath,Imports", "./...")))
	imports := graph{}
	for {
		var pkg struct {
			ImportPath string
			Imports    []string
		}
		switch err := decoder.Decode(&pkg); {
		case errors.Is(err, io.EOF):
			return imports
		case err != nil:
			t.Fatal(err)
		}
		imports[pkg.ImportPath] = pkg.Imports
	}
}

// path returns a shortest chain of imports from a package to one that is
// forbidden, nil if there is none.
func (g graph) path(from string, forbidden func(string) bool) []string {
	cameFrom := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at != from && forbidden(at) {
			var chain []string
			for ; at != ""; at = cameFrom[at] {
				chain = append(chain, at)
			}
			slices.Reverse(chain)
			return chain
		}
		for _, next := range g[at] {
			if _, seen := cameFrom[next]; !seen {
				cameFrom[next] = at
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// under reports whether a package is one of the roots or inside one; a root
// that begins with a slash is relative to the module.
func under(roots ...string) func(string) bool {
	return func(pkg string) bool {
		return slices.ContainsFunc(roots, func(root string) bool {
			if strings.HasPrefix(root, "/") {
				root = module + root
			}
			return pkg == root || strings.HasPrefix(pkg, root+"/")
		})
	}
}

// except is the first set without the second.
func except(in, out func(string) bool) func(string) bool {
	return func(pkg string) bool { return in(pkg) && !out(pkg) }
}

// These are the laws that depguard cannot check, because it sees one import
// and not the chain behind it.
var laws = []struct {
	sentence        string
	from, forbidden func(pkg string) bool
}{
	{
		"the shipped programs never reach the simulator, the tests or the build's own programs",
		except(under(module), under("/internal/sim", "/hack", "/test")),
		under("/internal/sim", "/hack", "/test"),
	},
	{
		"the shipped programs never reach a test framework",
		except(under(module), under("/internal/sim", "/hack", "/test")),
		under("github.com/onsi/ginkgo", "github.com/onsi/gomega", "sigs.k8s.io/controller-runtime/pkg/envtest", "testing"),
	},
	{
		"pure packages never reach a client, the AWS SDK or the operator's own clients",
		under("/internal/diagnosis", "/internal/escalation", "/internal/postmortem"),
		under("k8s.io/client-go", "sigs.k8s.io/controller-runtime", "github.com/aws", "/internal/aws", "/controllers"),
	},
	{
		"the API reaches no client, no AWS SDK and nothing else of the module",
		under("/api"),
		func(pkg string) bool {
			return under("k8s.io/client-go", "sigs.k8s.io/controller-runtime", "github.com/aws")(pkg) ||
				except(under(module), under("/api"))(pkg)
		},
	},
	{
		"the simulator never reaches the operator",
		under("/internal/sim"),
		except(under(module), under("/internal/sim", "/internal/clock")),
	},
	{
		"only the programs reach the clocks that they choose from",
		except(under(module), func(pkg string) bool { return pkg == module || programs(pkg) }),
		under("/internal/clock"),
	},
}

// programs says whether a package may know the wall clock, beside main.go, which is the root of the module.
var programs = under("/internal/clock", "/internal/sim", "/hack", "/test")

func TestNoPackageReachesWhatALawForbids(t *testing.T) {
	imports := load(t)
	for _, law := range laws {
		t.Run(law.sentence, func(t *testing.T) {
			checked := 0
			for pkg := range imports {
				if !law.from(pkg) {
					continue
				}
				checked++
				if chain := imports.path(pkg, law.forbidden); chain != nil {
					t.Errorf("%s is reached by this chain of imports:\n  %s", chain[len(chain)-1], strings.Join(chain, "\n  → "))
				}
			}
			if checked == 0 {
				t.Error("the law applies to no package: a folder was renamed, or the law is of no use")
			}
		})
	}
}

// apart returns, of the packages that extend the operator and of the controllers, each with those that it must not reach,
// also not over a third: one more is one more, and can be taken away.
func apart(imports graph) map[string]func(string) bool {
	controllers := map[string]bool{}
	for pkg := range imports {
		if rest, ok := strings.CutPrefix(pkg, module+"/controllers/"); ok {
			controllers["/controllers/"+strings.Split(rest, "/")[0]] = true
		}
	}
	delete(controllers, "/controllers/controller") // what they share
	forbidden := map[string]func(string) bool{}
	for _, group := range [][]string{{"/internal/evidence", "/internal/action", "/internal/keys", "/internal/notify"}, slices.Sorted(maps.Keys(controllers))} {
		for _, one := range group {
			others := slices.DeleteFunc(slices.Clone(group), func(other string) bool { return other == one })
			for pkg := range imports {
				if under(one)(pkg) {
					forbidden[pkg] = under(others...)
				}
			}
		}
	}
	return forbidden
}

func TestNoExtensionAndNoControllerReachesAnother(t *testing.T) {
	imports := load(t)
	list := apart(imports)
	for _, pkg := range []string{"/internal/evidence", "/internal/action", "/controllers/incident", "/controllers/remediation"} {
		if list[module+pkg] == nil {
			t.Errorf("the law does not apply to %s: a folder was renamed", pkg)
		}
	}
	for pkg, forbidden := range list {
		if chain := imports.path(pkg, forbidden); chain != nil {
			t.Errorf("%s is reached by this chain of imports:\n  %s", chain[len(chain)-1], strings.Join(chain, "\n  → "))
		}
	}
}

func TestAnExtensionIsFoundBehindAThird(t *testing.T) {
	imports := graph{
		module + "/internal/action":      {module + "/internal/third"},
		module + "/internal/third":       {module + "/internal/evidence"},
		module + "/internal/evidence":    {"fmt"},
		module + "/controllers/incident": {module + "/controllers/controller"},
		module + "/controllers/account":  {module + "/controllers/incident"},
	}
	for pkg, found := range map[string]bool{"/internal/action": true, "/internal/evidence": false, "/controllers/incident": false, "/controllers/account": true} {
		if got := imports.path(module+pkg, apart(imports)[module+pkg]); (got != nil) != found {
			t.Errorf("got the chain %q from %s", got, pkg)
		}
	}
}

func TestAChainOfImportsIsFound(t *testing.T) {
	imports := graph{
		module:                       {"fmt", module + "/internal/a"},
		module + "/internal/a":       {module + "/internal/b"},
		module + "/internal/b":       {module + "/internal/sim/wire", "fmt"},
		module + "/internal/simple":  {"fmt"},
		module + "/internal/looping": {module + "/internal/looping/too"},
		module + "/internal/looping/too": {
			module + "/internal/looping"},
	}
	want := []string{module, module + "/internal/a", module + "/internal/b", module + "/internal/sim/wire"}
	if got := imports.path(module, under("/internal/sim")); !slices.Equal(got, want) {
		t.Errorf("got the chain %q, want %q", got, want)
	}
	for _, pkg := range []string{module + "/internal/simple", module + "/internal/looping"} {
		if got := imports.path(pkg, under("/internal/sim")); got != nil {
			t.Errorf("got the chain %q from %s, want none", got, pkg)
		}
	}
}
