package clients_test

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gatehouse/tests/servertest"
	"gatehouse/tests/world"
)

// protectedWorld has a project with members of each role, and groups around it.
const protectedWorld = `
groups: [{id: 300, path: acme}, {id: 301, path: friends}, {id: 302, path: strangers}]
projects:
  - {id: 60, path: acme/app, default_branch: main, empty: false, protected_branches: []}
  - {id: 61, path: acme/lib, default_branch: main, empty: false, protected_branches: []}
  - {id: 62, path: strangers/other}
shares: [{project: acme/app, with: friends, role: developer}]
`

// pushesRef asks as Gitaly does, and explain, whether an actor may create a ref of a project,
// and fails the test unless that is as wanted.
func (i instance) pushesRef(what, actor, project, ref string, want bool) {
	i.Helper()
	body := fmt.Sprintf(`{%s, "project": %q, "action": "git-receive-pack", "protocol": "ssh", "changes": %q}`,
		actor, project, servertest.ZeroID+" "+servertest.NewID+" "+ref)
	if got := i.Post(i.T, "/allowed", body); (got.Status == http.StatusOK) != want {
		i.Errorf("%s: push of %s: got %d, want allowed: %t", what, ref, got.Status, want)
	}
	if explained := i.explained(actor, project, "--ref", ref, "--change", "create"); explained != want {
		i.Errorf("%s: explain says that they may push %s: %t, want %t", what, ref, explained, want)
	}
}

// people are the users of the protection flow.
type people struct {
	dev, mia         *gitlab.User
	devs, maintainer *gitlab.Client
}

func newPeople(i instance) people {
	i.data.Apply(i.T, protectedWorld)
	var p people
	p.dev, p.devs = i.newUser("dev")
	p.mia, p.maintainer = i.newUser("mia")
	for user, level := range map[int64]gitlab.AccessLevelValue{p.dev.ID: gitlab.DeveloperPermissions, p.mia.ID: gitlab.MaintainerPermissions} {
		made[*gitlab.GroupMember](i, "add member")(i.admin.GroupMembers.AddGroupMember("acme", &gitlab.AddGroupMemberOptions{UserID: &user, AccessLevel: &level}))
	}
	return p
}

func level(role gitlab.AccessLevelValue) *gitlab.AccessLevelValue { return &role }

// entries describes entries of a protection, without their numbers.
func entries(levels []*gitlab.BranchAccessDescription) (out []string) {
	for _, l := range levels {
		out = append(out, fmt.Sprint(l.AccessLevel, " ", l.AccessLevelDescription, " ", l.UserID, " ", l.GroupID, " ", l.DeployKeyID))
	}
	return out
}

// protectedBranchFlow protects branches, changes how and unprotects them.
func protectedBranchFlow(i instance) {
	p := newPeople(i)
	branches := p.maintainer.ProtectedBranches
	i.pushesRef("no protection", actor(p.dev), "acme/app", "refs/heads/release/1", true)
	made := made[*gitlab.ProtectedBranch](i, "protect")
	// As Terraform does: every parameter, with empty lists.
	none := &[]*gitlab.BranchPermissionOptions{}
	b := made(branches.ProtectRepositoryBranches("acme/app", &gitlab.ProtectRepositoryBranchesOptions{
		Name: gitlab.Ptr("release/*"), PushAccessLevel: level(40), MergeAccessLevel: level(30), UnprotectAccessLevel: level(60), AllowForcePush: gitlab.Ptr(false),
		AllowedToPush: none, AllowedToMerge: none, AllowedToUnprotect: none, CodeOwnerApprovalRequired: gitlab.Ptr(false),
	}))
	i.pushesRef("protected", actor(p.dev), "acme/app", "refs/heads/release/1", false)
	i.pushesRef("protected", actor(p.mia), "acme/app", "refs/heads/release/1", true)
	sameList(i, "push", entries(b.PushAccessLevels), "40 Maintainers 0 0 0")
	sameList(i, "merge", entries(b.MergeAccessLevels), "30 Developers + Maintainers 0 0 0")
	sameList(i, "unprotect", entries(b.UnprotectAccessLevels), "60 Instance admins 0 0 0")
	if b.ID == 0 || b.Name != "release/*" || b.AllowForcePush || b.CodeOwnerApprovalRequired || b.PushAccessLevels[0].ID == 0 {
		i.Errorf("got %+v", b)
	}
	wantEqual(i, "read", read[*gitlab.ProtectedBranch](i, "get")(p.devs.ProtectedBranches.GetProtectedBranch(60, "release/*")), b)
	absent(i, "a branch is no pattern")(branches.GetProtectedBranch("acme/app", "release/1"))
	refused(i, "twice", 409, "Protected branch 'release/*' already exists")(branches.ProtectRepositoryBranches(60, &gitlab.ProtectRepositoryBranchesOptions{Name: gitlab.Ptr("release/*")}))
	refused(i, "blank", 422, "Name can't be blank")(branches.ProtectRepositoryBranches(60, &gitlab.ProtectRepositoryBranchesOptions{Name: gitlab.Ptr(" ")}))
	refused(i, "unknown level", 400, "push_access_level does not have a valid value")(branches.ProtectRepositoryBranches(60, &gitlab.ProtectRepositoryBranchesOptions{Name: gitlab.Ptr("x"), PushAccessLevel: level(50)}))
	refused(i, "by a developer", 403)(p.devs.ProtectedBranches.ProtectRepositoryBranches(60, &gitlab.ProtectRepositoryBranchesOptions{Name: gitlab.Ptr("x")}))
	refused(i, "unprotect is for administrators", 403)(branches.UpdateProtectedBranch(60, "release/*", &gitlab.UpdateProtectedBranchOptions{AllowForcePush: gitlab.Ptr(true)}))
	refused(i, "unprotect is for administrators", 403)(branches.UnprotectRepositoryBranches(60, "release/*"))
	done(i, "unprotect", 204)(i.admin.ProtectedBranches.UnprotectRepositoryBranches(60, "release/*"))
	absent(i, "unprotected")(branches.GetProtectedBranch(60, "release/*"))
	absent(i, "unprotected")(branches.UnprotectRepositoryBranches(60, "release/*"))
	i.pushesRef("unprotected", actor(p.dev), "acme/app", "refs/heads/release/1", true)

	refused(i, "no member", 422, "Push access levels user is not a member of the project")(branches.ProtectRepositoryBranches(60, &gitlab.ProtectRepositoryBranchesOptions{
		Name: gitlab.Ptr("x"), AllowedToPush: &[]*gitlab.BranchPermissionOptions{{UserID: gitlab.Ptr(int64(99))}},
	}))
	refused(i, "no group with access", 422, "Merge access levels group does not have access to the project")(branches.ProtectRepositoryBranches(60, &gitlab.ProtectRepositoryBranchesOptions{
		Name: gitlab.Ptr("x"), AllowedToMerge: &[]*gitlab.BranchPermissionOptions{{GroupID: gitlab.Ptr(int64(302))}},
	}))
	named := made(branches.ProtectRepositoryBranches(60, &gitlab.ProtectRepositoryBranchesOptions{
		Name: gitlab.Ptr("main"), AllowedToPush: &[]*gitlab.BranchPermissionOptions{{UserID: &p.dev.ID}, {GroupID: gitlab.Ptr(int64(301))}},
	}))
	sameList(i, "push of named ones", entries(named.PushAccessLevels), fmt.Sprintf("0 %s %d 0 0", p.dev.Name, p.dev.ID), "0 friends 0 301 0")
	i.pushesRef("named", actor(p.dev), "acme/app", "refs/heads/main", true)
	i.pushesRef("not named", actor(p.mia), "acme/app", "refs/heads/main", false)
	changed := read[*gitlab.ProtectedBranch](i, "update")(branches.UpdateProtectedBranch(60, "main", &gitlab.UpdateProtectedBranchOptions{
		AllowForcePush: gitlab.Ptr(true),
		AllowedToPush: &[]*gitlab.BranchPermissionOptions{
			{ID: &named.PushAccessLevels[0].ID, Destroy: gitlab.Ptr(true)}, {ID: &named.PushAccessLevels[1].ID, UserID: &p.mia.ID}, {AccessLevel: level(0)},
		},
	}))
	if !changed.AllowForcePush || changed.ID != named.ID || len(changed.PushAccessLevels) != 2 || changed.PushAccessLevels[1].ID != named.PushAccessLevels[1].ID {
		i.Errorf("changed: got %+v of %+v", changed, named)
	}
	sameList(i, "changed push", entries(changed.PushAccessLevels), "0 No one 0 0 0", fmt.Sprintf("0 %s %d 0 0", p.mia.Name, p.mia.ID))
	i.pushesRef("named no longer", actor(p.dev), "acme/app", "refs/heads/main", false)
	i.pushesRef("named now", actor(p.mia), "acme/app", "refs/heads/main", true)
	refused(i, "twice the same", 422, "Push access levels access level has already been taken")(branches.UpdateProtectedBranch(60, "main", &gitlab.UpdateProtectedBranchOptions{
		AllowedToPush: &[]*gitlab.BranchPermissionOptions{{AccessLevel: level(0)}},
	}))
	absent(i, "update none")(branches.UpdateProtectedBranch(60, "none", &gitlab.UpdateProtectedBranchOptions{AllowForcePush: gitlab.Ptr(true)}))
	for _, name := range []string{"Alpha", "alphabet", "beta"} {
		made(branches.ProtectRepositoryBranches(61, &gitlab.ProtectRepositoryBranchesOptions{Name: &name}))
	}
	list := names(collect(i, "list", func(o gitlab.PaginationOptionFunc) ([]*gitlab.ProtectedBranch, *gitlab.Response, error) {
		return branches.ListProtectedBranches(61, &gitlab.ListProtectedBranchesOptions{ListOptions: gitlab.ListOptions{PerPage: 2}, Search: gitlab.Ptr("a")}, o)
	}), func(b *gitlab.ProtectedBranch) string { return b.Name })
	sameList(i, "list", list, "Alpha", "alphabet", "beta")
	found := read[[]*gitlab.ProtectedBranch](i, "search")(branches.ListProtectedBranches(61, &gitlab.ListProtectedBranchesOptions{Search: gitlab.Ptr("ALPHA")}))
	same(i, "found", len(found), 2)
}

// protectedTagFlow protects tags and unprotects them.
func protectedTagFlow(i instance) {
	p := newPeople(i)
	tags := p.maintainer.ProtectedTags
	i.pushesRef("no protection", actor(p.dev), "acme/app", "refs/tags/v1", true)
	tag := made[*gitlab.ProtectedTag](i, "protect")(tags.ProtectRepositoryTags("acme/app", &gitlab.ProtectRepositoryTagsOptions{Name: gitlab.Ptr("v*")}))
	same(i, "default", len(tag.CreateAccessLevels), 1)
	same(i, "default level", tag.CreateAccessLevels[0].AccessLevel, gitlab.MaintainerPermissions)
	i.pushesRef("protected", actor(p.dev), "acme/app", "refs/tags/v1", false)
	i.pushesRef("protected", actor(p.mia), "acme/app", "refs/tags/v1", true)
	wantEqual(i, "read", read[*gitlab.ProtectedTag](i, "get")(p.devs.ProtectedTags.GetProtectedTag(60, "v*")), tag)
	refused(i, "twice", 422, "Name has already been taken")(tags.ProtectRepositoryTags(60, &gitlab.ProtectRepositoryTagsOptions{Name: gitlab.Ptr("v*")}))
	done(i, "unprotect", 204)(tags.UnprotectRepositoryTags(60, "v*"))
	absent(i, "unprotected")(tags.UnprotectRepositoryTags(60, "v*"))
	both := made[*gitlab.ProtectedTag](i, "protect")(tags.ProtectRepositoryTags(60, &gitlab.ProtectRepositoryTagsOptions{
		Name: gitlab.Ptr("v*"), CreateAccessLevel: level(0), AllowedToCreate: &[]*gitlab.TagsPermissionOptions{{UserID: &p.dev.ID}},
	}))
	same(i, "the role comes first", both.CreateAccessLevels[0].AccessLevelDescription, "No one")
	same(i, "and then the user", both.CreateAccessLevels[1].UserID, p.dev.ID)
	i.pushesRef("named", actor(p.dev), "acme/app", "refs/tags/v1", true)
	i.pushesRef("not named", actor(p.mia), "acme/app", "refs/tags/v1", false)
	same(i, "list", len(read[[]*gitlab.ProtectedTag](i, "list")(tags.ListProtectedTags(60, nil))), 1)
}

// deployKeyFlow adds deploy keys, enables them elsewhere, changes and removes them.
func deployKeyFlow(i instance) {
	p := newPeople(i)
	keys := p.maintainer.DeployKeys
	expires := time.Date(2100, 1, 2, 3, 4, 5, 0, time.UTC)
	line := world.Key(1) + " robot@example.com"
	k := made[*gitlab.ProjectDeployKey](i, "add")(keys.AddDeployKey("acme/app", &gitlab.AddDeployKeyOptions{Title: gitlab.Ptr("robot"), Key: &line, CanPush: gitlab.Ptr(true), ExpiresAt: &expires}))
	recent(i, "created_at", k.CreatedAt)
	wantEqual(i, "added", k, &gitlab.ProjectDeployKey{
		ID: k.ID, Title: "robot", Key: line, Fingerprint: k.Fingerprint, FingerprintSHA256: k.FingerprintSHA256, CreatedAt: k.CreatedAt, CanPush: true, ExpiresAt: &expires,
	})
	if len(k.Fingerprint) != 47 || len(k.FingerprintSHA256) != 50 {
		i.Errorf("fingerprints: got %q, %q", k.Fingerprint, k.FingerprintSHA256)
	}
	wantEqual(i, "read", read[*gitlab.ProjectDeployKey](i, "get")(keys.GetDeployKey(60, k.ID)), k)
	same(i, "key by number", read[*gitlab.Key](i, "key")(i.admin.Keys.GetKeyWithUser(k.ID)).Key, line)
	same(i, "key by fingerprint", read[*gitlab.Key](i, "key")(i.admin.Keys.GetKeyByFingerprint(&gitlab.GetKeyByFingerprintOptions{Fingerprint: k.FingerprintSHA256})).Key, line)
	by := fmt.Sprintf(`"key_id": %d`, k.ID)
	i.pushesRef("may push", by, "acme/app", "refs/heads/topic", true)
	i.pushesRef("not enabled", by, "acme/lib", "refs/heads/topic", false)
	again := made[*gitlab.ProjectDeployKey](i, "add again")(keys.AddDeployKey(60, &gitlab.AddDeployKeyOptions{Title: gitlab.Ptr("other"), Key: &line}))
	wantEqual(i, "added again", again, k)
	own := gitlab.Ptr(world.Key(2))
	made2 := made[*gitlab.SSHKey](i, "add a user's key")
	made2(p.devs.Users.AddSSHKey(&gitlab.AddSSHKeyOptions{Title: gitlab.Ptr("laptop"), Key: own}))
	refused(i, "a user's key", 400, "deploy_key.fingerprint_sha256", "has already been taken")(keys.AddDeployKey(60, &gitlab.AddDeployKeyOptions{Title: gitlab.Ptr("x"), Key: own}))
	refused(i, "no key", 400, "deploy_key.key", "is invalid")(keys.AddDeployKey(60, &gitlab.AddDeployKeyOptions{Title: gitlab.Ptr("x"), Key: gitlab.Ptr("none")}))
	refused(i, "by a developer", 403)(p.devs.DeployKeys.ListProjectDeployKeys(60, nil))

	made[*gitlab.ProtectedBranch](i, "protect")(p.maintainer.ProtectedBranches.ProtectRepositoryBranches(60, &gitlab.ProtectRepositoryBranchesOptions{
		Name: gitlab.Ptr("main"), PushAccessLevel: level(0), AllowedToPush: &[]*gitlab.BranchPermissionOptions{{DeployKeyID: &k.ID}},
	}))
	i.pushesRef("named by a protection", by, "acme/app", "refs/heads/main", true)
	refused(i, "key without the right to push", 422, "Push access levels deploy key is not enabled for this project")(p.maintainer.ProtectedBranches.ProtectRepositoryBranches(61, &gitlab.ProtectRepositoryBranchesOptions{
		Name: gitlab.Ptr("main"), AllowedToPush: &[]*gitlab.BranchPermissionOptions{{DeployKeyID: &k.ID}},
	}))
	enabled := made[*gitlab.ProjectDeployKey](i, "enable")(keys.EnableDeployKey("acme/lib", k.ID))
	if enabled.CanPush || enabled.Title != "robot" {
		i.Errorf("enabled: got %+v", enabled)
	}
	made[*gitlab.ProjectDeployKey](i, "enable again")(keys.EnableDeployKey(61, k.ID))
	absent(i, "enable an absent key")(keys.EnableDeployKey(61, 999))
	changed := read[*gitlab.ProjectDeployKey](i, "update")(keys.UpdateDeployKey(60, k.ID, &gitlab.UpdateDeployKeyOptions{Title: gitlab.Ptr("renamed"), CanPush: gitlab.Ptr(false)}))
	if changed.CanPush || changed.Title != "renamed" {
		i.Errorf("changed: got %+v", changed)
	}
	i.pushesRef("may push no longer", by, "acme/app", "refs/heads/topic", false)
	b := read[*gitlab.ProtectedBranch](i, "get")(p.maintainer.ProtectedBranches.GetProtectedBranch(60, "main"))
	sameList(i, "the entry went with the right", entries(b.PushAccessLevels), "0 No one 0 0 0")

	public := made[*gitlab.InstanceDeployKey](i, "add a public key")(i.admin.DeployKeys.AddInstanceDeployKey(&gitlab.AddInstanceDeployKeyOptions{Title: gitlab.Ptr("all"), Key: gitlab.Ptr(world.Key(3))}))
	refused(i, "public key twice", 400, "fingerprint_sha256", "has already been taken")(i.admin.DeployKeys.AddInstanceDeployKey(&gitlab.AddInstanceDeployKeyOptions{Title: gitlab.Ptr("all"), Key: gitlab.Ptr(world.Key(3))}))
	made[*gitlab.ProjectDeployKey](i, "enable a public key")(keys.EnableDeployKey(60, public.ID))
	refused(i, "rename a public key", 403)(keys.UpdateDeployKey(60, public.ID, &gitlab.UpdateDeployKeyOptions{Title: gitlab.Ptr("mine")}))
	refused(i, "by a maintainer", 403)(keys.ListAllDeployKeys(nil))
	all := read[[]*gitlab.InstanceDeployKey](i, "list all")(i.admin.DeployKeys.ListAllDeployKeys(nil))
	if len(all) != 2 || len(all[0].ProjectsWithReadonlyAccess) != 2 || all[0].ProjectsWithReadonlyAccess[0].PathWithNamespace != "acme/app" {
		i.Errorf("all deploy keys: got %+v", all)
	}
	onlyPublic := read[[]*gitlab.InstanceDeployKey](i, "list public ones")(i.admin.DeployKeys.ListAllDeployKeys(&gitlab.ListInstanceDeployKeysOptions{Public: gitlab.Ptr(true)}))
	same(i, "public ones", len(onlyPublic), 1)
	title := func(k *gitlab.ProjectDeployKey) string { return k.Title }
	sameList(i, "keys of the project", names(read[[]*gitlab.ProjectDeployKey](i, "list")(keys.ListProjectDeployKeys(60, nil)), title), "renamed", "all")
	for who, want := range map[string][]string{"mia": {"all", "renamed"}, "dev": nil} {
		of := names(read[[]*gitlab.ProjectDeployKey](i, "list of "+who)(i.admin.DeployKeys.ListUserProjectDeployKeys(who, nil)), title)
		slices.Sort(of)
		sameList(i, "keys of "+who, of, want...)
	}

	done(i, "remove", 204)(keys.DeleteDeployKey(60, k.ID))
	absent(i, "remove again")(keys.DeleteDeployKey(60, k.ID))
	same(i, "still elsewhere", read[*gitlab.ProjectDeployKey](i, "get")(keys.GetDeployKey(61, k.ID)).ID, k.ID)
	done(i, "remove from the last project", 204)(keys.DeleteDeployKey(61, k.ID))
	absent(i, "a private key without projects is gone")(i.admin.Keys.GetKeyWithUser(k.ID))
	done(i, "remove a public key", 204)(keys.DeleteDeployKey(60, public.ID))
	same(i, "a public key stays", len(read[[]*gitlab.InstanceDeployKey](i, "list all")(i.admin.DeployKeys.ListAllDeployKeys(nil))), 1)
	i.pushesRef("removed", by, "acme/app", "refs/heads/topic", false)
}
