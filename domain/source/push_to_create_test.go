package source_test

import (
	"errors"
	"strings"
	"testing"

	"gatehouse/domain"
	"gatehouse/domain/source"
)

// TestCase_Decide_firstPush plans a project, and pushes a first branch to it as if it
// had been made: the plan is refused if each of these pushes is.
func TestCase_Decide_firstPush(t *testing.T) {
	t.Parallel()
	for level := source.NotProtected; level <= source.DevelopersPushInitially; level++ {
		for name, who := range map[string]with{
			"developer": role(source.Developer), "maintainer": role(source.Maintainer), "owner": role(source.Owner), "administrator": admin,
		} {
			planned := push(who)
			planned.Settings.DefaultBranchProtection, planned.Settings.PushToCreate, planned.Settings.Connected = level, true, true
			planned.PlanProject(source.ProjectDestination{Path: "acme/new", Root: planned.Project.Root, Role: planned.Role}, "default")
			allowed := false
			for _, branch := range []string{"main", "topic", "release/1.0"} {
				made := *planned
				made.Project.ID, made.Project.ToBeCreated = 43, false
				made.Project.Protections = level.Defaults().Initial(made.Project.HeadBranch())
				made.Answers = map[source.Question]source.Answer{{About: source.Branches}: source.No}
				made.Changes = []source.Change{{Old: zero, New: one, Ref: source.ParseRef("refs/heads/" + branch)}}
				if made.Decide().Refusal == nil {
					allowed = true
				}
			}
			refusal := planned.Decide().Refusal
			if allowed != (refusal == nil) || refusal != nil && !errors.Is(refusal, domain.Forbidden) {
				t.Errorf("level %d, %s: got %v, but a first push is allowed: %t", level, name, refusal, allowed)
			}
			if want := name != "developer" || level != source.FullyProtected && level != source.DevelopersMerge; allowed != want {
				t.Errorf("level %d, %s: a first push is allowed: %t", level, name, allowed)
			}
		}
	}
}

// TestCase_Decide_projectsLimit plans a project in personal namespaces: who may not create
// one there is not told how many there are.
func TestCase_Decide_projectsLimit(t *testing.T) {
	t.Parallel()
	const full = "dev has as many personal projects as its limit allows, which is 2. Delete one, or ask an administrator for a higher limit."
	const hidden = "The project was not found, or you have no access to it. Check its path, and your key or account."
	for _, tt := range []struct {
		who         with
		count, most int64
		want        string
	}{
		{role(source.Owner), 1, 2, ""},
		{role(source.Owner), 2, 2, full},
		{role(source.Owner), 3, 2, full},
		{role(source.Owner), 0, 0, strings.Replace(full, "is 2", "is 0", 1)},
		{admin, 2, 2, full},
		{admin, 1, 2, ""},
		{role(source.NoRole), 2, 2, hidden},
	} {
		planned := push(tt.who)
		planned.Settings.PushToCreate, planned.Settings.Connected = true, true
		planned.PlanProject(source.ProjectDestination{
			Path: "dev/new", Root: source.Namespace{Path: "dev", Personal: true, Protocols: source.AllProtocols}, Role: planned.Role,
			Personal: &source.PersonalProjects{Count: tt.count, Limit: tt.most},
		}, "default")
		got := ""
		if refusal := planned.Decide().Refusal; refusal != nil {
			got = refusal.Error()
		}
		if got != tt.want {
			t.Errorf("%d of %d: got %q, want %q", tt.count, tt.most, got, tt.want)
		}
	}
}

// TestCase_Decide_projectCreation plans a project in groups of every project creation level:
// who may not create one there is told as much as where there is no namespace.
func TestCase_Decide_projectCreation(t *testing.T) {
	t.Parallel()
	roles := []source.Role{source.NoRole, source.Reporter, source.Developer, source.Maintainer, source.Owner}
	for level, least := range map[source.ProjectCreation]source.Role{
		"": source.Developer, source.DeveloperProjects: source.Developer, source.MaintainerProjects: source.Maintainer,
		source.OwnerProjects: source.Owner, source.AdminProjects: source.AdminsOnly, source.NoProjects: source.AdminsOnly + 1,
	} {
		for _, r := range roles {
			planned := push(role(r))
			planned.Settings.PushToCreate, planned.Settings.Connected = true, true
			planned.Settings.DefaultBranchProtection = source.NotProtected
			planned.PlanProject(source.ProjectDestination{Path: "acme/new", Root: planned.Project.Root, Role: r, Creation: level, LFS: r == source.Owner}, "default")
			if planned.Project.LFS != (r == source.Owner) {
				t.Errorf("%q, %s: the project has LFS: %t", level, r, planned.Project.LFS)
			}
			refusal := planned.Decide().Refusal
			if allowed := refusal == nil; allowed != (r >= least) || refusal != nil && !errors.Is(refusal, domain.NotFound) {
				t.Errorf("%q, %s: got %v", level, r, refusal)
			}
		}
		planned := push(admin, role(source.NoRole))
		planned.Settings.PushToCreate, planned.Settings.Connected = true, true
		planned.PlanProject(source.ProjectDestination{Path: "acme/new", Root: planned.Project.Root, Creation: level}, "default")
		if refusal := planned.Decide().Refusal; (refusal == nil) != (least <= source.AdminsOnly) {
			t.Errorf("%q, administrator: got %v", level, refusal)
		}
	}
}
