package worldimport_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/memory"
	"gatehouse/application/worldimport"
	"gatehouse/domain/source"
)

func TestImport_defaultBranchNotProtected(t *testing.T) {
	t.Parallel()
	const warned = `line 2: project "acme/cli": the default branch is now main, which is not protected`
	for name, test := range map[string]struct {
		level         source.BranchProtection
		before, after string
		want          string
	}{
		"another one":                    {source.FullyProtected, "default_branch: master", "default_branch: main", warned + "; master still is"},
		"unknown until now":              {source.FullyProtected, "", "default_branch: trunk", strings.Replace(warned, "main", "trunk", 1) + "; main still is"},
		"main, as it was taken to be":    {source.FullyProtected, "", "default_branch: main", ""},
		"the same":                       {source.FullyProtected, "default_branch: main, protected_branches: []", "default_branch: main", ""},
		"none is given":                  {source.FullyProtected, "default_branch: main, protected_branches: []", "lfs: false", ""},
		"neither is protected":           {source.FullyProtected, "default_branch: master, protected_branches: []", "default_branch: main", warned},
		"a new protection covers it":     {source.FullyProtected, "default_branch: master", "default_branch: main, protected_branches: [{name: main}]", ""},
		"a new protection covers others": {source.FullyProtected, "default_branch: master", "default_branch: main, protected_branches: [{name: Main}, {name: m}]", warned},
		"a new protection of a tag":      {source.FullyProtected, "default_branch: master", "default_branch: main, protected_branches: [], protected_tags: [{name: main}]", warned},
		"tags alone: as a new project":   {source.FullyProtected, "default_branch: master", "default_branch: main, protected_tags: [{name: v}]", ""},
		"a wildcard covers it":           {source.FullyProtected, `default_branch: master, protected_branches: [{name: "ma*"}]`, "default_branch: main", ""},
		"the instance protects none":     {source.NotProtected, "default_branch: master", "default_branch: main", ""},
		"developers may push anyway":     {source.DevelopersPush, "default_branch: master", "default_branch: main", warned + "; master still is"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := memory.New()
			importer := worldimport.New(store.WorldImport, test.level, now)
			importer.InBatches(store.WorldScratch, 1)
			row := func(more string) worldimport.World {
				return parse(t, "projects:\n  - {id: 42, path: acme/cli, "+more+"}\ngroups: [{path: acme}]\n")
			}
			if summary, err := importer.Import(t.Context(), row(test.before)); err != nil || len(summary.Warnings) > 0 {
				t.Fatalf("new project: got %v, %v", summary.Warnings, err)
			}
			var want worldimport.Mistakes
			text, changed := strings.TrimPrefix(test.want, `line 2: project "acme/cli": `), ""
			if test.want != "" {
				want, changed = worldimport.Mistakes{{Line: 2, Message: strings.TrimPrefix(test.want, "line 2: ")}}, text
			}
			check, err := importer.Check(t.Context(), row(test.after))
			if diff := cmp.Diff(want, check.Warnings); err != nil || diff != "" {
				t.Errorf("check: %v, (-want +got):\n%s", err, diff)
			}
			if len(check.Changes) > 0 && check.Changes[0].Warning != changed {
				t.Errorf("change: got %q, want %q", check.Changes[0].Warning, changed)
			}
			for _, want := range []worldimport.Mistakes{want, nil} {
				summary, err := importer.Import(t.Context(), row(test.after))
				if diff := cmp.Diff(want, summary.Warnings); err != nil || diff != "" {
					t.Errorf("import: %v, (-want +got):\n%s", err, diff)
				}
			}
		})
	}
}

// The level of a group counts that is kept and not in the world.
func TestImport_levelOfKeptGroup(t *testing.T) {
	t.Parallel()
	store := memory.New()
	mustApply(t, store, "groups: [{path: open, default_branch_protection: 0}, {path: open/own, default_branch_protection: 3}]\nusers: [{username: dev}]\n")
	importer := inBatches(store, 1, nothing)
	_, err := importer.Import(t.Context(), parse(t, "projects: [{path: open/a, default_branch: master}, {path: open/own/b}, {path: dev/c}]"))
	if err != nil {
		t.Fatal(err)
	}
	wantShown(t, store, "protections",
		`{"project":"dev/c","kind":"branch","name":"main","allow_force_push":false,"push":["maintainer"],"merge":["maintainer"],"unprotect":["maintainer"],"create":[]}`,
		`{"project":"open/own/b","kind":"branch","name":"main","allow_force_push":false,"push":["maintainer"],"merge":["developer"],"unprotect":["maintainer"],"create":[]}`)
	summary, err := importer.Import(t.Context(), parse(t, "projects: [{path: open/a, default_branch: main}]"))
	if err != nil || len(summary.Warnings) > 0 {
		t.Errorf("got %v, %v, want no warning", summary.Warnings, err)
	}
}
