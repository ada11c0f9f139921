package worldfile_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"gatehouse/adapters/memory"
	"gatehouse/adapters/worldfile"
	"gatehouse/application/worldimport"
	"gatehouse/domain/hooks"
	"gatehouse/domain/identity"
	"gatehouse/domain/remembered"
	"gatehouse/domain/source"
)

// write returns the file of a store.
func write(t *testing.T, store *memory.Store, secrets bool) string {
	t.Helper()
	var out strings.Builder
	err := store.WorldSnapshot(t.Context(), secrets, func(c worldimport.Contents) error {
		return worldfile.Write(t.Context(), &out, c, secrets, func(int) {})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func importer(store *memory.Store) *worldimport.Importer {
	i := worldimport.New(store.WorldImport, source.FullyProtected, func() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) })
	i.InBatches(store.WorldScratch, 100)
	return i
}

func apply(t *testing.T, store *memory.Store, text string) {
	t.Helper()
	w, err := worldfile.Parse([]byte(text))
	if err == nil {
		_, err = importer(store).Import(t.Context(), w)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// changes returns how many changes the file would make.
func changes(t *testing.T, store *memory.Store, text string) []worldimport.Change {
	t.Helper()
	w, err := worldfile.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	check, err := importer(store).Check(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	return check.Changes
}

// written is a world with a row of every kind, most of whose members differ from what they
// are by default, and with texts that need care.
const written = `users:
  - {id: 2, username: dev, name: "Dede \"D\" O'Neil: #1, [x] {y} 🦊", email: dev@example.com, public_email: dev@example.com, state: blocked, admin: true, external: true,
     two_factor: {totp_secret: JBSWY3DPEHPK3PXP}, password_expires_at: 2027-01-02T03:04:05.678901Z, credential_version: 7, namespace_id: 9, can_create_group: false,
     projects_limit: 3, note: "two\nlines\t\u0085 \u2028\ufeff end ", settings: {bio: "yes", theme_id: 2, pronouns: null, private_profile: true}, created_at: 2026-01-01, created_by: late}
  - {id: 3, username: late, type: service_account, two_factor: {webauthn: true}, name: "null", created_at: null,
     emails: [{email: "#2@example.com", confirmed_at: 2026-01-02T03:04:05.678901Z}, {email: late@example.com}], public_email: "#2@example.com"}
groups:
  - {id: 5, path: Acme, allowed_ips: [192.0.2.0/24, "2001:db8::/32"], protocols: ssh, require_ssh_certificates: true, default_branch_protection: 3, name: "1e3", lfs: false,
     project_creation: noone, subgroup_creation: owner, share_lock: true, settings: {shared_runners_setting: disabled_with_override, default_branch_protection_defaults: {allow_force_push: true, allowed_to_push: [{access_level: 0}]}}, created_at: 2026-01-01}
  - {id: 6, path: acme/tools, pending_delete: true, created_at: 2026-01-01}
projects:
  - {id: 60, path: acme/tools/cli, default_branch: "0.1", empty: true, moved_from: [was/b, was/a], topics: ["#1", b], creator: dev, settings: {list: [x, {y: -1}], z: false},
     object_format: sha256, created_at: 2026-01-01, updated_at: 2026-01-02,
     protected_branches: [{name: "release/*", push: [none, {user: dev}, {group: acme}, {deploy_key: 72}], merge: [], unprotect: [admin, {user: dev}], allow_force_push: true}], protected_tags: [{name: "*"}]}
  - {id: 61, path: dev/toy, protected_branches: [], created_at: 2026-01-01, updated_at: 2026-01-01}
members: [{user: late, project: acme/tools/cli, role: developer, expires_at: 2027-01-01, created_at: null}, {user: dev, group: acme, role: owner, state: requested, created_at: 2026-01-01, created_by: late}]
shares: [{project: acme/tools/cli, with: acme, role: reporter, created_at: 2026-01-01, created_by: dev}]
keys: [{id: 71, user: dev, title: "a: b", usage: signing, key: "` + lineOne + `", created_at: 2026-01-01}]
deploy_keys: [{id: 72, title: robot, creator: late, public: true, key: "` + lineTwo + ` robot@ci", created_at: 2026-01-01, projects: [{project: dev/toy, can_push: true}, {project: acme/tools/cli}]}]
access_tokens: [{user: dev, name: "-", scopes: [api, read_user], digest: "0000000000000000000000000000000000000000000000000000000000000000", description: d, created_at: 2026-01-01, revoked: true}]
agents: [{id: 8, name: prod, project: acme/tools/cli, created_by: dev, created_at: 2026-01-01,
  tokens: [{name: default, digest: ab` + "12345678901234567890123456789012345678901234567890123456789012" + `, created_at: 2026-01-01, creator: dev}]}]
broadcast_messages: [{message: "Hello: [world]", type: notification, target_path: "acme/*", starts_at: 2026-01-01, ends_at: 2027-01-01T01:02:03Z, show_in_git: false}]
hooks: [{id: 9, group: acme, url: "https://ci.example.com/hook"}, {id: 10, project: dev/toy, url: "https://hush@ci.example.com/?hush", token: "hush hush", name: n, description: d}]
subscriptions: [{namespace: acme, plan_code: premium, start_date: 2026-01-01, seats: 3, auto_renew: false, trial: true, trial_starts_on: 2026-01-01}]
packs: [{namespace: dev, purchase_xid: "1", number_of_minutes: 100, expires_at: 2027-01-01}]
reconciliations: [{namespace: acme, next_reconciliation_date: 2027-01-10, display_alert_from: 2027-01-11}]
`

// The rows of written as a file, behind the heading.
const rewritten = `users:
  # left out of this row: two_factor
  - {id: 2, username: dev, name: "Dede \"D\" O'Neil: #1, [x] {y} 🦊", email: dev@example.com, public_email: dev@example.com, emails: [],
     state: blocked, type: human, admin: true, external: true, terms_accepted: false, email_confirmed: true,
     password_expires_at: 2027-01-02T03:04:05.678901Z, credential_version: 7, namespace_id: 9, can_create_group: false, projects_limit: 3,
     note: "two\nlines\t\x85 \u2028\ufeff end ", settings: {bio: "yes", private_profile: true, pronouns: null, theme_id: 2},
     created_at: 2026-01-01, created_by: late}
  - {id: 3, username: late, name: "null", email: null, public_email: "#2@example.com",
     emails: [{email: "#2@example.com", confirmed_at: 2026-01-02T03:04:05.678901Z}, {email: late@example.com, confirmed_at: null}],
     state: active, type: service_account, admin: false, external: false, terms_accepted: false, email_confirmed: true,
     password_expires_at: null, credential_version: 1, namespace_id: 10, two_factor: {webauthn: true}, can_create_group: true,
     projects_limit: 100000, note: "", settings: {}, created_at: null, created_by: null}
groups:
  - {id: 5, path: Acme, name: "1e3", description: "", visibility: private, allowed_ips: ["192.0.2.0/24", "2001:db8::/32"], protocols: ssh,
     require_ssh_certificates: true, default_branch_protection: 3, pending_delete: false, lfs: false, project_creation: noone,
     subgroup_creation: owner, share_lock: true, membership_lock: false, require_two_factor: false,
     settings: {default_branch_protection_defaults: {allow_force_push: true, allowed_to_push: [{access_level: 0}]}, shared_runners_setting: disabled_with_override},
     created_at: 2026-01-01}
  - {id: 6, path: Acme/tools, name: tools, description: "", visibility: private, default_branch_protection: null, pending_delete: true,
     lfs: null, project_creation: developer, subgroup_creation: maintainer, share_lock: false, membership_lock: false,
     require_two_factor: false, settings: {}, created_at: 2026-01-01}
projects:
  - {id: 60, path: Acme/tools/cli, name: cli, description: "", visibility: private, archived: false, read_only: false, repository: enabled,
     wiki: enabled, lfs: true, storage: default, legacy_path: null, default_branch: "0.1", empty: true, pending_delete: false,
     moved_from: [was/a, was/b], creator: dev, topics: ["#1", b], settings: {list: [x, {"y": -1}], z: false}, object_format: sha256,
     created_at: 2026-01-01, updated_at: 2026-01-02,
     protected_branches: [{name: "release/*", push: [none, {user: dev}, {group: Acme}, {deploy_key: 72}], merge: none, unprotect: [admin, {user: dev}], allow_force_push: true}],
     protected_tags: [{name: "*", create: maintainer}]}
  - {id: 61, path: dev/toy, name: toy, description: "", visibility: private, archived: false, read_only: false, repository: enabled,
     wiki: enabled, lfs: true, storage: default, legacy_path: null, default_branch: null, empty: false, pending_delete: false,
     moved_from: [], creator: null, topics: [], settings: {}, object_format: sha1, created_at: 2026-01-01, updated_at: 2026-01-01,
     protected_branches: [], protected_tags: []}
members:
  - {user: dev, group: Acme, role: owner, state: requested, expires_at: null, created_at: 2026-01-01, created_by: late}
  - {user: late, project: Acme/tools/cli, role: developer, state: active, expires_at: 2027-01-01, created_at: null, created_by: null}
shares:
  - {project: Acme/tools/cli, with: Acme, role: reporter, expires_at: null, created_at: 2026-01-01, created_by: dev}
keys:
  - {id: 71, user: dev, title: "a: b", usage: signing, created_at: 2026-01-01, expires_at: null,
     key: ` + lineOne + `}
deploy_keys:
  - {id: 72, title: robot, creator: late, public: true, projects: [{project: Acme/tools/cli, can_push: false},
     {project: dev/toy, can_push: true}], created_at: 2026-01-01, expires_at: null,
     key: ` + lineTwo + ` robot@ci}
access_tokens:
  - {user: dev, name: "-", description: d, scopes: [api, read_user], created_at: 2026-01-01, expires_at: null, revoked: true,
     digest: "0000000000000000000000000000000000000000000000000000000000000000"}
agents:
  - {id: 8, name: prod, project: Acme/tools/cli, created_by: dev, created_at: 2026-01-01,
     tokens: [{name: default, description: "", revoked: false, created_at: 2026-01-01, creator: dev, digest: ab12345678901234567890123456789012345678901234567890123456789012}]}
broadcast_messages:
  - {message: "Hello: [world]", type: notification, target_path: "acme/*", starts_at: 2026-01-01, ends_at: 2027-01-01T01:02:03Z,
     show_in_git: false}
hooks:
  - {id: 9, group: Acme, url: "https://ci.example.com/hook", name: "", description: "", token: null, push_events: true,
     tag_push_events: false, branch_filter: null, branch_filter_strategy: wildcard, enable_ssl_verification: true, custom_headers: [],
     url_variables: [], custom_webhook_template: null, settings: {}, created_at: 2026-07-01T12:00:00Z}
  # left out: hook 10 of project dev/toy, whose url has a secret: "https://***@ci.example.com/?***"
subscriptions:
  - {namespace: Acme, plan_code: premium, start_date: 2026-01-01, end_date: null, seats: 3, seats_in_use: 0, max_seats_used: 0,
     seats_owed: 0, auto_renew: false, trial: true, trial_starts_on: 2026-01-01, trial_ends_on: null, trial_extension_type: 0}
packs:
  - {namespace: dev, purchase_xid: "1", number_of_minutes: 100, expires_at: 2027-01-01}
reconciliations:
  - {namespace: Acme, next_reconciliation_date: 2027-01-10, display_alert_from: 2027-01-11}
`

func TestWrite(t *testing.T) {
	t.Parallel()
	store := memory.New()
	apply(t, store, written)
	got := write(t, store, false)
	heading, rows, _ := strings.Cut(got, "users:\n")
	if diff := cmp.Diff(strings.Split(rewritten, "\n"), strings.Split("users:\n"+rows, "\n")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	for line := range strings.Lines(heading) {
		if !strings.HasPrefix(line, "# ") || len(line) > 141 {
			t.Errorf("heading: got %q", line)
		}
	}
	if strings.Contains(got, "hush") || strings.Contains(got, "JBSWY3DPEHPK3PXP") || !strings.Contains(heading, "Secrets are left out") {
		t.Errorf("without secrets: got %s", got)
	}
	if c := changes(t, store, got); len(c) > 0 {
		t.Errorf("applied again: it changes %+v", c)
	}
	secrets := write(t, store, true)
	for _, secret := range []string{"totp_secret: JBSWY3DPEHPK3PXP", `url: "https://hush@ci.example.com/?hush"`, "token: hush hush", "This file has secrets"} {
		if !strings.Contains(secrets, secret) {
			t.Errorf("with secrets: got %s, want %s", secrets, secret)
		}
	}
	if c := changes(t, store, secrets); len(c) > 0 {
		t.Errorf("with secrets, applied again: it changes %+v", c)
	}
	other := memory.New()
	apply(t, other, secrets)
	if diff := cmp.Diff(secrets, write(t, other, true)); diff != "" {
		t.Errorf("of another store (-first +second):\n%s", diff)
	}
	other = memory.New()
	apply(t, other, got) // with what it leaves out missing
	if got := write(t, other, true); !strings.Contains(got, "two_factor: null") || strings.Contains(got, "{id: 10,") {
		t.Errorf("of another store without secrets: got %s", got)
	}
}

func TestWrite_empty(t *testing.T) {
	t.Parallel()
	text := write(t, memory.New(), false)
	if w, err := worldfile.Parse([]byte(text)); err != nil || strings.Contains(text, "users:") || len(w.Users) > 0 {
		t.Errorf("got %v, %s, want a heading alone", err, text)
	}
}

// What no world file can say is left out, so that the rest can be read.
func TestWrite_unreadable(t *testing.T) {
	t.Parallel()
	store := memory.New()
	err := store.WorldImport(t.Context(), func(tx worldimport.Tx) error {
		u := worldimport.User{User: identity.User{ID: 1, Username: "dev", State: identity.Active, Type: identity.Human, PasswordExpiresAt: time.Date(1, 2, 3, 4, 5, 6, 0, time.UTC)}}
		u.Profile.Note, u.Profile.Settings = "a\x00b", remembered.Values{"gone": int64(1)}
		_, err := tx.Users.Put(t.Context(), u)
		g := worldimport.Group{Namespace: source.Namespace{ID: 5, Path: "acme", Protocols: source.AllProtocols}, Visibility: source.Private}
		_, err2 := tx.Namespaces.PutGroup(t.Context(), g)
		g.Namespace.ID, g.Namespace.Path, g.Namespace.Protocols = 6, "acme/low", source.OnlySSH
		_, err3 := tx.Namespaces.PutGroup(t.Context(), g)
		p := worldimport.Project{Project: source.Project{ID: 7, Path: "dev/p", Visibility: source.Private, Repository: source.FeatureEnabled, Wiki: source.FeatureEnabled, Storage: "default"}}
		p.Profile = source.ProjectProfile{Topics: []string{""}, Description: "\xff", Settings: remembered.Values{"a": []any{"\xff"}}}
		_, _, err4 := tx.Projects.Put(t.Context(), p)
		err5 := tx.Projects.PutProtections(t.Context(), 7, []source.Protection{{Kind: source.Tag, Pattern: "v", Create: []source.Access{{Role: source.Owner}}}})
		err6 := tx.Hooks.Put(t.Context(), source.MemberSource{Project: 7}, hooks.Hook{ID: 1, URL: "https://x"})
		return errors.Join(err, err2, err3, err4, err5, err6)
	})
	if err != nil {
		t.Fatal(err)
	}
	text := write(t, store, true)
	for _, left := range []string{
		"  # left out of this row: name, password_expires_at, note, settings\n", "  # left out of this row: protocols\n",
		"  # left out of this row: description, topics, settings, protected_branches, protected_tags\n",
	} {
		if !strings.Contains(text, left) {
			t.Errorf("got %s, want %s", text, left)
		}
	}
	if c := changes(t, store, text); len(c) > 0 {
		t.Errorf("applied again: it changes %+v", c)
	}
}

// failing is a writer that fails, after some bytes.
type failing struct{ left int }

func (f *failing) Write(data []byte) (int, error) {
	if f.left -= len(data); f.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(data), nil
}

func TestWrite_fails(t *testing.T) {
	t.Parallel()
	store := memory.New()
	apply(t, store, written)
	ctx, cancel := context.WithCancel(t.Context())
	try := func(out io.Writer, report func(int)) error {
		return store.WorldSnapshot(t.Context(), false, func(c worldimport.Contents) error { return worldfile.Write(ctx, out, c, false, report) })
	}
	for _, left := range []int{0, 5000} {
		if err := try(&failing{left}, func(int) {}); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("disk full after %d bytes: got %v", left, err)
		}
	}
	last := 0
	if err := try(io.Discard, func(rows int) { last = rows }); err != nil || last != 19 {
		t.Errorf("report: got %d, %v, want 19 rows", last, err)
	}
	err := try(io.Discard, func(rows int) {
		if last = rows; rows == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || last != 3 {
		t.Errorf("cancelled: got %v after %d rows, want %v after 3", err, last, context.Canceled)
	}
}

// Whatever a text is, YAML reads it as it was.
func FuzzWrite_texts(f *testing.F) {
	for _, text := range []string{"", "plain", "two words", "a: b", "#a", "a #b", "- a", "null", "~", "Yes", "1", "0x1", "1e3", ".inf", "2027-01-01", "12:30:45", "a\nb", "\u2028\u2029\ufeff\u0085", "'", "\"\\", "{a}", "[", "&a", "*a", "!a", "|", ">", "%", "@", "`", "<<", "=", "a ", " a", "\x7f\x01", "\U0001f98a", "é", "a  b", "y", "_"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !worldfile.IsWritable(text) {
			return
		}
		var node yaml.Node
		if err := yaml.Unmarshal([]byte("a: {b: "+worldfile.Scalar(text)+"}"), &node); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		value := node.Content[0].Content[1].Content[1]
		if value.Value != text || value.ShortTag() != "!!str" {
			t.Errorf("%q: got %q of %s", text, value.Value, value.ShortTag())
		}
		if strings.ContainsAny(worldfile.Scalar(text), "\n\r\u2028\u2029\u0085") {
			t.Errorf("%q: it takes more than one line", text)
		}
	})
}
