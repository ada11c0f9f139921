package clients_test

import (
	"fmt"
	"strings"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"gatehouse/tests/world"
)

// projectWorld has a private project, in a group and in a subgroup.
const projectWorld = `
groups: [{id: 50, path: acme}, {id: 51, path: acme/tools}]
projects:
  - {id: 60, path: acme/app, default_branch: main, empty: false}
  - {id: 61, path: acme/tools/cli, default_branch: main, empty: false}
`

// keyFlow adds, reads and removes SSH keys, as a user and as the administrator.
func keyFlow(i instance) {
	i.data.Apply(i.T, projectWorld)
	mia, hers := i.newUser("mia")
	max, _ := i.newUser("max")
	made[*gitlab.GroupMember](i, "add member")(i.admin.GroupMembers.AddGroupMember("acme", &gitlab.AddGroupMemberOptions{UserID: &mia.ID, AccessLevel: gitlab.Ptr(gitlab.DeveloperPermissions)}))

	own := made[*gitlab.SSHKey](i, "add own key")(hers.Users.AddSSHKey(&gitlab.AddSSHKeyOptions{
		Title: gitlab.Ptr("laptop"), Key: gitlab.Ptr(world.Key(1) + " mia@laptop"), ExpiresAt: day(10), UsageType: gitlab.Ptr("auth"),
	}))
	recent(i, "created_at", own.CreatedAt)
	wantEqual(i, "own key", own, &gitlab.SSHKey{ID: own.ID, Title: "laptop", Key: own.Key, CreatedAt: own.CreatedAt, ExpiresAt: gitlab.Ptr(time.Time(*day(10))), UsageType: "auth"})
	sameKey(i, "own key", own.Key, world.Key(1))
	wantEqual(i, "own key, read", read[*gitlab.SSHKey](i, "get")(hers.Users.GetSSHKey(own.ID)), own)
	wantEqual(i, "key, read by the administrator", read[*gitlab.SSHKey](i, "get")(i.admin.Users.GetSSHKeyForUser(mia.ID, own.ID)), own)
	i.pushes("own key", byKey(own), "acme/app", true)

	given := made[*gitlab.SSHKey](i, "add key for her")(i.admin.Users.AddSSHKeyForUser(mia.ID, &gitlab.AddSSHKeyOptions{Title: gitlab.Ptr("desk"), Key: gitlab.Ptr("  " + world.Key(2) + "\n")}))
	same(i, "usage_type", given.UsageType, "auth_and_signing")
	if given.ExpiresAt != nil {
		i.Errorf("expires_at: got %v", given.ExpiresAt)
	}
	i.pushes("given key", byKey(given), "acme/app", true)
	signing := made[*gitlab.SSHKey](i, "add key for signing")(hers.Users.AddSSHKey(&gitlab.AddSSHKeyOptions{Title: gitlab.Ptr("seal"), Key: gitlab.Ptr(world.Key(3)), UsageType: gitlab.Ptr("signing")}))
	i.pushes("key for signing", byKey(signing), "acme/app", false)
	absent(i, "key of another user")(i.admin.Users.GetSSHKey(own.ID))
	absent(i, "key under another user")(i.admin.Users.GetSSHKeyForUser(max.ID, own.ID))

	titles := func(what string, keys []*gitlab.SSHKey, want ...string) {
		i.Helper()
		sameList(i, what, names(keys, func(k *gitlab.SSHKey) string { return k.Title }), want...)
	}
	titles("own keys", read[[]*gitlab.SSHKey](i, "list")(hers.Users.ListSSHKeys(nil)), "laptop", "desk", "seal")
	titles("keys by number", read[[]*gitlab.SSHKey](i, "list")(i.admin.Users.ListSSHKeysForUser(mia.ID, nil)), "laptop", "desk", "seal")
	titles("keys by name", read[[]*gitlab.SSHKey](i, "list")(i.admin.Users.ListSSHKeysForUser("mia", nil)), "laptop", "desk", "seal")
	titles("keys by name with @", read[[]*gitlab.SSHKey](i, "list")(hers.Users.ListSSHKeysForUser("@mia", nil)), "laptop", "desk", "seal")
	titles("keys page by page", collect(i, "list", func(p gitlab.PaginationOptionFunc) ([]*gitlab.SSHKey, *gitlab.Response, error) {
		return i.admin.Users.ListSSHKeysForUser(mia.ID, &gitlab.ListSSHKeysForUserOptions{ListOptions: gitlab.ListOptions{PerPage: 1}}, p)
	}), "laptop", "desk", "seal")
	titles("keys of a user without", read[[]*gitlab.SSHKey](i, "list")(i.admin.Users.ListSSHKeysForUser(max.ID, nil)))
	absent(i, "keys of an absent user")(i.admin.Users.ListSSHKeysForUser("none", nil))

	add := func(line string, title *string, expires *gitlab.ISOTime) (*gitlab.SSHKey, *gitlab.Response, error) {
		return i.admin.Users.AddSSHKeyForUser(max.ID, &gitlab.AddSSHKeyOptions{Key: &line, Title: title, ExpiresAt: expires})
	}
	title := gitlab.Ptr("title")
	refused(i, "key that is there", 400, "fingerprint_sha256", "has already been taken")(add(world.Key(1), title, nil))
	refused(i, "no key", 400, "key", "is invalid")(add("ssh-ed25519 nothing", title, nil))
	refused(i, "two lines", 400, "key")(add(world.Key(4)+"\n"+world.Key(5), title, nil))
	refused(i, "expired", 400, "expires_at")(add(world.Key(4), title, day(-3)))
	refused(i, "without a title", 400, "title")(add(world.Key(4), nil, nil))
	refused(i, "without a key", 400, "key is missing")(i.admin.Users.AddSSHKeyForUser(max.ID, &gitlab.AddSSHKeyOptions{Title: title}))
	absent(i, "key of an absent user")(i.admin.Users.AddSSHKeyForUser(999, &gitlab.AddSSHKeyOptions{Key: gitlab.Ptr(world.Key(4)), Title: title}))

	byNumber := read[*gitlab.Key](i, "key with user")(i.admin.Keys.GetKeyWithUser(own.ID))
	same(i, "user of the key", byNumber.User.Username, "mia")
	sameKey(i, "key with user", byNumber.Key, world.Key(1))
	record := i.data.List(i.T, "keys")
	fingerprint := ""
	for _, r := range record {
		for _, f := range r {
			if text, ok := f.Value.(string); ok && f.Name == "fingerprint" && fingerprint == "" {
				fingerprint = text
			}
		}
	}
	for _, text := range []string{fingerprint, strings.TrimPrefix(fingerprint, "SHA256:")} {
		found := read[*gitlab.Key](i, "key by fingerprint")(i.admin.Keys.GetKeyByFingerprint(&gitlab.GetKeyByFingerprintOptions{Fingerprint: text}))
		wantEqual(i, "key by fingerprint "+text, found, byNumber)
	}
	absent(i, "key by an unknown fingerprint")(i.admin.Keys.GetKeyByFingerprint(&gitlab.GetKeyByFingerprintOptions{Fingerprint: "SHA256:" + strings.Repeat("A", 43)}))
	refused(i, "key by a malformed fingerprint", 400)(i.admin.Keys.GetKeyByFingerprint(&gitlab.GetKeyByFingerprintOptions{Fingerprint: "short"}))
	absent(i, "absent key with user")(i.admin.Keys.GetKeyWithUser(999))
	refused(i, "key with user, by a user", 403)(hers.Keys.GetKeyWithUser(own.ID))

	done(i, "delete own key", 204)(hers.Users.DeleteSSHKey(own.ID))
	i.pushes("deleted key", byKey(own), "acme/app", false)
	done(i, "delete her key", 204)(i.admin.Users.DeleteSSHKeyForUser(mia.ID, given.ID))
	i.pushes("key deleted by the administrator", byKey(given), "acme/app", false)
	absent(i, "delete a deleted key")(hers.Users.DeleteSSHKey(own.ID))
	absent(i, "delete a deleted key of hers")(i.admin.Users.DeleteSSHKeyForUser(mia.ID, given.ID))
	absent(i, "get a deleted key")(hers.Users.GetSSHKey(own.ID))
	again := made[*gitlab.SSHKey](i, "add a deleted key")(add(world.Key(1), title, nil))
	i.pushes("key of a stranger now", byKey(again), "acme/app", false)
}

// sameKey fails the test unless the line has the type and the text of the key, whatever
// comment it has.
func sameKey(i instance, what, line, want string) {
	i.Helper()
	if fields := strings.Fields(line); len(fields) < 2 || strings.Join(fields[:2], " ") != want {
		i.Errorf("%s: got the line %q, want %q", what, line, want)
	}
}

// tokenFlow makes, lists, rotates and revokes personal access tokens.
func tokenFlow(i instance) {
	mia, hers := i.newUser("mia")
	tokens := i.admin.PersonalAccessTokens
	token := made[*gitlab.PersonalAccessToken](i, "create")(i.admin.Users.CreatePersonalAccessToken(mia.ID, &gitlab.CreatePersonalAccessTokenOptions{
		Name: gitlab.Ptr("robot"), Description: gitlab.Ptr("for a robot"), ExpiresAt: day(20), Scopes: &[]string{"read_api", "read_repository"},
	}))
	i.Log.Hide(token.Token)
	recent(i, "created_at", token.CreatedAt)
	want := &gitlab.PersonalAccessToken{
		ID: token.ID, Name: "robot", Description: "for a robot", Scopes: []string{"read_api", "read_repository"}, UserID: mia.ID, Active: true,
		CreatedAt: token.CreatedAt, ExpiresAt: day(20), Token: token.Token,
	}
	wantEqual(i, "created token", token, want)
	if len(token.Token) < 20 || !strings.HasPrefix(token.Token, "glpat-") {
		i.Errorf("the text of the token has %d characters", len(token.Token))
	}
	want.Token = "" // it is shown once
	wantEqual(i, "read token", read[*gitlab.PersonalAccessToken](i, "get")(tokens.GetSinglePersonalAccessTokenByID(token.ID)), want)

	robot := i.client(token.Token)
	self := read[*gitlab.PersonalAccessToken](i, "self")(robot.PersonalAccessTokens.GetSinglePersonalAccessToken())
	same(i, "self", self.ID, token.ID)
	refused(i, "write with read_api", 403, "insufficient_scope")(robot.Users.AddSSHKey(&gitlab.AddSSHKeyOptions{Title: gitlab.Ptr("x"), Key: gitlab.Ptr("x")}))
	refused(i, "token of another user", 401)(hers.PersonalAccessTokens.GetSinglePersonalAccessTokenByID(1))
	absent(i, "absent token")(tokens.GetSinglePersonalAccessTokenByID(999))
	refused(i, "tokens of another user", 401)(hers.PersonalAccessTokens.ListPersonalAccessTokens(&gitlab.ListPersonalAccessTokensOptions{UserID: gitlab.Ptr(int64(1))}))
	refused(i, "unknown scope", 400, "scopes does not have a valid value")(i.admin.Users.CreatePersonalAccessToken(mia.ID, &gitlab.CreatePersonalAccessTokenOptions{Name: gitlab.Ptr("x"), Scopes: &[]string{"everything"}}))
	refused(i, "without a name", 400, "name is missing")(i.admin.Users.CreatePersonalAccessToken(mia.ID, &gitlab.CreatePersonalAccessTokenOptions{Scopes: &[]string{"api"}}))
	refused(i, "for a user, by a user", 403)(hers.Users.CreatePersonalAccessToken(mia.ID, &gitlab.CreatePersonalAccessTokenOptions{Name: gitlab.Ptr("x"), Scopes: &[]string{"api"}}))
	refused(i, "own token with a scope for more", 400, "scopes does not have a valid value")(hers.Users.CreatePersonalAccessTokenForCurrentUser(&gitlab.CreatePersonalAccessTokenForCurrentUserOptions{Name: gitlab.Ptr("x"), Scopes: &[]string{"api"}}))
	own := made[*gitlab.PersonalAccessToken](i, "own token")(hers.Users.CreatePersonalAccessTokenForCurrentUser(&gitlab.CreatePersonalAccessTokenForCurrentUserOptions{
		Name: gitlab.Ptr("turns"), Scopes: &[]string{"self_rotate"}, ExpiresAt: day(5),
	}))
	i.Log.Hide(own.Token)
	same(i, "user of the own token", own.UserID, mia.ID)

	list := func(options gitlab.ListPersonalAccessTokensOptions) []string {
		i.Helper()
		options.UserID = &mia.ID
		options.PerPage = 1
		return names(collect(i, "list", func(p gitlab.PaginationOptionFunc) ([]*gitlab.PersonalAccessToken, *gitlab.Response, error) {
			return tokens.ListPersonalAccessTokens(&options, p)
		}), func(t *gitlab.PersonalAccessToken) string { return t.Name })
	}
	sorted := func(order string) gitlab.ListPersonalAccessTokensOptions {
		return gitlab.ListPersonalAccessTokensOptions{Sort: &order}
	}
	sameList(i, "by creation", list(sorted("created_asc")), "test", "robot", "turns")
	sameList(i, "by creation, newest first", list(sorted("created_desc")), "turns", "robot", "test")
	sameList(i, "by name", list(sorted("name_asc")), "robot", "test", "turns")
	sameList(i, "by name, downwards", list(sorted("name_desc")), "turns", "test", "robot")
	sameList(i, "search", list(gitlab.ListPersonalAccessTokensOptions{Search: gitlab.Ptr("OBO")}), "robot")
	sameList(i, "expires before", list(gitlab.ListPersonalAccessTokensOptions{ExpiresBefore: day(10)}), "turns")
	sameList(i, "expires after", list(gitlab.ListPersonalAccessTokensOptions{ExpiresAfter: day(25)}), "test")
	sameList(i, "created later", list(gitlab.ListPersonalAccessTokensOptions{CreatedAfter: day(2)}))
	sameList(i, "revoked", list(gitlab.ListPersonalAccessTokensOptions{Revoked: gitlab.Ptr(true)}))
	same(i, "her list", len(read[[]*gitlab.PersonalAccessToken](i, "list")(hers.PersonalAccessTokens.ListPersonalAccessTokens(nil))), 3)
	refused(i, "unknown state", 400, "state does not have a valid value")(tokens.ListPersonalAccessTokens(&gitlab.ListPersonalAccessTokensOptions{State: gitlab.Ptr("x")}))

	next := read[*gitlab.PersonalAccessToken](i, "rotate")(tokens.RotatePersonalAccessTokenByID(token.ID, &gitlab.RotatePersonalAccessTokenOptions{ExpiresAt: day(9)}))
	i.Log.Hide(next.Token)
	sameList(i, "scopes of the new token", next.Scopes, "read_api", "read_repository")
	same(i, "name of the new token", next.Name, "robot")
	sameDay(i, "expiry of the new token", next.ExpiresAt, day(9))
	refused(i, "the old token", 401, "invalid_token")(robot.Users.CurrentUser())
	robot = i.client(next.Token)
	read[*gitlab.User](i, "the new token")(robot.Users.CurrentUser())
	sameList(i, "revoked", list(gitlab.ListPersonalAccessTokensOptions{Revoked: gitlab.Ptr(true)}), "robot")
	sameList(i, "inactive", list(gitlab.ListPersonalAccessTokensOptions{State: gitlab.Ptr("inactive")}), "robot")
	refused(i, "rotate the old token", 400)(tokens.RotatePersonalAccessTokenByID(token.ID, nil))
	refused(i, "the new token, whose family is revoked", 401, "invalid_token")(robot.Users.CurrentUser())

	turning := i.client(own.Token)
	turned := read[*gitlab.PersonalAccessToken](i, "rotate itself")(turning.PersonalAccessTokens.RotatePersonalAccessTokenSelf(nil))
	i.Log.Hide(turned.Token)
	sameDay(i, "expiry without a wish", turned.ExpiresAt, day(7))
	refused(i, "the token that rotated itself", 401)(turning.PersonalAccessTokens.GetSinglePersonalAccessToken())
	turning = i.client(turned.Token)
	refused(i, "rotate another one", 403)(turning.PersonalAccessTokens.RotatePersonalAccessToken(token.ID, nil))
	done(i, "revoke itself", 204)(turning.PersonalAccessTokens.RevokePersonalAccessTokenSelf())
	refused(i, "revoked by itself", 401, "invalid_token")(turning.PersonalAccessTokens.GetSinglePersonalAccessToken())

	read[*gitlab.User](i, "before the revocation")(hers.Users.CurrentUser())
	first := read[[]*gitlab.PersonalAccessToken](i, "list")(tokens.ListPersonalAccessTokens(&gitlab.ListPersonalAccessTokensOptions{UserID: &mia.ID, State: gitlab.Ptr("active")}))
	sameList(i, "active", names(first, func(t *gitlab.PersonalAccessToken) string { return t.Name }), "test")
	done(i, "revoke", 204)(tokens.RevokePersonalAccessTokenByID(first[0].ID))
	refused(i, "revoked token", 401, "invalid_token")(hers.Users.CurrentUser())
	refused(i, "revoke again", 400)(tokens.RevokePersonalAccessTokenByID(first[0].ID))
	absent(i, "revoke an absent token")(tokens.RevokePersonalAccessTokenByID(999))
	shown := read[*gitlab.PersonalAccessToken](i, "get a revoked one")(tokens.GetSinglePersonalAccessTokenByID(first[0].ID))
	same(i, "revoked and active", fmt.Sprint(shown.Revoked, shown.Active), "true false")
}
