package gormstore_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"gatehouse/adapters/gormstore"
	"gatehouse/domain/identity"
	"gatehouse/domain/source"
)

// fact is what the tests look at in a standing.
type fact struct {
	User       string
	Project    source.ProjectID
	Repository string
	Role       source.Role
	Enabled    bool
	CanPush    bool
	Moved      bool
}

func byPath(path source.Path) source.Target { return source.Target{Path: path} }

func byNumber(kind source.RepositoryKind, id source.ProjectID) source.Target {
	return source.Target{Repository: source.RepositoryID{Kind: kind, ID: int64(id)}}
}

func TestStore_Standing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		populate(t, s)
		for _, c := range []struct {
			name   string
			claim  identity.Claim
			target source.Target
			want   fact
		}{
			{"inherited, by key and path", identity.ClaimKey("102"), byPath("ACME/tools/cli"), fact{User: "Dede", Project: cli, Repository: "project-42", Role: source.Developer}},
			{"by name, the wiki", identity.ClaimName("DEDE"), byPath("acme/tools/cli.wiki"), fact{User: "Dede", Project: cli, Repository: "wiki-42", Role: source.Developer}},
			{"by number", identity.ClaimUser("2"), byNumber(source.Design, cli), fact{User: "Dede", Project: cli, Repository: "design-42", Role: source.Developer}},
			{"shared", identity.ClaimUser("3"), byNumber(source.Code, cli), fact{User: "guest", Project: cli, Repository: "project-42", Role: source.Reporter}},
			{"personal", identity.ClaimUser("4"), byPath("owner/own"), fact{User: "owner", Project: own, Repository: "project-43", Role: source.Owner}},
			{"moved", identity.ClaimUser("2"), byPath("old/cli.design"), fact{User: "Dede", Project: cli, Repository: "design-42", Role: source.Developer, Moved: true}},
			{"deploy key", identity.ClaimKey("201"), byNumber(source.Code, cli), fact{User: "Dede", Project: cli, Repository: "project-42", Role: source.Developer, Enabled: true, CanPush: true}},
			{"deploy key elsewhere", identity.ClaimKey("201"), byNumber(source.Code, own), fact{User: "Dede", Project: own, Repository: "project-43"}},
			{"deploy key of nobody", identity.ClaimKey("202"), byNumber(source.Code, cli), fact{User: "ghost", Project: cli, Repository: "project-42", Enabled: true}},
			{"nobody", identity.Claim{}, byPath("acme/tools/cli"), fact{Project: cli, Repository: "project-42"}},
			{"unknown actor", identity.ClaimKey("999"), byPath("acme/tools/cli"), fact{Project: cli, Repository: "project-42"}},
			{"unknown project", identity.ClaimUser("2"), byPath("acme/tools/nothing"), fact{User: "Dede"}},
			{"unknown number", identity.ClaimUser("2"), byNumber(source.Wiki, 99), fact{User: "Dede", Repository: "wiki-99"}},
			{"nothing at all", identity.Claim{}, source.Target{}, fact{}},
		} {
			t.Run(c.name, func(t *testing.T) {
				for _, refs := range []bool{false, true} {
					got, err := s.Directory.Standing(t.Context(), source.Inquiry{Claim: c.claim, Target: c.target, Refs: refs, Now: now})
					if err != nil {
						t.Fatal(err)
					}
					facts := fact{got.Actor.User.Username, got.Project.ID, "", got.Role, got.KeyEnabled, got.KeyCanPush, got.Moved}
					if got.Repository.Known() {
						facts.Repository = got.Repository.String()
					}
					if diff := cmp.Diff(c.want, facts); diff != "" {
						t.Errorf("refs=%t (-want +got):\n%s", refs, diff)
					}
				}
			})
		}
	})
}

func TestStore_Standing_protections(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		populate(t, s)
		got, err := s.Directory.Standing(t.Context(), source.Inquiry{Claim: identity.ClaimUser("2"), Target: byNumber(source.Code, cli), Refs: true, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		want := []source.Protection{
			{Kind: source.Branch, Pattern: "main", Push: []source.Access{{Role: source.Maintainer}, {User: dede}, {Group: tools, Member: true}}, Merge: []source.Access{{}}},
			{Kind: source.Tag, Pattern: "v*", Create: []source.Access{{DeployKey: robot}, {Group: guests}}},
			{Kind: source.Branch, Pattern: "bare", AllowForcePush: true},
		}
		if diff := cmp.Diff(want, got.Project.Protections); diff != "" {
			t.Errorf("protections (-want +got):\n%s", diff)
		}
	})
}
