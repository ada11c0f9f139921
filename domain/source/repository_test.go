package source_test

import (
	"strings"
	"testing"

	"gatehouse/domain/source"
)

func TestParseRepositoryID(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]source.RepositoryID{
		"project-7":      {Kind: source.Code, ID: 7},
		"wiki-7":         {Kind: source.Wiki, ID: 7},
		"project-7-wiki": {Kind: source.Wiki, ID: 7},
		"group-5-wiki":   {Kind: source.GroupWiki, ID: 5},
		"snippet-3":      {Kind: source.Snippet, ID: 3},
		"design-9":       {Kind: source.Design, ID: 9},
	} {
		if got, ok := source.ParseRepositoryID(text); !ok || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "project", "project-", "project-0", "project-+7", "project--7", "project-7x", "project-7-", "7",
		"wiki-7-wiki", "group-5", "snippet-3-wiki", "design-3-wiki", "repo-7", "Project-7", " project-7", "project-7 ",
		"project-99999999999999999999", "project-7-wiki-wiki",
	} {
		if got, ok := source.ParseRepositoryID(text); ok {
			t.Errorf("%q: got %v, want malformed", text, got)
		}
	}
}

func TestParsePath(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]source.Path{
		"acme/tools/cli":      "acme/tools/cli",
		"/acme/tools/cli.git": "acme/tools/cli",
		"acme/cli.wiki.git":   "acme/cli.wiki",
		"acme/a.git.git":      "acme/a.git",
		"Acme/CLI":            "Acme/CLI",
		"one":                 "one",
		"acme/cli/":           "acme/cli",
		"acme/cli.git/":       "acme/cli",
		"/acme/cli.git//":     "acme/cli",
		"acme/cli.wiki.git/":  "acme/cli.wiki",
		"acme/":               "acme",
		"a/.hidden":           "a/.hidden",
	} {
		if got, ok := source.ParsePath(text); !ok || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "/", ".git", "/.git", "//acme/p", "acme//p", "//", "/.git/", "acme/.git", "acme/p/.git/", "../x/", "../x", "acme/../p", "~/p", "acme/./p",
		"acme/p\x00", "acme/p\n", "acme/größe", "acme/a b", "'acme/p'", `acme\p`, "acme/p?x",
	} {
		if got, ok := source.ParsePath(text); ok {
			t.Errorf("%q: got %q, want none", text, got)
		}
	}
}

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"203.0.113.9": "203.0.113.9", "203.0.113.9:51234": "203.0.113.9", "[203.0.113.9]": "203.0.113.9", "[203.0.113.9]:22": "203.0.113.9",
		"2001:db8::1": "2001:db8::1", "[2001:db8::1]": "2001:db8::1", "[2001:db8::1]:22": "2001:db8::1",
		"fe80::1%eth0": "fe80::1", "[fe80::1%eth0]:22": "fe80::1", "[fe80::1%eth0]": "fe80::1",
		"::ffff:203.0.113.9": "203.0.113.9", "[::ffff:203.0.113.9]:22": "203.0.113.9", "::ffff:cb00:7109": "203.0.113.9",
	} {
		if got, ok := source.ParseAddress(text); !ok || got.String() != want {
			t.Errorf("%q: got %v, %t, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", " ", "unknown", "203.0.113", "203.0.113.9:", "203.0.113.9:ssh", "203.0.113.9:99999", "203.0.113.9/32", "[2001:db8::1", "2001:db8::1]", "[[2001:db8::1]]",
		"[]", "[]:22", ":22", "[2001:db8::1]22", "[203.0.113.9]5:22", "[203.0.113.9]:99999", "[203.0.113.9]:", "203.0.113.9, 192.0.2.7", "203.0.113.9 ", "[203.0.113.9:22]",
	} {
		if got, ok := source.ParseAddress(text); ok || got.IsValid() {
			t.Errorf("%q: got %v, want none", text, got)
		}
	}
}

func TestIsPath(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"acme": true, "Acme/CLI": true, "a/.hidden": true, "acme/cli.wiki": true, "c++/cli": true,
		"": false, "/acme": false, "acme/": false, "acme.git": false, "acme//cli": false, "../x": false, "a b": false,
	} {
		if got := source.IsPath(text); got != want {
			t.Errorf("%q: got %t", text, got)
		}
	}
}

func TestProject_RelativePath(t *testing.T) {
	t.Parallel()
	hashes := map[source.ProjectID]string{
		1:  "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b",
		3:  "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce",
		7:  "7902699be42c8a8e46fbbb4501726517e86b22c56a189f7625a6da49081b2451",
		42: "73475cb40a568e8da8a045ced110137e159f890ac4da883b6b17dc651b3a8049",
	}
	for id, h := range hashes {
		base := "@hashed/" + h[:2] + "/" + h[2:4] + "/" + h
		p := source.Project{ID: id, Path: "somewhere/else"}
		for kind, want := range map[source.RepositoryKind]string{
			source.Code: base + ".git", source.Wiki: base + ".wiki.git", source.Design: base + ".design.git",
		} {
			if got := p.RelativePath(kind); got != want {
				t.Errorf("project %d, kind %d: got %q, want %q", id, kind, got, want)
			}
		}
	}
	legacy := source.Project{ID: 1, LegacyPath: "acme/old"}
	if got := legacy.RelativePath(source.Wiki); got != "acme/old.wiki.git" {
		t.Errorf("legacy wiki: got %q", got)
	}
}

func TestPath_parts(t *testing.T) {
	t.Parallel()
	p := source.Path("Acme/Tools/CLI")
	if p.Fold() != "acme/tools/cli" || p.Root() != "Acme" || p.Parent() != "Acme/Tools" {
		t.Errorf("got %q, %q, %q", p.Fold(), p.Root(), p.Parent())
	}
	if got := source.Path("one").Parent(); got != "" {
		t.Errorf("a single segment's parent: got %q", got)
	}
}

func FuzzParseRepositoryID(f *testing.F) {
	for _, seed := range []string{"project-7", "wiki-7", "project-7-wiki", "group-5-wiki", "snippet-3", "design-9", "", "-", "project-0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, ok := source.ParseRepositoryID(text)
		if ok != id.Known() {
			t.Fatalf("%q: got %v, %v", text, id, ok)
		}
		if !ok {
			return
		}
		if again, ok := source.ParseRepositoryID(id.String()); !ok || again != id {
			t.Errorf("%q: %v prints as %q, which reads as %v", text, id, id, again)
		}
	})
}

func FuzzParsePath(f *testing.F) {
	for _, seed := range []string{"/acme/tools/cli.git", "acme/cli.wiki", "", "..", "a//b", "~", "a/b/c/d/e.git"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path, ok := source.ParsePath(text)
		if !ok {
			return
		}
		if strings.Contains("/"+string(path)+"/", "/../") || strings.ContainsAny(string(path), "\x00\n\\'~ ") {
			t.Errorf("%q: got %q", text, path)
		}
		if again, ok := source.ParsePath("/" + string(path) + ".git"); !ok || again != path {
			t.Errorf("%q: got %q, which reads as %q", text, path, again)
		}
	})
}
