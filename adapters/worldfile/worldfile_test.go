package worldfile_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"gatehouse/adapters/worldfile"
	"gatehouse/application/worldimport"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

const (
	lineOne   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOvKy2r6+1RVVOSrGDdPiuIvYr3FGIiwZjyc4LEowq59"
	lineTwo   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKWWb9nE3WcnAFfmfz2yR/qS0TpcVCVSwwmKT/EAq8wn"
	lineThree = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDu1YY7fTYMzg/sZn38aim9rs0lvqzyUE4aNrIC43BG0"
	printOne  = "8B2S77yHGdZor+5kDYpdbOno9aNBagJHKuOv1PAZDVg"
	printTwo  = "Bgsd6uSrTStm5+8jr5dtyBcQ8voJM33EK6vpUfMePv8"
)

// example is the world file of the documentation, and what else a row may say.
const example = `users:
  - {id: 2, username: dev, name: Dede, email: dev@example.com, public_email: Dev@example.com, state: active, admin: false, external: false,
     two_factor: {totp_secret: JBSWY3DPEHPK3PXP}}
  - username: robot
    type: service_account
    state: blocked_pending_approval
    email_confirmed: false
    terms_accepted: true
    namespace_id: 77
    password_expires_at: 2027-01-31T18:00:00+02:00
groups:
  - {id: 5, path: acme, visibility: private, allowed_ips: [192.0.2.1/24, "2001:db8::1", "::ffff:10.1.2.3/104"], protocols: all}
  - {id: 6, path: tools, visibility: internal, protocols: ssh, require_ssh_certificates: true,
     default_branch_protection: 0, pending_delete: true}
projects:
  - {id: 42, path: acme/tools/cli, visibility: private, archived: false, read_only: false,
     repository: enabled, wiki: private, lfs: true, default_branch: main, empty: false, storage: default,
     moved_from: [old/cli],
     protected_branches: [{name: main, push: maintainer, merge: developer, allow_force_push: false}],
     protected_tags: [{name: "v*", create: maintainer}]}
  - {path: acme/bare, lfs: false, storage: second, legacy_path: acme/bare, pending_delete: true, empty: null}
  - path: acme/listed
    protected_branches:
      - {name: release/*, allow_force_push: true, push: [none, {user: dev}, {group: acme}, {deploy_key: 201}], merge: admin}
      - {name: idle, push: []}
  - {path: acme/tagged, protected_tags: []}
members:
  - {user: dev, project: acme/tools/cli, role: developer, expires_at: 2027-01-01}
  - {user: own, group: acme, role: security_manager, state: requested, expires_at: "2027-01-01T00:00:00Z"}
shares:
  - {project: acme/tools/cli, with: guests, role: reporter}
  - {group: acme, with: guests, role: minimal, expires_at: 2027-01-01}
keys:
  - {id: 102, user: dev, title: laptop, key: "` + lineOne + ` dev@laptop", usage: signing, expires_at: 2027-01-01, created_at: 2024-01-02T03:04:05.6789129Z}
deploy_keys:
  - {id: 201, title: robot, key: "` + lineTwo + ` robot@ci", creator: maint, expires_at: null,
     projects: [{project: acme/tools/cli, can_push: true}, {project: acme/bare}]}
access_tokens:
  - {user: root, name: portal, scopes: [api, k8s_proxy], token: glpat-one, expires_at: null}
  - {user: root, name: old, scopes: [api], token: glpat-two, expires_at: 2027-01-01, revoked: true}
agents:
  - {id: 5, name: prod, project: acme/infra, created_by: maint, tokens: [{name: default, token: secret},
     {name: gone, token: other, revoked: true}]}
broadcast_messages:
  - {message: Hello from post-receive, type: banner, starts_at: 2026-01-01T00:00:00Z, ends_at: 2027-01-01, target_path: null}
  - {message: Quiet, type: notification, show_in_git: false, target_path: acme/*}
`

func line(line int) worldimport.FileLine { return worldimport.FileLine{Line: line} }

func day(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }

func want() worldimport.World {
	none := source.NotProtected
	profile := identity.Profile{CanCreateGroup: true, ProjectsLimit: identity.DefaultProjectsLimit}
	group := source.GroupProfile{ProjectCreation: source.DeveloperProjects, SubgroupCreation: source.MaintainerSubgroups}
	format := source.ProjectProfile{ObjectFormat: "sha1"}
	return worldimport.World{
		Users: []worldimport.User{
			{FileLine: line(2), Profile: profile, User: identity.User{ID: 2, Username: "dev", Name: "Dede", Email: "dev@example.com", PublicEmail: "Dev@example.com",
				State: identity.Active, Type: identity.Human, EmailConfirmed: true, CredentialVersion: 1, TwoFactor: true},
				TOTPSecret: "JBSWY3DPEHPK3PXP"},
			{FileLine: line(4), Profile: profile, NamespaceID: 77, User: identity.User{Username: "robot", Name: "robot", TermsAccepted: true,
				State: identity.PendingApproval, Type: identity.ServiceAccount, CredentialVersion: 1,
				PasswordExpiresAt: time.Date(2027, 1, 31, 16, 0, 0, 0, time.UTC)}},
		},
		Groups: []worldimport.Group{
			{FileLine: line(12), Profile: group, Visibility: source.Private, Namespace: source.Namespace{ID: 5, Path: "acme", Protocols: source.AllProtocols,
				AllowedIPs: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::1/128"), netip.MustParsePrefix("10.0.0.0/8")}}},
			{FileLine: line(13), Profile: group, Visibility: source.Internal, DefaultBranchProtection: &none, PendingDelete: true,
				Namespace: source.Namespace{ID: 6, Path: "tools", Protocols: source.OnlySSH, RequireSSHCertificates: true}},
		},
		Projects: []worldimport.Project{
			{FileLine: line(16), Profile: format, MovedFrom: []source.Path{"old/cli"},
				Project: source.Project{ID: 42, LFS: true, Path: "acme/tools/cli", Visibility: source.Private,
					Repository: source.FeatureEnabled, Wiki: source.FeaturePrivate, Storage: "default", DefaultBranch: "main"},
				Protections: []worldimport.Protection{
					{FileLine: line(19), Kind: source.Branch, Pattern: "main",
						Push:      []worldimport.Access{{FileLine: line(19), Role: source.Maintainer}},
						Merge:     []worldimport.Access{{FileLine: line(19), Role: source.Developer}},
						Unprotect: []worldimport.Access{{FileLine: line(19), Role: source.Maintainer}}},
					{FileLine: line(20), Kind: source.Tag, Pattern: "v*", Create: []worldimport.Access{{FileLine: line(20), Role: source.Maintainer}}},
				}},
			{FileLine: line(21), Profile: format, PendingDelete: true, Project: source.Project{Path: "acme/bare", Visibility: source.Private,
				Repository: source.FeatureEnabled, Wiki: source.FeatureEnabled, Storage: "second", LegacyPath: "acme/bare"}},
			{FileLine: line(22), Profile: format, Project: source.Project{LFS: true, Path: "acme/listed", Visibility: source.Private,
				Repository: source.FeatureEnabled, Wiki: source.FeatureEnabled, Storage: "default"},
				Protections: []worldimport.Protection{
					{FileLine: line(24), Kind: source.Branch, Pattern: "release/*", AllowForcePush: true,
						Push: []worldimport.Access{{FileLine: line(24)}, {FileLine: line(24), User: "dev"},
							{FileLine: line(24), Group: "acme"}, {FileLine: line(24), DeployKey: 201}},
						Merge:     []worldimport.Access{{FileLine: line(24), Role: source.AdminsOnly}},
						Unprotect: []worldimport.Access{{FileLine: line(24), Role: source.Maintainer}}},
					{FileLine: line(25), Kind: source.Branch, Pattern: "idle",
						Push:      []worldimport.Access{{FileLine: line(25)}},
						Merge:     []worldimport.Access{{FileLine: line(25), Role: source.Maintainer}},
						Unprotect: []worldimport.Access{{FileLine: line(25), Role: source.Maintainer}}},
				}},
			{FileLine: line(26), Profile: format, Project: source.Project{LFS: true, Path: "acme/tagged", Visibility: source.Private,
				Repository: source.FeatureEnabled, Wiki: source.FeatureEnabled, Storage: "default"},
				Protections: []worldimport.Protection{}, ProtectDefault: true},
		},
		Members: []worldimport.Member{
			{FileLine: line(28), User: "dev", Project: "acme/tools/cli", Role: source.Developer, State: worldimport.MemberActive, ExpiresAt: day(2027)},
			{FileLine: line(29), User: "own", Group: "acme", Role: source.SecurityManager, State: worldimport.MemberRequested, ExpiresAt: day(2027)},
		},
		Shares: []worldimport.Share{
			{FileLine: line(31), Project: "acme/tools/cli", With: "guests", Role: source.Reporter},
			{FileLine: line(32), Group: "acme", With: "guests", Role: source.Minimal, ExpiresAt: day(2027)},
		},
		Keys: []worldimport.Key{{FileLine: line(34), User: "dev", Key: identity.Key{ID: 102, Kind: identity.UserKey, Title: "laptop",
			Line: lineOne, Fingerprint: printOne, Usage: identity.SigningOnly, ExpiresAt: day(2027),
			CreatedAt: time.Date(2024, 1, 2, 3, 4, 5, 678912000, time.UTC)}}},
		DeployKeys: []worldimport.DeployKey{{FileLine: line(36), Creator: "maint", Key: identity.Key{ID: 201, Kind: identity.DeployKey, Title: "robot",
			Line: lineTwo, Comment: "robot@ci", Fingerprint: printTwo, Usage: identity.AuthAndSigning},
			Projects: []worldimport.DeployKeyProject{{FileLine: line(37), Path: "acme/tools/cli", CanPush: true}, {FileLine: line(37), Path: "acme/bare"}}}},
		AccessTokens: []worldimport.AccessToken{
			{FileLine: line(39), User: "root", Name: "portal", Scopes: []string{"api", "k8s_proxy"}, Digest: identity.DigestToken("glpat-one")},
			{FileLine: line(40), User: "root", Name: "old", Scopes: []string{"api"}, Digest: identity.DigestToken("glpat-two"), ExpiresAt: day(2027), Revoked: true},
		},
		Agents: []worldimport.Agent{{FileLine: line(42), ID: 5, Name: "prod", Project: "acme/infra", CreatedBy: "maint",
			Tokens: []worldimport.AgentToken{
				{FileLine: line(42), Name: "default", Digest: identity.DigestToken("secret")},
				{FileLine: line(43), Name: "gone", Digest: identity.DigestToken("other"), Revoked: true},
			}}},
		Broadcasts: []worldimport.Broadcast{
			{FileLine: line(45), Message: "Hello from post-receive", Type: worldimport.BannerBroadcast, StartsAt: day(2026), EndsAt: day(2027), ShowInGit: true},
			{FileLine: line(46), Message: "Quiet", Type: worldimport.NotificationBroadcast, TargetPath: "acme/*"},
		},
	}
}

func TestParse_totpSecret(t *testing.T) {
	t.Parallel()
	for secret, want := range map[string]string{
		"JBSWY3DPEHPK3PXP": "JBSWY3DPEHPK3PXP", "jbsw y3dp ehpk 3pxp": "JBSWY3DPEHPK3PXP", "JBSWY3DPEHPK3PXPGE======": "JBSWY3DPEHPK3PXPGE",
		"JBSWY3DPEHPK3PXPA": "", "JBSWY3DP": "", "JBSWY3DPEHPK3PX1": "",
	} {
		world, err := worldfile.Parse([]byte("users: [{username: a, two_factor: {totp_secret: \"" + secret + "\"}}]"))
		switch {
		case want == "" && (err == nil || strings.Contains(err.Error(), secret)):
			t.Errorf("%s: got %v, want a mistake that does not repeat it", secret, err)
		case want != "" && (err != nil || world.Users[0].TOTPSecret != want):
			t.Errorf("%s: got %+v, %v, want %q", secret, world.Users, err, want)
		}
	}
}

func TestParse_example(t *testing.T) {
	t.Parallel()
	got, err := worldfile.Parse([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	options := []cmp.Option{cmpopts.EquateComparable(netip.Prefix{}), cmpopts.IgnoreFields(worldimport.FileLine{}, "Given")}
	if diff := cmp.Diff(want(), got, options...); diff != "" {
		t.Errorf("world (-want +got):\n%s", diff)
	}
}

// A row knows which members its entry has, and on which lines.
func TestParse_given(t *testing.T) {
	t.Parallel()
	got, err := worldfile.Parse([]byte(`users:
  - username: dev
    email: null
projects:
  - {path: a/b, empty: null, default_branch: null, protected_branches: null}
agents:
  - name: prod
    project: a/b
    tokens: [{name: x,
      token: y}]
`))
	if err != nil {
		t.Fatal(err)
	}
	member := func(name string, line int) worldimport.GivenMember {
		return worldimport.GivenMember{Name: name, Line: line}
	}
	for what, c := range map[string]struct{ want, got []worldimport.GivenMember }{
		"user":    {[]worldimport.GivenMember{member("username", 2), member("email", 3)}, got.Users[0].Given},
		"project": {[]worldimport.GivenMember{member("path", 5), member("default_branch", 5), member("protected_branches", 5)}, got.Projects[0].Given},
		"token":   {[]worldimport.GivenMember{member("name", 9), member("token", 10)}, got.Agents[0].Tokens[0].Given},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	if u := got.Users[0]; !u.Gives("email") || u.Gives("name") {
		t.Errorf("got %v, want a user with an e-mail and no name", u.Given)
	}
}

// The profiles of rows, and what else has no effect on Git.
func TestParse_profiles(t *testing.T) {
	t.Parallel()
	got, err := worldfile.Parse([]byte(`users:
  - {username: dev, can_create_group: false, projects_limit: 3, note: hm, settings: {bio: x, theme_id: 2, private_profile: true, pronouns: null},
     created_at: 2020-01-02, created_by: root}
groups:
  - {path: acme, name: Acme, description: d, lfs: false, project_creation: noone, subgroup_creation: owner, share_lock: true, membership_lock: true,
     require_two_factor: true, settings: {wiki_access_level: private, default_branch_protection_defaults: {allowed_to_merge: [{access_level: 30}]}}, created_at: 2020-01-02}
projects:
  - {path: acme/p, name: P, description: d, creator: dev, topics: [x, y], settings: {any: 1, list: [a, 1], nested: {a: b}}, object_format: sha256,
     created_at: 2020-01-02, updated_at: 2020-01-03}
members: [{user: dev, group: acme, role: guest, created_at: 2020-01-02, created_by: root}]
shares: [{project: acme/p, with: acme, role: guest, created_at: 2020-01-02, created_by: root}]
deploy_keys: [{key: "` + lineOne + `", public: true}]
access_tokens: [{user: dev, name: a, description: d, scopes: [api], digest: ` + strings.Repeat("0a", 32) + `, created_at: 2020-01-02}]
agents: [{name: a, project: acme/p, created_at: 2020-01-02, tokens: [{name: t, description: d, digest: ` + strings.Repeat("1B", 32) + `, created_at: 2020-01-02, creator: dev}]}]
hooks: [{project: acme/p, url: "https://x", name: n, description: d}]
`))
	if err != nil {
		t.Fatal(err)
	}
	second := time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC)
	creation := worldimport.Creation{CreatedAt: second, CreatedBy: "root"}
	no := false
	for what, c := range map[string]struct{ want, got any }{
		"user": {identity.Profile{ProjectsLimit: 3, Note: "hm", CreatedAt: second,
			Settings: remembered.Values{"bio": "x", "theme_id": int64(2), "private_profile": true, "pronouns": nil}}, got.Users[0].Profile},
		"created by": {"root", got.Users[0].CreatedBy},
		"group": {source.GroupProfile{Name: "Acme", Description: "d", LFS: &no, ProjectCreation: source.NoProjects, SubgroupCreation: source.OwnerSubgroups, ShareLock: true,
			MembershipLock: true, RequireTwoFactor: true, CreatedAt: second, Settings: remembered.Values{
				"wiki_access_level": "private", source.BranchDefaultsSetting: map[string]any{"allowed_to_merge": []any{map[string]any{"access_level": int64(30)}}},
			}}, got.Groups[0].Profile},
		"project": {source.ProjectProfile{Name: "P", Description: "d", Topics: []string{"x", "y"}, ObjectFormat: "sha256", CreatedAt: second, UpdatedAt: second.AddDate(0, 0, 1),
			Settings: remembered.Values{"any": int64(1), "list": []any{"a", int64(1)}, "nested": map[string]any{"a": "b"}}}, got.Projects[0].Profile},
		"creator":     {"dev", got.Projects[0].Creator},
		"member":      {creation, got.Members[0].Creation},
		"share":       {creation, got.Shares[0].Creation},
		"deploy key":  {true, got.DeployKeys[0].Key.Public},
		"token":       {[]any{strings.Repeat("0a", 32), "d", second}, []any{got.AccessTokens[0].Digest.Hex(), got.AccessTokens[0].Description, got.AccessTokens[0].CreatedAt}},
		"agent":       {second, got.Agents[0].CreatedAt},
		"agent token": {[]any{strings.Repeat("1b", 32), "d", worldimport.Creation{CreatedAt: second, CreatedBy: "dev"}}, []any{got.Agents[0].Tokens[0].Digest.Hex(), got.Agents[0].Tokens[0].Description, got.Agents[0].Tokens[0].Creation}},
		"hook":        {[]string{"n", "d"}, []string{got.Hooks[0].Hook.Name, got.Hooks[0].Hook.Description}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

func TestParse_empty(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "null\n", "{}", "users:\n", "users: []\n"} {
		got, err := worldfile.Parse([]byte(text))
		if err != nil || len(got.Users) > 0 {
			t.Errorf("%q: got %v, %v, want an empty world", text, got, err)
		}
	}
}

func TestParse_alias(t *testing.T) {
	t.Parallel()
	got, err := worldfile.Parse([]byte("groups:\n  - {path: a, allowed_ips: &office [192.0.2.0/24]}\n  - {path: b, allowed_ips: *office}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got.Groups[0].Namespace.AllowedIPs, got.Groups[1].Namespace.AllowedIPs, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("addresses (-first +second):\n%s", diff)
	}
}

// mistakes returns what Parse finds wrong, failing if it is of another type.
func mistakes(t *testing.T, text string) worldimport.Mistakes {
	t.Helper()
	_, err := worldfile.Parse([]byte(text))
	if err == nil {
		return nil
	}
	found, ok := errors.AsType[worldimport.Mistakes](err)
	if !ok {
		t.Fatalf("got %T, want Mistakes", err)
	}
	return found
}

func TestParse_mistakes(t *testing.T) {
	t.Parallel()
	for name, tt := range mistaken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := strings.Split(mistakes(t, tt.text).Error(), "\n")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever is done to an entry with secrets, none is told.
func TestParse_secrets(t *testing.T) {
	t.Parallel()
	const secret = "glpat-HUSH_hush"
	for _, text := range []string{
		"access_tokens:\n  - {user: root, name: a, scopes: " + secret + ", token: [" + secret + "]}\n",
		"access_tokens:\n  - {user: root, name: a, scopes: [" + secret + "], token: {" + secret + "}, " + secret + ": 1}\n",
		"access_tokens:\n  - {user: a, name: a, scopes: [api], token: " + secret + "}\n  - {user: b, name: b, scopes: [api], token: " + secret + "}\n",
		"access_tokens:\n  - {user: a, name: a, scopes: [api], token: *" + secret + "}\n",
		"access_tokens:\n  - {user: a, name: a, scopes: [api], token: !" + secret + " a: b}\n",
		"access_tokens:\n  - token: " + secret + ": oops\n",
		"access_tokens:\n  - token: \"" + secret + "\n",
		"access_tokens: " + secret + "\n",
		"agents:\n  - {id: " + secret + ", name: a, project: b/c, tokens: [" + secret + "]}\n",
		"agents:\n  - {name: a, project: b/c, tokens: [{name: x, token: " + secret + "}, {name: y, token: " + secret + "}]}\n",
		"users:\n  - {username: a, state: " + secret + ", admin: " + secret + ", two_factor: {totp_secret: [" + secret + "], " + secret + ": x}}\n",
		"keys:\n  - {user: a, key: " + secret + ", expires_at: " + secret + ", usage: " + secret + "}\n",
		"projects:\n  - {path: a/b, protected_branches: [{name: main, push: " + secret + ", merge: [{" + secret + ": 1}]}]}\n",
		"members:\n  - {user: a, group: b, role: " + secret + "}\n",
		secret,
		secret + ": 1",
	} {
		found := mistakes(t, text)
		if len(found) == 0 || strings.Contains(found.Error(), "HUSH") {
			t.Errorf("%s: got %v, want mistakes without the secret", text, found)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	for _, tt := range mistaken {
		f.Add([]byte(tt.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		world, err := worldfile.Parse(data)
		if err == nil {
			for _, u := range world.Users {
				if u.Line < 1 || u.User.Username == "" {
					t.Errorf("got user %+v, want one with a line and a name", u)
				}
			}
			return
		}
		for _, m := range mistakes(t, string(data)) {
			if m.Line < 1 || m.Message == "" {
				t.Errorf("got %+v, want a line and a message", m)
			}
		}
	})
}
