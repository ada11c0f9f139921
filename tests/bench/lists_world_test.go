package bench_test

import (
	"strconv"
	"strings"

	"gatehouse/domain/identity"
)

// The world of lists has 990 trees of ten groups, up to four deep, with ten projects in each
// group, and 1,000 projects in personal namespaces. The projects of three trees are public or
// internal, all others private.
const (
	listedProjects = 100_000
	listedUsers    = 5_000
	listedTrees    = 990
	ownedProjects  = 1_000
)

// The words that lists are searched for: a tenth of the projects has the common one in the
// name, a thousandth the rare one in the description, and none has the absent one.
const (
	commonWord = "service"
	rareWord   = "walrus"
	absentWord = "xylophone"
)

// listCaller is a user who asks for lists. Their numbers are 1, 2 and 3.
type listCaller struct {
	name, token string
	// sees is how many projects they may see.
	sees int
}

var listCallers = []listCaller{
	{"administrator", "glpat-of-the-administrator", listedProjects},
	{"user who sees 1,000", "glpat-of-who-sees-1000", 1_000},
	{"user who sees 50,000", "glpat-of-who-sees-50000", 50_000},
}

// listFilling returns the statements that insert the world of lists into the empty tables of
// PostgreSQL.
func listFilling() []string {
	text := strings.NewReplacer(
		":users", strconv.Itoa(listedUsers), ":trees", strconv.Itoa(listedTrees), ":groups", strconv.Itoa(10*listedTrees),
		":grouped", strconv.Itoa(listedProjects-ownedProjects), ":owned", strconv.Itoa(ownedProjects),
		":common", commonWord, ":rare", rareWord,
		// The visibility of what is in tree t.
		":visibility", "CASE t WHEN :trees THEN 'public' WHEN :trees - 1 THEN 'internal' WHEN :trees - 2 THEN 'internal' ELSE 'private' END",
		// The name of project i, and its other columns but for the path.
		":name", "(ARRAY['Billing', 'Search', 'Mobile', 'Data', 'Edge', 'Login', 'Report'])[1 + i % 7] || CASE WHEN i % 10 = 3 THEN ' :common ' ELSE ' library ' END || i",
		":rest", "'Keeps what the team of component ' || i || CASE WHEN i % 1000 = 7 THEN ' knows of a :rare' ELSE ' needs to run in production' END || ', see the handbook', 1 + i % :users, "+
			`'{"issues_access_level":"enabled","merge_requests_access_level":"disabled","build_timeout":3600,"squash_option":"default_off","merge_method":"ff","ci_config_path":"ci/main.yml"}', `+
			`'["go","team-' || i % 50 || '"]', timestamptz '2021-01-01' + i * interval '20 minutes', timestamptz '2021-02-01' + i * interval '20 minutes', `+
			"CASE WHEN i % 5 > 0 THEN timestamptz '2025-01-01' + (i * 7907 % 1000003) * interval '1 minute' END, "+
			"i % 20 = 0, false, 'enabled', 'enabled', true, 'main', false, 'default', '', false",
	)
	const namespace = "INSERT INTO namespaces (id, path, name, parent_id, root_id, owner_id, visibility, allowed_ips, protocols, require_ssh_certificates, pending_delete, hidden) "
	const project = "INSERT INTO projects (id, namespace_id, visibility, name, path, description, creator_id, settings, topics, created_at, updated_at, last_activity_at, " +
		"archived, read_only, repository, wiki, lfs, default_branch, empty, storage, legacy_path, pending_delete) "
	const member = "INSERT INTO members (user_id, group_id, project_id, level, state) "
	const groups = "(SELECT t, k, :users + 10 * (t - 1) + k AS id, (ARRAY[0, 1, 1, 1, 2, 2, 2, 5, 5, 5])[k] AS above FROM generate_series(1, :trees) t, generate_series(1, 10) k) g"
	const single = member + "SELECT :who, NULL, id, 30, 'active' FROM projects WHERE namespace_id BETWEEN :users + 10 * (:first - 1) + 1 AND :users + 10 * :last ORDER BY id LIMIT "
	var out []string
	for _, sql := range []string{
		"INSERT INTO users (id, username, name, email, state, type, admin, external, terms_accepted, email_confirmed) SELECT i, 'user' || i, 'User ' || i, 'user' || i || '@example.com', 'active', 'human', i = 1, false, true, true FROM generate_series(1, :users) i",
		namespace + "SELECT i, 'user' || i, 'User ' || i, NULL, NULL, i, 'private', '[]', 'all', false, false, false FROM generate_series(1, :users) i",
		// Within a tree group 1 is above 2 to 4, 2 above 5 to 7, and 5 above 8 to 10.
		namespace + "SELECT id, 'tree' || t || CASE WHEN k > 1 THEN CASE WHEN k > 4 THEN '/g2' ELSE '' END || CASE WHEN k > 7 THEN '/g5' ELSE '' END || '/g' || k ELSE '' END, 'Group ' || k || ' of ' || t, " +
			"CASE WHEN k > 1 THEN id - k + above END, CASE WHEN k > 1 THEN id - k + 1 END, NULL, :visibility, '[]', 'all', false, false, false FROM " + groups,
		"INSERT INTO namespace_closure (descendant_id, ancestor_id) WITH RECURSIVE up(d, a) AS (SELECT id, id FROM namespaces UNION ALL SELECT up.d, g.parent_id FROM up JOIN namespaces g ON g.id = up.a WHERE g.parent_id IS NOT NULL) SELECT d, a FROM up",
		// The numbers of a group's projects lie far apart, as it gets them over time.
		project + "SELECT i, n.id, :visibility, :name, n.path || '/part-' || i, :rest FROM (SELECT i, i * 7919 % :groups AS g, i * 7919 % :groups / 10 + 1 AS t FROM generate_series(1, :grouped) i) p JOIN namespaces n ON n.id = :users + 1 + g",
		project + "SELECT :grouped + i, n.id, 'private', :name, n.path || '/own', :rest FROM generate_series(1, :owned) i JOIN namespaces n ON n.id = i",
		"INSERT INTO routes (path, namespace_id) SELECT path, id FROM namespaces",
		"INSERT INTO routes (path, project_id) SELECT path, id FROM projects",
		// All other users have five memberships each, and a hundredth of the projects is shared
		// with a group of them.
		member + "SELECT 4 + i, :users + 1 + (i * 31 + k * 4099) % :groups, NULL, 30, 'active' FROM generate_series(0, :users - 4) i, generate_series(1, 2) k",
		member + "SELECT 4 + i, NULL, 1 + (i * 7 + k * 30011) % :grouped, 30, 'active' FROM generate_series(0, :users - 4) i, generate_series(1, 3) k",
		"INSERT INTO shares (project_id, with_id, level) SELECT 100 * i, :users + 10 * (800 + i % 100) + 1, 30 FROM generate_series(1, :owned) i",
		// Beside the 300 that are not private, and an own one, user 2 sees 300 projects of three
		// trees, 140 of parts of two, ten of a group, 100 that are shared with it, and 149 single
		// ones.
		member + "SELECT 2, :users + 10 * (t - 1) + CASE WHEN t < 704 THEN 1 WHEN t < 706 THEN 2 ELSE 8 END, NULL, 30, 'active' FROM generate_series(701, 706) t",
		"INSERT INTO shares (group_id, with_id, level) SELECT :users + 10 * (707 - 1) + 1, :users + 10 * (706 - 1) + 8, 30",
		strings.NewReplacer(":who", "2", ":first", "710", ":last", "720").Replace(single) + "149",
		// Beside the 300 and an own one, user 3 sees 40,000 projects of 400 trees, 7,000 of parts
		// of 100, 100 of another tree, 2,000 that are shared with that, and 599 single ones.
		member + "SELECT 3, :users + 10 * (t - 1) + CASE WHEN t BETWEEN 401 AND 500 THEN 2 ELSE 1 END, NULL, 30, 'active' FROM generate_series(1, 501) t",
		"INSERT INTO shares (group_id, with_id, level) SELECT :users + 10 * (t - 1) + 1, :users + 10 * (501 - 1) + 1, 30 FROM generate_series(502, 521) t",
		strings.NewReplacer(":who", "3", ":first", "601", ":last", "700").Replace(single) + "599",
	} {
		for range 3 { // what is put in names others
			sql = text.Replace(sql)
		}
		out = append(out, sql)
	}
	for i, c := range listCallers {
		out = append(out, "INSERT INTO access_tokens (user_id, name, scopes, digest, revoked) VALUES ("+strconv.Itoa(i+1)+
			`, 'lists', '["api"]', '`+string(identity.DigestToken(c.token))+"', false)")
	}
	return append(out, onPostgres.analyze)
}
