package gormstore_test

import (
	"cmp"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"gatehouse/adapters/gormstore"
	"gatehouse/adapters/gormstore/database"
	"gatehouse/adapters/gormstore/worldtx"
	"gatehouse/application"
	"gatehouse/application/accounts"
	"gatehouse/application/groups"
	"gatehouse/application/inventory"
	"gatehouse/domain/audit"
	"gatehouse/domain/identity"
	"gatehouse/domain/rights"
	"gatehouse/domain/source"
	"gatehouse/tests/stores"
)

// plannedWorld fills a store with tables that are not small.
func plannedWorld(t *testing.T, s *gormstore.Store) largeWorld {
	t.Helper()
	c := largeWorld{4000}
	if strings.HasSuffix(t.Name(), "sqlite") {
		c = largeWorld{1000} // its plans depend on the indexes only
	}
	c.fill(t, s)
	return c
}

// TestStore_Standing_plan holds every variant of the statement to probes of
// indexes, in tables that are not small.
func TestStore_Standing_plan(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		c := plannedWorld(t, s)
		for _, claim := range []identity.Claim{{}, identity.ClaimKey("7"), identity.ClaimUser("7"), identity.ClaimName("user7")} {
			for _, target := range []source.Target{{}, byNumber(source.Code, 7), byPath(c.path(7) + ".wiki")} {
				for _, rare := range []bool{false, true} {
					what := fmt.Sprintf("%s in %s, rare=%t", claim, target, rare)
					query, args, err := s.Query(claim, target, now, true, rare)
					if err != nil {
						t.Fatal(err)
					}
					if strings.HasSuffix(t.Name(), "sqlite") {
						for _, step := range sqlitePlan(t, s, query, args) {
							if strings.Contains(step, "AUTOMATIC") || strings.HasPrefix(step, "SCAN ") && !scannable[strings.Fields(step)[1]] {
								t.Errorf("%s: %s", what, step)
							}
						}
						continue
					}
					probesOnly(t, s, what, query, args)
					if query, args, err = s.BatchQuery(claim, target, now, true, rare); err != nil {
						t.Fatal(err)
					}
					if len(args) > 0 {
						probesOnly(t, s, what+", batch", query, args)
					}
				}
			}
		}
		if strings.HasSuffix(t.Name(), "postgres") {
			checkWork(t, s, c)
		}
	})
}

// probesOnly holds a plan of PostgreSQL to probes of indexes, but for the notes of the
// instance, which are a handful for good.
func probesOnly(t *testing.T, s *gormstore.Store, what, query string, args []any) {
	t.Helper()
	postgresPlan(t, s, query, args).each(func(n planNode) {
		whole := strings.Contains(n.Type, "Index") && n.Condition == "" && n.Index != "users_ghost"
		notes := n.Relation == "instance_notes"
		if whole || n.Type == "Seq Scan" && !notes || n.Type == "Hash Join" || n.Type == "Merge Join" {
			t.Errorf("%s: %s of %s %s", what, n.Type, n.Relation, n.Index)
		}
	})
}

// TestDirectory_RoleSources_plan holds the statement to probes of indexes.
func TestDirectory_RoleSources_plan(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		c := plannedWorld(t, s)
		for _, p := range []source.Project{{ID: 7}, {ToBeCreated: true, Path: string(c.path(7))}} {
			query, args := s.RoleSourcesQuery(t.Context(), 7, p)
			if strings.HasSuffix(t.Name(), "sqlite") {
				for _, step := range sqlitePlan(t, s, query, args) {
					if words := strings.Fields(step); strings.Contains(step, "AUTOMATIC") || words[0] == "SCAN" && words[1] != "here" && words[1] != "place" {
						t.Errorf("project %d, path %q: %s", p.ID, p.Path, step)
					}
				}
				continue
			}
			postgresPlan(t, s, query, args).each(func(n planNode) {
				few := n.Relation == "shares" // fewer than it takes for an index
				if n.Type == "Seq Scan" && !few || strings.Contains(n.Type, "Index") && n.Condition == "" {
					t.Errorf("project %d, path %q: %s of %s %s", p.ID, p.Path, n.Type, n.Relation, n.Index)
				}
			})
		}
	})
}

// TestUsers_UserOfEmail_plan holds the look-up by e-mail to a probe of each of two indexes.
func TestUsers_UserOfEmail_plan(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		plannedWorld(t, s)
		dialect := database.SQLite
		if s.OnPostgres() {
			dialect = database.Postgres
		}
		query := worldtx.EmailOwner(dialect)
		for _, arg := range []string{"$1", "$2"} {
			query = strings.Replace(query, "?", arg, 1)
		}
		args, probes := []any{"u7@example.com", "u7@example.com"}, map[string]int{}
		if s.OnPostgres() {
			postgresPlan(t, s, query, args).each(func(n planNode) {
				if n.Condition != "" {
					probes[n.Index]++
				}
			})
		} else {
			for _, step := range sqlitePlan(t, s, query, args) {
				for _, index := range []string{"users_email", "user_emails_email"} {
					if strings.Contains(step, "SEARCH") && strings.Contains(step, "INDEX "+index+" ") {
						probes[index]++
					}
				}
			}
		}
		if want := map[string]int{"users_email": 1, "user_emails_email": 1}; !maps.Equal(probes, want) {
			t.Errorf("got probes %v, want %v", probes, want)
		}
	})
}

// TestManagement_plans holds statements of the management API to probes of an index each.
func TestManagement_plans(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		plannedWorld(t, s)
		for _, statement := range []string{
			"UPDATE namespaces SET hidden = true WHERE id % 500 = 7",
			"INSERT INTO access_tokens (user_id, name, scopes, digest, revoked, family_id) SELECT id, 'a', '[]', 'digest' || id, false, id / 3 FROM users",
			"ANALYZE",
		} {
			if _, err := s.Pool().ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		for index, query := range map[string]string{
			"access_tokens_family": "SELECT id FROM access_tokens WHERE " + strings.NewReplacer("id = ? OR", "id = 7 OR", "= ?", "= 7").Replace(worldtx.InFamily),
			"namespaces_hidden":    "SELECT h.id FROM namespaces h WHERE h.hidden",
		} {
			if !s.OnPostgres() {
				if steps := strings.Join(sqlitePlan(t, s, query, nil), "\n"); !strings.Contains(steps, index) {
					t.Errorf("%s: got\n%s", index, steps)
				}
				continue
			}
			used := false
			postgresPlan(t, s, query, nil).each(func(n planNode) {
				used = used || n.Index == index
				if n.Type == "Seq Scan" {
					t.Errorf("%s: got a %s of %s", index, n.Type, n.Relation)
				}
			})
			if !used {
				t.Errorf("%s: not used", index)
			}
		}
	})
}

// TestAccounts_Views_work holds a page of users to looks for the projects of each by an index.
func TestAccounts_Views_work(t *testing.T) {
	t.Parallel()
	s := open(t, stores.PostgresURL(t))
	viewWorld{8_000}.fill(t, s)
	query, args := s.AccountRecords.Query(accounts.Filter{}, application.Page{Order: "id", Size: 20, Keyset: true}, now)
	postgresPlan(t, s, query, args).each(func(n planNode) {
		if n.Relation == "projects" && n.Condition == "" {
			t.Errorf("got a %s of all projects %s", n.Type, n.Index)
		}
	})
}

// TestGroups_Views_work holds a search for groups to one look at the roles of a user who has
// many, whatever number of groups PostgreSQL expects to find.
func TestGroups_Views_work(t *testing.T) {
	t.Parallel()
	s := open(t, stores.PostgresURL(t))
	viewWorld{8_000}.fill(t, s)
	sight := rights.Sight{User: 1, Visibilities: []source.Visibility{source.Internal, source.Public}}
	query, args, err := s.GroupRecords.Query(groups.Filter{Sight: sight, Search: "g"}, application.Page{Order: "name", Size: 20}, now)
	if err != nil {
		t.Fatal(err)
	}
	postgresPlan(t, s, query, args).each(func(n planNode) {
		if n.Type == "Materialize" || n.Relation == "members" && n.Loops > 1 {
			t.Errorf("the roles are read for each group: %s of %s, %d times", n.Type, n.Relation, n.Loops)
		}
	})
}

// TestStore_PushContext_plan holds the statement with hooks to probes of indexes, among
// many hooks of other projects.
func TestStore_PushContext_plan(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		c := largeWorld{1000}
		c.fill(t, s)
		for _, statement := range []string{
			"INSERT INTO hooks (project_id, url, url_digest, token, push, tag_push, branches, trusting) SELECT id, 'u' || id, 'd' || id, '', true, false, '', false FROM projects",
			"INSERT INTO hooks (group_id, url, url_digest, token, push, tag_push, branches, trusting) SELECT id, 'u' || id, 'd' || id, '', false, true, '', false FROM namespaces WHERE owner_id IS NULL",
			"ANALYZE",
		} {
			if _, err := s.Pool().ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		query, args, err := s.PushContextQuery(identity.ClaimKey("7"), source.RepositoryID{Kind: source.Code, ID: 7}, now)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(t.Name(), "sqlite") {
			for _, step := range sqlitePlan(t, s, query, args) {
				if words := strings.Fields(step); strings.Contains(step, "AUTOMATIC") || words[0] == "SCAN" && (words[1] == "own" || words[1] == "above" || words[1] == "c") {
					t.Error(step)
				}
			}
			return
		}
		postgresPlan(t, s, query, args).each(func(n planNode) {
			if n.Type == "Seq Scan" && n.Relation != "broadcasts" || n.Type == "Hash Join" || n.Type == "Merge Join" {
				t.Errorf("%s of %s %s", n.Type, n.Relation, n.Index)
			}
		})
	})
}

// TestRecords_AuditEvents_plan holds each filter to probes of indexes, among many
// events.
func TestRecords_AuditEvents_plan(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *gormstore.Store) {
		events := make([]audit.Event, 5000)
		for i := range events {
			name := fmt.Sprint("user", i)
			events[i] = audit.Event{
				At: now.Add(time.Duration(i) * time.Second), Actor: audit.Actor{User: identity.UserID(i), Username: name},
				Outcome: audit.Done, Git: &audit.GitCommand{Repository: fmt.Sprint("project-", i)},
			}
			if i%100 == 0 {
				events[i].Outcome, events[i].Entity = audit.Refused, audit.Object{Kind: audit.Project, ID: int64(i), Path: "a/" + name}
				events[i].Actor.Sudo, events[i].Actor.SudoName = identity.UserID(i), name
			}
		}
		if err := s.AuditLog.Append(t.Context(), events...); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Pool().ExecContext(t.Context(), "ANALYZE"); err != nil {
			t.Fatal(err)
		}
		for name, f := range map[string]inventory.AuditFilter{
			"since": {Since: now.Add(4900 * time.Second)}, "until": {Until: now.Add(time.Minute)}, "refused": {Refused: true}, "refused, newest": {Refused: true, Limit: 1}, "refused since": {Refused: true, Since: now.Add(time.Minute)},
			"user": {User: "user7"}, "user by number": {User: "7"}, "user, newest": {User: "7", Limit: 1},
			"project": {Project: "project-7"}, "project by path": {Project: "a/user100"}, "project, newest": {Project: "wiki-7", Limit: 1},
		} {
			query, args, err := s.AuditQuery(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(t.Name(), "sqlite") {
				for _, step := range sqlitePlan(t, s, query, args) {
					if f.Refused && !strings.Contains(step, "audit_events_refused") || strings.HasPrefix(step, "SCAN audit_events") && !strings.Contains(step, "audit_events_refused") && !strings.Contains(step, "audit_events_at") {
						t.Errorf("%s: %s", name, step)
					}
				}
				continue
			}
			// What a subquery has found it may join with a table that is still small.
			joined := f.User != "" || f.Project != ""
			postgresPlan(t, s, query, args).each(func(n planNode) {
				if f.Refused && n.Index != "" && n.Index != "audit_events_refused" || n.Type == "Seq Scan" && !(joined && n.Alias == "audit_events") || strings.Contains(n.Type, "Index") && n.Condition == "" && n.Index != "audit_events_refused" && n.Index != "audit_events_at" {
					t.Errorf("%s: %s of %s %s", name, n.Type, n.Relation, n.Index)
				}
			})
		}
	})
}

// TestPaths_lookups reads all statements of the stores: routes alone has an index of paths,
// so that any other look-up reads a whole table.
func TestPaths_lookups(t *testing.T) {
	t.Parallel()
	lookup := regexp.MustCompile(`lower\((\w+\.)?path\)`)
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && entry.Name() == "migrations" {
			return cmp.Or(err, fs.SkipDir)
		}
		if entry.IsDir() || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "conflicts/") { // which looks before there are routes
			return nil
		}
		text, err := os.ReadFile(path)
		if found := lookup.Find(text); found != nil {
			t.Errorf("%s: %s", path, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checkWork looks at how many pages PostgreSQL touches: hardly more for a user
// of thousands of memberships than for others, and a few for each group in a row.
func checkWork(t *testing.T, s *gormstore.Store, c largeWorld) {
	t.Helper()
	pages := func(key, project int64) int {
		query, args, err := s.Query(identity.Claim{Kind: identity.ByKey, ID: key}, byNumber(source.Code, source.ProjectID(project)), now, true, false)
		if err != nil {
			t.Fatal(err)
		}
		plan := postgresPlan(t, s, query, args)
		return plan.Hit + plan.Read
	}
	plain, heavyUser, deepProject := pages(7, 7), pages(c.heavy(), 7), pages(1, c.deep())
	if heavyUser > plain+20 {
		t.Errorf("a heavy user: got %d pages, a plain one %d", heavyUser, plain)
	}
	if deepProject > plain+10*deepest {
		t.Errorf("a deep project: got %d pages, a plain one %d", deepProject, plain)
	}
}

// scannable is what SQLite may read as a whole: the row that all starts from,
// the one place that was found, and the index of ghosts.
var scannable = map[string]bool{"CONSTANT": true, "one": true, "p": true, "ghost": true}

func sqlitePlan(t *testing.T, s *gormstore.Store, query string, args []any) (steps []string) {
	t.Helper()
	rows, err := s.Pool().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	return steps
}

// planNode is a step of PostgreSQL's plan.
type planNode struct {
	Type      string     `json:"Node Type"`
	Relation  string     `json:"Relation Name"`
	Alias     string     `json:"Alias"`
	Index     string     `json:"Index Name"`
	Condition string     `json:"Index Cond"`
	Loops     int        `json:"Actual Loops"`
	Hit       int        `json:"Shared Hit Blocks"`
	Read      int        `json:"Shared Read Blocks"`
	Plans     []planNode `json:"Plans"`
}

func (n planNode) each(do func(planNode)) {
	do(n)
	for _, inner := range n.Plans {
		inner.each(do)
	}
}

// literal returns an argument as a statement of PostgreSQL has it in its text.
func literal(t *testing.T, conn *sql.Conn, arg any) (text string) {
	t.Helper()
	if arg == nil {
		return "NULL"
	}
	if valuer, ok := arg.(driver.Valuer); ok {
		arg, _ = valuer.Value() // of the store's own types, which never fail
	}
	err := conn.Raw(func(driverConn any) error {
		types := driverConn.(*stdlib.Conn).Conn().TypeMap()
		kind, ok := types.TypeForValue(arg)
		if !ok {
			return fmt.Errorf("no type of PostgreSQL for %T", arg)
		}
		out, err := types.Encode(kind.OID, pgx.TextFormatCode, arg, nil)
		text = "'" + string(out) + "'"
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// postgresPlan is the plan that every execution uses, whatever its arguments.
func postgresPlan(t *testing.T, s *gormstore.Store, query string, args []any) planNode {
	t.Helper()
	conn, err := s.Pool().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	var literals []string
	for _, arg := range args {
		literals = append(literals, literal(t, conn, arg))
	}
	given := ""
	if len(literals) > 0 {
		given = "(" + strings.Join(literals, ", ") + ")"
	}
	var text string
	_, err = conn.ExecContext(t.Context(), "PREPARE planned AS "+query)
	if err == nil {
		defer func() { _, _ = conn.ExecContext(t.Context(), "DEALLOCATE planned") }()
		err = conn.QueryRowContext(t.Context(), "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE planned"+given).Scan(&text)
	}
	if err != nil {
		t.Fatal(err)
	}
	var plans []struct{ Plan planNode }
	if err := json.Unmarshal([]byte(text), &plans); err != nil {
		t.Fatal(err)
	}
	return plans[0].Plan
}
