package bench_test

import (
	"context"
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/adapters/gormstore/database"
	"gatehouse/domain/identity"
)

// A baseline is a handler that does only the necessary work: one prepared query,
// without authentication, rules and logging. Its answer is as long as the server's.

// directRole selects the data of a baseline's answer, and the role of a direct
// member of the project.
const directRole = `SELECT u.id, u.username, p.id, p.path, p.namespace_id, coalesce(m.level, 0)
FROM keys k
JOIN users u ON u.id = k.user_id
JOIN routes r ON r.path = $2
JOIN projects p ON p.id = r.project_id
LEFT JOIN members m ON m.user_id = u.id AND m.holder = -p.id
WHERE k.id = $1`

const keyByPrint = `SELECT k.id, k.title, k.line, k.usage, k.created_at, u.name
FROM keys k JOIN users u ON u.id = k.user_id WHERE k.fingerprint = $1`

// row is the row of a query.
type row interface{ Scan(into ...any) error }

// queryRow runs a query that returns one row.
type queryRow func(ctx context.Context, query string, args ...any) row

type baselineRequest struct {
	Action   string `json:"action"`
	Project  string `json:"project"`
	Changes  string `json:"changes"`
	Protocol string `json:"protocol"`
	KeyID    string `json:"key_id"`
	CheckIP  string `json:"check_ip"`
}

type baselineRepository struct {
	StorageName  string   `json:"storage_name"`
	RelativePath string   `json:"relative_path"`
	Objects      string   `json:"git_object_directory"`
	Alternates   []string `json:"git_alternate_object_directories"`
	GLRepository string   `json:"gl_repository"`
	ProjectPath  string   `json:"gl_project_path"`
}

type baselineGitaly struct {
	Repository baselineRepository `json:"repository"`
	Address    string             `json:"address"`
	Token      *string            `json:"token"`
	Features   map[string]string  `json:"features"`
}

type baselineResponse struct {
	Status          bool           `json:"status"`
	GLRepository    string         `json:"gl_repository"`
	ProjectPath     string         `json:"gl_project_path"`
	ProjectID       int64          `json:"gl_project_id"`
	RootNamespaceID int64          `json:"gl_root_namespace_id"`
	GLID            string         `json:"gl_id"`
	Username        string         `json:"gl_username"`
	KeyType         string         `json:"gl_key_type"`
	KeyID           int64          `json:"gl_key_id"`
	GitConfig       []string       `json:"git_config_options"`
	Gitaly          baselineGitaly `json:"gitaly"`
	Messages        []string       `json:"gl_console_messages"`
	NeedAudit       bool           `json:"need_audit"`
}

// access is the data of a baseline's answer.
type access struct {
	user     int64
	username string
	project  int64
	path     string
	root     int64
	level    int64
}

// lookup returns the access of a key to a path.
type lookup func(ctx context.Context, key int64, path string) (access, error)

// baseline returns a handler for both routes.
func baseline(find lookup, ask queryRow) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.POST("/api/v4/internal/allowed", allowedBaseline(find))
	engine.GET("/api/v4/internal/authorized_keys", keyBaseline(ask))
	return engine
}

func allowedBaseline(find lookup) gin.HandlerFunc {
	socket, _ := filepath.Abs("gitaly.socket")
	return func(c *gin.Context) {
		var in baselineRequest
		if err := c.ShouldBindJSON(&in); err != nil {
			c.String(http.StatusBadRequest, "%v", err)
			return
		}
		key, err := strconv.ParseInt(in.KeyID, 10, 64)
		if err != nil {
			c.String(http.StatusBadRequest, "%v", err)
			return
		}
		f, err := find(c.Request.Context(), key, strings.TrimSuffix(in.Project[1:], ".git"))
		if err != nil {
			c.String(http.StatusInternalServerError, "%v", err)
			return
		}
		repository := "project-" + strconv.FormatInt(f.project, 10)
		c.JSON(http.StatusOK, baselineResponse{
			Status: f.level >= 0, GLRepository: repository, ProjectPath: f.path, ProjectID: f.project, RootNamespaceID: f.root,
			GLID: "user-" + strconv.FormatInt(f.user, 10), Username: f.username, KeyType: "key", KeyID: key,
			GitConfig: []string{"uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"},
			Gitaly: baselineGitaly{
				Repository: baselineRepository{
					StorageName:  "default",
					RelativePath: "@hashed/6b/86/6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b.git",
					Alternates:   []string{}, GLRepository: repository, ProjectPath: f.path,
				},
				Address: "unix:" + socket, Features: map[string]string{},
			},
			Messages: []string{},
		})
	}
}

// byDirectRole looks up with one small query.
func byDirectRole(ask queryRow) lookup {
	return func(ctx context.Context, key int64, path string) (f access, err error) {
		err = ask(ctx, directRole, key, path).Scan(&f.user, &f.username, &f.project, &f.path, &f.root, &f.level)
		return f, err
	}
}

// byStanding looks up with the server's own statement, and reads only one column.
func byStanding(t testing.TB, pool *pgxpool.Pool) lookup {
	t.Helper()
	standing := &standing{database.Text{Dialect: database.Postgres}}
	query, names, err := database.ParseQueries(os.DirFS("../../adapters/gormstore/queries")).Write("standing", &standing.Text, standing)
	if err != nil {
		t.Fatalf("the statement of the server: %v", err)
	}
	return func(ctx context.Context, key int64, path string) (f access, err error) {
		now := time.Now().UTC()
		args := map[string]any{"claim": key, "path": path, "stem": nil, "now": now, "today": now.Format(time.DateOnly)}
		values := make([]any, len(names))
		for i, name := range names {
			values[i] = args[name]
		}
		rows, err := pool.Query(ctx, query, values...)
		if err != nil {
			return f, err
		}
		defer rows.Close()
		for rows.Next() {
			f = access{user: key, username: string(rows.RawValues()[11]), path: path, root: key}
		}
		return f, rows.Err()
	}
}

// standing is the data for the template of the server's statement: a key and a
// path, without refs.
type standing struct{ database.Text }

func (*standing) ByKey() bool    { return true }
func (*standing) ByUser() bool   { return false }
func (*standing) ByName() bool   { return false }
func (*standing) ByNumber() bool { return false }
func (*standing) ByPath() bool   { return true }
func (*standing) Refs() bool     { return false }

type baselineKey struct {
	ID        int64   `json:"id"`
	Title     string  `json:"title"`
	Key       string  `json:"key"`
	CreatedAt string  `json:"created_at"`
	ExpiresAt *string `json:"expires_at"`
	Usage     string  `json:"usage_type"`
}

func keyBaseline(ask queryRow) gin.HandlerFunc {
	return func(c *gin.Context) {
		print, _ := identity.ParseBlob(c.Query("key"))
		var k baselineKey
		var line, name string
		var created time.Time
		if err := ask(c.Request.Context(), keyByPrint, string(print)).Scan(&k.ID, &k.Title, &line, &k.Usage, &created, &name); err != nil {
			c.String(http.StatusInternalServerError, "%v", err)
			return
		}
		k.Key, k.CreatedAt = line+" "+name+" (localhost)", created.UTC().Format("2006-01-02T15:04:05.000Z")
		c.JSON(http.StatusOK, k)
	}
}

// baselineConnections is the server's default number of database connections.
func baselineConnections() int { return 4 * runtime.NumCPU() }

// openPgx opens a pool that prepares statements, with the server's settings.
func openPgx(t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns, config.MinConns = int32(baselineConnections()), int32(baselineConnections())
	config.ConnConfig.RuntimeParams["jit"] = "off"
	config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func queryPgx(pool *pgxpool.Pool) queryRow {
	return func(ctx context.Context, query string, args ...any) row { return pool.QueryRow(ctx, query, args...) }
}

// querySQL prepares the baselines' queries on a pool of database/sql.
func querySQL(t testing.TB, db *sql.DB) queryRow {
	t.Helper()
	db.SetMaxOpenConns(baselineConnections())
	db.SetMaxIdleConns(baselineConnections())
	prepared := map[string]*sql.Stmt{}
	for _, query := range []string{directRole, keyByPrint} {
		stmt, err := db.PrepareContext(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = stmt.Close() })
		prepared[query] = stmt
	}
	return func(ctx context.Context, query string, args ...any) row {
		return prepared[query].QueryRowContext(ctx, args...)
	}
}
