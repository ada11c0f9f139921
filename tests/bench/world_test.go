package bench_test

import (
	"crypto/sha256"
	"database/sql/driver"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// world is the size of a database. Each user has one key with the same number. Half
// of the groups are top-level groups; each has one of the other half as a subgroup,
// and the projects are in these. The last user, the heavy one, is a member of the
// first heavyGroups groups. A hierarchy is five groups inside each other
// with a project in each; all users are spread over the hierarchies, as members of the
// group at the top. The first owners users have a project of their own.
type world struct {
	name                                                               string
	users, groups, projects, members, heavyGroups, hierarchies, owners int
}

var (
	tiny  = world{"tiny", 200, 400, 100, 2_000, 400, 10, 100}
	small = world{"small", 2_000, 10_000, 1_000, 20_000, 10_000, 100, 1_000}
	large = world{"large", 1_000_000, 100_000, 500_000, 4_000_000, 10_000, 20_000, 400_000}
)

// buffers is a size of shared_buffers in which all of the world has room: of the large one
// these are 3 GB.
func (w world) buffers() string {
	if w == large {
		return "4GB"
	}
	return "1GB"
}

// worldNamed returns the world of that name.
func worldNamed(name string) (world, error) {
	for _, w := range []world{tiny, small, large} {
		if w.name == name {
			return w, nil
		}
	}
	return world{}, fmt.Errorf("there is no world %q, but tiny, small and large", name)
}

const (
	// depth is how many groups lie above a deep project.
	depth = 20
	// few is the number of deep projects, and of their members.
	few = 100
	// hierarchyDepth is how many groups a hierarchy has. The statements of filling that insert
	// hierarchies hold for 5 only.
	hierarchyDepth = 5
	// publicProjects is the number of projects that all may fetch.
	publicProjects = 100
)

// user returns a user with the usual number of memberships.
func (w world) user() int { return 1 + rand.IntN(w.users-1) }

// inherited returns a user and a project whose group, or one up to four groups above,
// they are a member of.
func (w world) inherited() (key int, path string) {
	key = w.user()
	return key, "h" + strconv.Itoa(1+(key-1)%w.hierarchies) + strings.Repeat("/s", rand.IntN(hierarchyDepth)) + "/p"
}

// public returns a user and a project that all may fetch.
func (w world) public() (key int, path string) {
	return w.user(), "pub/p" + strconv.Itoa(1+rand.IntN(publicProjects))
}

// publicProject returns the number of a project that all may fetch.
func (w world) publicProject() int {
	return w.projects + few + hierarchyDepth*w.hierarchies + 1 + rand.IntN(publicProjects)
}

// own returns a user and their own project.
func (w world) own() (key int, path string) {
	key = 1 + rand.IntN(w.owners)
	return key, ownPath(key)
}

// foreign returns a user and another user's project.
func (w world) foreign() (key int, path string) {
	key = w.user()
	return key, ownPath(1 + (key+rand.IntN(w.owners-1))%w.owners)
}

func ownPath(user int) string { return "user" + strconv.Itoa(user) + "/own" }

// plain returns a user with the usual number of memberships, and one of their
// projects.
func (w world) plain() (key int, path string) {
	key, project := w.member()
	return key, w.path(project)
}

// member returns a user with the usual number of memberships, and the number of a project
// that they may push to.
func (w world) member() (key, project int) {
	key = w.user()
	return key, 1 + (key-1)%w.projects
}

// heavy returns the user with very many memberships, and a project.
func (w world) heavy() (key int, path string) {
	return w.users, w.path(1 + rand.IntN(min(w.projects, w.heavyGroups)))
}

// slow returns the heavy user and the project of which slowDown makes the look-up slow.
func (w world) slow() (key int, path string) { return w.users, w.path(1) }

// deep returns a user who inherits a role from a group far above a project.
func (w world) deep() (key int, path string) {
	return 1 + rand.IntN(few), deepPath(depth) + "/p" + strconv.Itoa(1+rand.IntN(few))
}

func (w world) path(project int) string {
	return "g" + strconv.Itoa(1+(project-1)%(w.groups/2)) + "/s/p" + strconv.Itoa(project)
}

func deepPath(n int) string { return "deep" + strings.Repeat("/x", n-1) }

// blob returns the public key with a number. Its base64 form needs no escaping in a
// URL's query.
func blob(n int64) []byte {
	return fmt.Appendf(nil, "\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20%032d", n)
}

// statement is one step of filling a database; what names the inserted rows in the
// progress report.
type statement struct{ what, sql string }

// filling returns the statements that insert a world into empty tables.
func (w world) filling(d dialect) []statement {
	text := strings.NewReplacer(
		":users", strconv.Itoa(w.users), ":groups", strconv.Itoa(w.groups), ":half", strconv.Itoa(w.groups/2),
		":projects", strconv.Itoa(w.projects),
		":depth", strconv.Itoa(depth), ":few", strconv.Itoa(few), ":burden", strconv.Itoa(w.heavyGroups),
		":hierarchies", strconv.Itoa(w.hierarchies), ":owners", strconv.Itoa(w.owners), ":public", strconv.Itoa(publicProjects),
		// How many namespaces and projects are numbered below these.
		":pub", strconv.Itoa(w.users+w.groups+depth+1), ":inside", strconv.Itoa(w.projects+few),
		":open", strconv.Itoa(w.projects+few+hierarchyDepth*w.hierarchies), ":owned", strconv.Itoa(w.projects+few+hierarchyDepth*w.hierarchies+publicProjects),
		":total", strconv.Itoa(w.projects+few+hierarchyDepth*w.hierarchies+publicProjects+w.owners),
		":deepest", deepPath(depth), ":now", time.Now().UTC().Format(time.DateTime+"+00:00"),
		":line", d.line, ":print", d.print,
	)
	each := func(from, to string) string { return text.Replace(d.series("i", from, to)) }
	mine := w.members / w.users
	times := func(n int) string { return ", " + d.series("k", "1", strconv.Itoa(n)) }
	const namespace = "INSERT INTO namespaces (id, path, parent_id, root_id, owner_id, visibility, allowed_ips, protocols, require_ssh_certificates, pending_delete, hidden) "
	const project = "INSERT INTO projects (id, namespace_id, path, visibility, archived, read_only, repository, wiki, lfs, default_branch, empty, storage, legacy_path, pending_delete) "
	const rest = ", false, false, 'enabled', 'enabled', true, 'main', false, 'default', '', false FROM "
	levels := ", " + d.series("l", "1", strconv.Itoa(hierarchyDepth))
	const key = "INSERT INTO keys (id, kind, user_id, creator_id, title, line, fingerprint, usage, created_at, last_used_at) "
	const protection = "INSERT INTO protections (id, project_id, kind, pattern, allow_force_push) "
	const entry = "INSERT INTO protection_entries (protection_id, verb, level) "
	const member = "INSERT INTO members (user_id, project_id, group_id, level, state) "
	var out []statement
	for _, s := range []statement{
		{"users", "INSERT INTO users (id, username, name, email, state, type, admin, external, terms_accepted, email_confirmed)" +
			" SELECT i, 'user' || i, 'User ' || i, 'user' || i || '@example.com', 'active', 'human', false, false, true, true FROM " + each("1", ":users")},
		{"keys", key + "SELECT i, 'key', i, NULL, 'laptop', :line, :print, 'auth_and_signing', ':now', ':now' FROM " + each("1", ":users")},
		{"personal namespaces", namespace + "SELECT i, 'user' || i, NULL, NULL, i, 'private', '[]', 'all', false, false, false FROM " + each("1", ":users")},
		{"groups", namespace + "SELECT :users + i, 'g' || i, NULL, NULL, NULL, 'private', '[]', 'all', false, false, false FROM " + each("1", ":half")},
		{"", namespace + "SELECT :users + :half + i, 'g' || i || '/s', :users + i, :users + i, NULL, 'private', '[]', 'all', false, false, false FROM " + each("1", ":half")},
		{"", namespace + "SELECT :users + :groups + i, substr(':deepest', 1, 4 + 2 * (i - 1)), CASE WHEN i > 1 THEN :users + :groups + i - 1 END, CASE WHEN i > 1 THEN :users + :groups + 1 END, NULL, 'private', '[]', 'all', false, false, false FROM " + each("1", ":depth")},
		{"", namespace + "SELECT :pub, 'pub', NULL, NULL, NULL, 'public', '[]', 'all', false, false, false"},
		{"hierarchies", namespace + "SELECT :pub + 5 * (i - 1) + l, 'h' || i || substr('/s/s/s/s', 1, 2 * (l - 1)), CASE WHEN l > 1 THEN :pub + 5 * (i - 1) + l - 1 END, CASE WHEN l > 1 THEN :pub + 5 * (i - 1) + 1 END, NULL, 'private', '[]', 'all', false, false, false FROM " + each("1", ":hierarchies") + levels},
		{"ancestors", "INSERT INTO namespace_closure (descendant_id, ancestor_id) SELECT id, id FROM namespaces UNION SELECT id, parent_id FROM namespaces WHERE parent_id IS NOT NULL UNION SELECT id, root_id FROM namespaces WHERE root_id IS NOT NULL"},
		{"", "INSERT INTO namespace_closure (descendant_id, ancestor_id) SELECT a.id, b.id FROM namespaces a JOIN namespaces b ON b.id < a.id - 1 WHERE a.id > :users + :groups AND a.id < :pub AND b.id > :users + :groups + 1"},
		{"", "INSERT INTO namespace_closure (descendant_id, ancestor_id) SELECT :pub + 5 * (i - 1) + a, :pub + 5 * (i - 1) + b FROM " + each("1", ":hierarchies") + ", (SELECT 4 AS a, 2 AS b UNION ALL SELECT 5, 2 UNION ALL SELECT 5, 3) AS pairs"},
		{"shares", "INSERT INTO shares (group_id, with_id, level) SELECT :users + i, :users + i + 1, 30 FROM " + each("1", ":groups / 10")},
		{"projects", project + "SELECT i, :users + :half + 1 + (i - 1) % :half, 'g' || (1 + (i - 1) % :half) || '/s/p' || i, 'private'" + rest + each("1", ":projects")},
		{"", project + "SELECT :projects + i, :users + :groups + :depth, ':deepest/p' || i, 'private'" + rest + each("1", ":few")},
		{"projects of hierarchies", project + "SELECT :inside + 5 * (i - 1) + l, :pub + 5 * (i - 1) + l, 'h' || i || substr('/s/s/s/s', 1, 2 * (l - 1)) || '/p', 'private'" + rest + each("1", ":hierarchies") + levels},
		{"", project + "SELECT :open + i, :pub, 'pub/p' || i, 'public'" + rest + each("1", ":public")},
		{"own projects", project + "SELECT :owned + i, i, 'user' || i || '/own', 'private'" + rest + each("1", ":owners")},
		{"routes", "INSERT INTO routes (path, namespace_id) SELECT path, id FROM namespaces"},
		{"", "INSERT INTO routes (path, project_id) SELECT path, id FROM projects"},
		{"redirects", "INSERT INTO redirects (path, project_id) SELECT 'old/' || path, id FROM projects"},
		{"deploy keys", key + "SELECT i, 'deploy_key', NULL, i - :users, 'robot', :line, :print, 'auth_and_signing', ':now', ':now' FROM " + each(":users + 1", ":users + :projects")},
		{"", "INSERT INTO deploy_key_projects (key_id, project_id, can_push) SELECT id, id - :users, true FROM keys WHERE kind = 'deploy_key'"},
		{"protections", protection + "SELECT id, id, 'branch', 'main', false FROM projects"},
		{"", entry + "SELECT id, 'push', 40 FROM protections"},
		{"", entry + "SELECT id, 'merge', 40 FROM protections"},
		{"", protection + "SELECT :total + i, i, 'branch', 'release/*', false FROM " + each("1", ":few")},
		{"", protection + "SELECT :total + :few + i, i, 'tag', 'v*', false FROM " + each("1", ":few")},
		{"", entry + "SELECT id, CASE WHEN kind = 'tag' THEN 'create' ELSE 'push' END, 40 FROM protections WHERE id > :total"},
		// The strides keep a user from being a member twice.
		{"members of projects", member + "SELECT i, 1 + (i - 1 + (k - 1) * 7) % :projects, NULL, 30, 'active' FROM " + each("1", ":users - 1") + times(mine-mine/2)},
		{"members of groups", member + "SELECT i, NULL, :users + 1 + (i * 3 + k * 11) % :groups, 20, 'active' FROM " + each("1", ":users - 1") + times(mine/2)},
		{"the heavy user and the deep project", member + "SELECT :users, NULL, :users + i, 30, 'active' FROM " + each("1", ":burden")},
		{"members of hierarchies", member + "SELECT i, NULL, :pub + 5 * ((i - 1) % :hierarchies) + 1, 30, 'active' FROM " + each("1", ":users - 1")},
		{"", member + "SELECT i, NULL, :users + :groups + 1, 30, 'active' FROM " + each("1", ":few")},
	} {
		out = append(out, statement{s.what, text.Replace(s.sql)})
	}
	return append(out, statement{"statistics", d.analyze})
}

// dialect is the SQL that differs between databases.
type dialect struct {
	// series returns a table of one column with the numbers from and to.
	series func(column, from, to string) string
	// line and print are the public key with the number i and its fingerprint.
	line, print string
	analyze     string
}

const postgresBlob = `'\x0000000b7373682d6564323535313900000020'::bytea || convert_to(lpad(i::text, 32, '0'), 'UTF8')`

var (
	onPostgres = dialect{
		series: func(column, from, to string) string {
			return fmt.Sprintf("generate_series(%s, %s) AS %s", from, to, column)
		},
		line:    "'ssh-ed25519 ' || encode(" + postgresBlob + ", 'base64')",
		print:   "rtrim(encode(sha256(" + postgresBlob + "), 'base64'), '=')",
		analyze: "VACUUM ANALYZE",
	}
	onSQLite = dialect{
		series: func(column, from, to string) string {
			return fmt.Sprintf("(WITH RECURSIVE n(i) AS (SELECT %s UNION ALL SELECT i + 1 FROM n WHERE i < %s) SELECT i AS %s FROM n)", from, to, column)
		},
		line: "bench_line(i)", print: "bench_print(i)",
		analyze: "ANALYZE",
	}
)

func init() {
	register := func(name string, f func(n int64) string) {
		sqlite.MustRegisterDeterministicScalarFunction(name, 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			return f(args[0].(int64)), nil
		})
	}
	register("bench_line", func(n int64) string { return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(blob(n)) })
	register("bench_print", func(n int64) string {
		sum := sha256.Sum256(blob(n))
		return base64.RawStdEncoding.EncodeToString(sum[:])
	})
}
