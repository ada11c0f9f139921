// Package arch_test enforces the rules that keep the tree readable: who may
// import which, what the core does without, how long a file may be, what carries
// a comment. It reads sources only and knows nothing of what they do.
//
// A rule is a function from a tree to findings, so that each can be shown a
// tree that breaks it: a test that cannot fail is worse than none.
package arch_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "gatehouse/"

// A tree is the module's packages, by path inside the module.
type tree map[string]*pkg

// A pkg is a folder of sources.
type pkg struct {
	path  string // inside the module
	name  string // as the sources say, without _test
	files []*file
}

// A file is one source, parsed.
type file struct {
	*ast.File
	path  string // inside the module
	test  bool
	lines int
	fset  *token.FileSet
}

// rules are all there are.
var rules = []struct {
	name  string
	check func(tree) []string
}{
	{"imports", imports},
	{"confined libraries", confinedLibraries},
	{"a core without the outside", corePurity},
	{"no struct tags in the core", coreTags},
	{"no statuses in the core", coreStatuses},
	{"small interfaces", smallInterfaces},
	{"short files", shortFiles},
	{"package names", packageNames},
	{"package comments", packageComments},
	{"comments", comments},
	{"names", names},
	{"words of comments", words},
	{"small packages", smallPackages},
}

func TestTree(t *testing.T) {
	t.Parallel()
	loaded := load(t)
	for _, want := range []string{"domain", "application", "tests/arch"} {
		if loaded[want] == nil {
			t.Fatalf("package %s is not in the tree that was read", want)
		}
	}
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			t.Parallel()
			for _, finding := range rule.check(loaded) {
				t.Error(finding)
			}
		})
	}
}

// load reads the module that this package is in.
func load(t *testing.T) tree {
	t.Helper()
	list := exec.Command("go", "list", "-e", "-json=ImportPath,Dir", "./...")
	list.Dir = "../.."
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	loaded := tree{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var listed struct{ ImportPath, Dir string }
		if err := decoder.Decode(&listed); errors.Is(err, io.EOF) {
			return loaded
		} else if err != nil {
			t.Fatal(err)
		}
		// The folder, not go list's files: build tags hide none from us.
		names, err := filepath.Glob(filepath.Join(listed.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			loaded.add(t, path.Join(strings.TrimPrefix(listed.ImportPath, module), filepath.Base(name)), src)
		}
	}
}

// add parses one source into the tree.
func (tr tree) add(t *testing.T, name string, src []byte) {
	t.Helper()
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, name, src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	dir := path.Dir(name)
	if tr[dir] == nil {
		tr[dir] = &pkg{path: dir, name: strings.TrimSuffix(parsed.Name.Name, "_test")}
	}
	tr[dir].files = append(tr[dir].files, &file{
		File: parsed, path: name, fset: fset,
		test:  strings.HasSuffix(name, "_test.go"),
		lines: strings.Count(string(src), "\n"),
	})
}

// packages returns the packages under any of the prefixes, in order; with none,
// all of them.
func (tr tree) packages(prefixes ...string) []*pkg {
	var found []*pkg
	for _, name := range slices.Sorted(maps.Keys(tr)) {
		if len(prefixes) == 0 || slices.ContainsFunc(prefixes, func(p string) bool { return within(name, p) }) {
			found = append(found, tr[name])
		}
	}
	return found
}

// sources returns the files that are neither tests nor generated.
func (p *pkg) sources() []*file {
	return slices.DeleteFunc(slices.Clone(p.files), func(f *file) bool { return f.test || ast.IsGenerated(f.File) })
}

// position returns where node is, for a finding.
func (f *file) position(node ast.Node) string { return f.fset.Position(node.Pos()).String() + ": " }

// within says whether the package name is prefix or below it.
func within(name, prefix string) bool { return name == prefix || strings.HasPrefix(name, prefix+"/") }
