package source_test

import (
	"strings"
	"testing"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

// wantInvalid checks that got is a refusal whose message begins with want, or
// nil if want is empty.
func wantInvalid(t *testing.T, name string, got *domain.Refusal, want string) {
	t.Helper()
	switch {
	case want == "" && got != nil:
		t.Errorf("%s: got %v, want none", name, got)
	case want != "" && (got == nil || got.Kind != domain.Invalid || !strings.HasPrefix(got.Message, want)):
		t.Errorf("%s: got %v, want %s", name, got, want)
	}
}

func TestCheckGroupPath_CheckProjectPath(t *testing.T) {
	t.Parallel()
	const part, alone, deep = "each part of a path is made of", "the path must begin with a group or a user", "groups can be nested 20 deep at most"
	const suffixed = `a project's path does not end in ".wiki" or ".design"`
	nested := func(n int) string { return strings.TrimPrefix(strings.Repeat("/x", n), "/") }
	for path, want := range map[string]struct{ group, project string }{
		"acme":             {"", alone},
		"Acme/cli":         {"", ""},
		"":                 {part, part},
		"/acme":            {part, part},
		"acme/":            {part, part},
		"acme//cli":        {part, part},
		"acme/.":           {part, part},
		"acme/a.git":       {part, part},
		"acme/a.wiki":      {"", suffixed},
		"acme/A.DESIGN":    {"", suffixed},
		"acme/a.wiki.wiki": {"", suffixed},
		"acme.wiki/a":      {"", ""},
		"acme/wiki":        {"", ""},
		"acme/a.wikis":     {"", ""},
		"acme/ä":           {part, part},
		"-acme":            {part, part},
		nested(20):         {"", ""},
		nested(21):         {deep, ""},
		nested(22):         {deep, deep},
	} {
		wantInvalid(t, "group "+path, source.CheckGroupPath(path), want.group)
		wantInvalid(t, "project "+path, source.CheckProjectPath(path), want.project)
	}
}

func TestCheckNewProjectPath(t *testing.T) {
	t.Parallel()
	const reserved = "a new project's path does not end in the reserved name "
	for path, want := range map[string]string{
		"acme/cli": "", "acme/trees": "", "acme/my-tree": "", "tree/cli": "", "acme/tree/cli": "", "acme/folders": "", "acme/objects": "", "acme/lfs/objects": "",
		"acme/tree": reserved + `"tree"`, "acme/New": reserved + `"new"`, "acme/sub/WIKIS": reserved + `"wikis"`, "acme/create_dir": reserved + `"create_dir"`,
		"acme/Environments/folders": reserved + `"environments/folders"`, "acme/gitlab-lfs/objects": reserved, "acme/info/lfs/objects": reserved,
		"acme/-": "each part of a path", "acme/a.wiki": "a project's path does not end in", "tree": "the path must begin with",
	} {
		wantInvalid(t, path, source.CheckNewProjectPath(path), want)
		if refusal := source.CheckProjectPath(path); strings.HasPrefix(want, reserved) && refusal != nil {
			t.Errorf("an older project at %s: got %v", path, refusal)
		}
	}
}

func TestCheckPastPath_CheckLegacyPath(t *testing.T) {
	t.Parallel()
	for path, ok := range map[string]bool{
		"old": true, "old/cli": true, "c++/cli": true, "old/cli.wiki": true,
		"../x": false, "a/../b": false, "/": false, "/a": false, "a/": false, "a.git": false, "a b": false, `a"%s`: false,
	} {
		past, legacy := `it cannot have moved from "`+path+`"`, "its legacy path is no path"
		if ok {
			past, legacy = "", ""
		}
		wantInvalid(t, path, source.CheckPastPath(source.Path(path)), past)
		wantInvalid(t, path, source.CheckLegacyPath(path), legacy)
	}
	wantInvalid(t, "no past path", source.CheckPastPath(""), `it cannot have moved from ""`)
	wantInvalid(t, "no legacy path", source.CheckLegacyPath(""), "")
}

func TestCheckDefaultBranch(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"main": "", "a/refs/b": "", "release/1.0": "",
		"refs/heads/main":    "its default branch: write main, not refs/heads/main",
		"refs/heads/":        "its default branch: names are short ones, such as main or v1.0, and do not begin with refs/",
		"refs/tags/v1":       "its default branch: names are short ones",
		"refs/keep-around/x": "its default branch: names are short ones",
		"":                   "its default branch cannot be the name of a branch",
		"a..b":               "its default branch cannot be the name of a branch",
		"HEAD":               "its default branch cannot be the name of a branch",
		"-a":                 "its default branch cannot be the name of a branch",
	} {
		wantInvalid(t, name, source.CheckDefaultBranch(name), want)
	}
}

func TestCheckPattern(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind    source.RefKind
		pattern source.Pattern
		want    string
	}{
		{source.Branch, "main", ""},
		{source.Branch, "release/*", ""},
		{source.Branch, "*", ""},
		{source.Branch, "a..b", ""}, // it matches nothing, and GitLab takes it
		{source.Branch, "refs/heads/main", "its protected branch: write main, not refs/heads/main"},
		{source.Branch, "refs/tags/v*", "its protected branch: names are short ones"},
		{source.Branch, "refs/*", "its protected branch: names are short ones"},
		{source.Tag, "v*", ""},
		{source.Tag, "refs/tags/v*", "its protected tag: write v*, not refs/tags/v*"},
		{source.Tag, "refs/tags/", "its protected tag: names are short ones"},
		{source.Tag, "refs/heads/main", "its protected tag: names are short ones"},
		{source.Branch, source.Pattern(strings.Repeat("x", source.MaxPattern)), ""},
		{source.Branch, source.Pattern(strings.Repeat("ä", source.MaxPattern/2) + "x"), "its protected branch: the name is longer than 2000 bytes"},
	} {
		wantInvalid(t, string(c.pattern), source.CheckPattern(c.kind, c.pattern), c.want)
	}
}
