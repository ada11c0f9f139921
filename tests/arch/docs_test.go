package arch_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
)

// longestReadme is in bytes. What a newcomer does not need lies beside what it
// describes.
const longestReadme = 10 << 10

func TestDocuments(t *testing.T) {
	t.Parallel()
	for _, finding := range documents(t, os.DirFS("../..")) {
		t.Error(finding)
	}
}

func TestDocuments_bad(t *testing.T) {
	t.Parallel()
	page := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	good := func() fstest.MapFS {
		return fstest.MapFS{
			"README.md":   page("# A\n[b](b/README.md#what-it-is-a-b) [](#a) [](https://example.com) [b](b)\n```\n[](nowhere)\n```\n"),
			"b/README.md": page("# B\n## What it is: `a`, b?\n[a](../README.md)\n"),
		}
	}
	if found := documents(t, good()); len(found) > 0 {
		t.Errorf("the good tree: got %q", found)
	}
	for _, c := range []struct{ path, text, want string }{
		{"b/README.md", "## What it is: `a`, b?\n[](c.md)", "b/README.md: there is no c.md"},
		{"b/README.md", "# B", "README.md: there is no heading for b/README.md#what-it-is-a-b"},
		{"b/README.md", "## What it is: `a`, b?\n[](#c)", "b/README.md: there is no heading for #c"},
		{"b/README.md", "```\n## What it is: `a`, b?\n```", "README.md: there is no heading for b/README.md#what-it-is-a-b"},
		{"c/README.md", "# C", "README.md: no link leads to c/README.md"},
		{"README.md", "[](b/README.md)" + strings.Repeat(" ", longestReadme), "README.md: 10255 bytes, at most 10240"},
	} {
		tree := good()
		tree[c.path] = page(c.text)
		if found := documents(t, tree); !slices.Contains(found, c.want) {
			t.Errorf("%q in %s: got %q, want %q", c.text, c.path, found, c.want)
		}
	}
}

// documents holds all pages to lead where they say, and the README to be short
// and to lead to all pages that are not for tests.
func documents(t *testing.T, module fs.FS) (findings []string) {
	t.Helper()
	pages := map[string]string{}
	err := fs.WalkDir(module, ".", func(name string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() && name != "." && strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		if err != nil || path.Ext(name) != ".md" {
			return err
		}
		text, err := fs.ReadFile(module, name)
		pages[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	linked := map[string]bool{"README.md": true}
	for name, text := range pages {
		for _, link := range links(text) {
			file, heading, _ := strings.Cut(link, "#")
			target := path.Join(path.Dir(name), file)
			if file == "" {
				target = name
			}
			if _, err := fs.Stat(module, target); err != nil {
				findings = append(findings, fmt.Sprintf("%s: there is no %s", name, file))
			} else if heading != "" && !slices.Contains(headings(pages[target]), heading) {
				findings = append(findings, fmt.Sprintf("%s: there is no heading for %s", name, link))
			}
			if name == "README.md" {
				linked[target] = true
			}
		}
	}
	for name := range pages {
		if !linked[name] && !within(name, "tests") {
			findings = append(findings, "README.md: no link leads to "+name)
		}
	}
	if size := len(pages["README.md"]); size > longestReadme {
		findings = append(findings, fmt.Sprintf("README.md: %d bytes, at most %d", size, longestReadme))
	}
	return findings
}

var (
	fence = regexp.MustCompile("(?ms)^```.*?^```$")
	link  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	title = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

// links are those of a page that lead to files of the module.
func links(page string) (found []string) {
	for _, l := range link.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		if !strings.Contains(l[1], "://") {
			found = append(found, l[1])
		}
	}
	return found
}

// headings are those of a page, as links name them.
func headings(page string) (names []string) {
	for _, h := range title.FindAllStringSubmatch(fence.ReplaceAllString(page, ""), -1) {
		names = append(names, strings.Map(func(c rune) rune {
			switch {
			case c == ' ':
				return '-'
			case c == '-' || c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c):
				return unicode.ToLower(c)
			}
			return -1
		}, h[1]))
	}
	return names
}
