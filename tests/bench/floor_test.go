package bench_test

import (
	"context"
	"database/sql"
	"net/http"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/servertest"
)

// The floor is a server that does only the necessary work for the same answer: it checks
// the token and runs one prepared statement. It has no rules, no log and no settings.

// floorStatement selects the data of an answer and all that a decision on it depends on: the
// state of the key and the user, the project's flags, what its root namespace demands, and
// the highest role, the owner's or that of a membership or a share in the project, its group
// or a group above.
const floorStatement = `SELECT u.id, u.username, u.state, k.expires_at < CURRENT_TIMESTAMP, p.id, p.path, p.visibility, p.archived, p.read_only, p.repository,
	n.hidden OR p.pending_delete, root.id, root.protocols, root.allowed_ips,
	CASE WHEN root.owner_id = u.id THEN 50 ELSE coalesce((
		SELECT max((SELECT CASE WHEN m.level < via.level THEN m.level ELSE via.level END FROM members m
			WHERE m.user_id = u.id AND m.holder = via.holder AND m.state = 'active' AND (m.expires_at IS NULL OR m.expires_at > CURRENT_DATE)))
		FROM (
			SELECT -p.id AS holder, 50 AS level
			UNION ALL SELECT c.ancestor_id, 50 FROM namespace_closure c WHERE c.descendant_id = p.namespace_id
			UNION ALL SELECT c.ancestor_id, s.level FROM shares s JOIN namespace_closure c ON c.descendant_id = s.with_id WHERE s.holder = -p.id
			UNION ALL SELECT c.ancestor_id, s.level FROM namespace_closure above
				JOIN shares s ON s.holder = above.ancestor_id JOIN namespace_closure c ON c.descendant_id = s.with_id
				WHERE above.descendant_id = p.namespace_id
		) via
	), 0) END
FROM keys k
JOIN users u ON u.id = k.user_id
JOIN routes r ON r.path = $2
JOIN projects p ON p.id = r.project_id
JOIN namespaces n ON n.id = p.namespace_id
JOIN namespaces root ON root.id = coalesce(n.root_id, n.id)
WHERE k.id = $1`

const keyByPrint = `SELECT k.id, k.title, k.line, k.usage, k.created_at, u.name
FROM keys k JOIN users u ON u.id = k.user_id WHERE k.fingerprint = $1`

// scanner is the row of a query.
type scanner interface{ Scan(into ...any) error }

// queryRow runs a query that returns one row.
type queryRow func(ctx context.Context, query string, args ...any) scanner

type floorRequest struct {
	Action   string `json:"action"`
	Project  string `json:"project"`
	Changes  string `json:"changes"`
	Protocol string `json:"protocol"`
	KeyID    string `json:"key_id"`
	CheckIP  string `json:"check_ip"`
}

type floorRepository struct {
	StorageName  string   `json:"storage_name"`
	RelativePath string   `json:"relative_path"`
	Objects      string   `json:"git_object_directory"`
	Alternates   []string `json:"git_alternate_object_directories"`
	GLRepository string   `json:"gl_repository"`
	ProjectPath  string   `json:"gl_project_path"`
}

type floorGitaly struct {
	Repository floorRepository   `json:"repository"`
	Address    string            `json:"address"`
	Token      *string           `json:"token"`
	Features   map[string]string `json:"features"`
}

type floorResponse struct {
	Status          bool        `json:"status"`
	GLRepository    string      `json:"gl_repository"`
	ProjectPath     string      `json:"gl_project_path"`
	ProjectID       int64       `json:"gl_project_id"`
	RootNamespaceID int64       `json:"gl_root_namespace_id"`
	GLID            string      `json:"gl_id"`
	Username        string      `json:"gl_username"`
	KeyType         string      `json:"gl_key_type"`
	KeyID           int64       `json:"gl_key_id"`
	GitConfig       []string    `json:"git_config_options"`
	Gitaly          floorGitaly `json:"gitaly"`
	Messages        []string    `json:"gl_console_messages"`
	NeedAudit       bool        `json:"need_audit"`
}

// access is the data of an answer.
type access struct {
	user                                        int64
	username, state, repository, protocols, ips string
	expired                                     *bool
	archived, readOnly, gone                    bool
	project                                     int64
	path                                        string
	visibility                                  string
	root                                        int64
	level                                       int64
}

// floor returns the handler. Requests need a token that is signed with the secret.
func floor(ask queryRow) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(checkToken())
	engine.POST("/api/v4/internal/allowed", floorAllowed(ask))
	engine.GET("/api/v4/internal/authorized_keys", floorKeys(ask))
	return engine
}

func checkToken() gin.HandlerFunc {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer("gitlab-shell"))
	key := func(*jwt.Token) (any, error) { return secret, nil }
	return func(c *gin.Context) {
		var claims jwt.RegisteredClaims
		if _, err := parser.ParseWithClaims(c.GetHeader(servertest.TokenHeader), &claims, key); err != nil {
			c.AbortWithStatus(http.StatusUnauthorized)
		}
	}
}

func floorAllowed(ask queryRow) gin.HandlerFunc {
	socket, _ := filepath.Abs("gitaly.socket")
	return func(c *gin.Context) {
		var in floorRequest
		if err := c.ShouldBindJSON(&in); err != nil {
			c.String(http.StatusBadRequest, "%v", err)
			return
		}
		key, err := strconv.ParseInt(in.KeyID, 10, 64)
		if err != nil {
			c.String(http.StatusBadRequest, "%v", err)
			return
		}
		var f access
		err = ask(c.Request.Context(), floorStatement, key, strings.TrimSuffix(in.Project[1:], ".git")).
			Scan(&f.user, &f.username, &f.state, &f.expired, &f.project, &f.path, &f.visibility, &f.archived, &f.readOnly, &f.repository,
				&f.gone, &f.root, &f.protocols, &f.ips, &f.level)
		if err != nil {
			c.String(http.StatusInternalServerError, "%v", err)
			return
		}
		needed := int64(source.Reporter)
		if in.Action == "git-receive-pack" {
			needed = int64(source.Developer)
		}
		if f.level < needed && (f.visibility != "public" || in.Action == "git-receive-pack") {
			c.JSON(http.StatusNotFound, floorRefusal{Message: "The project you were looking for could not be found or you don't have permission to view it."})
			return
		}
		repository := "project-" + strconv.FormatInt(f.project, 10)
		c.JSON(http.StatusOK, floorResponse{
			Status: true, GLRepository: repository, ProjectPath: f.path, ProjectID: f.project, RootNamespaceID: f.root,
			GLID: "user-" + strconv.FormatInt(f.user, 10), Username: f.username, KeyType: "key", KeyID: key,
			GitConfig: []string{"uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"},
			Gitaly: floorGitaly{
				Repository: floorRepository{
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

type floorRefusal struct {
	Status  bool   `json:"status"`
	Message string `json:"message"`
}

type floorKey struct {
	ID        int64   `json:"id"`
	Title     string  `json:"title"`
	Key       string  `json:"key"`
	CreatedAt string  `json:"created_at"`
	ExpiresAt *string `json:"expires_at"`
	Usage     string  `json:"usage_type"`
}

func floorKeys(ask queryRow) gin.HandlerFunc {
	return func(c *gin.Context) {
		print, _ := identity.ParseBlob(c.Query("key"))
		var k floorKey
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

// serveFloor serves the floor on a database, whatever it is, until ctx ends. Its settings
// are the server's.
func serveFloor(ctx context.Context, t task) error {
	ask, closeDatabase, err := openFloor(ctx, t.URL)
	if err != nil {
		return err
	}
	defer closeDatabase()
	server := &http.Server{Addr: t.Address, Handler: floor(ask), ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	return server.ListenAndServe()
}

func openFloor(ctx context.Context, url string) (ask queryRow, closeDatabase func(), err error) {
	connections := 4 * runtime.NumCPU() // the server's default
	if isPostgres(url) {
		pool, err := openPgx(ctx, url, connections)
		if err != nil {
			return nil, nil, err
		}
		return func(ctx context.Context, query string, args ...any) scanner {
			return pool.QueryRow(ctx, query, args...)
		}, pool.Close, nil
	}
	db, err := sql.Open("sqlite", url)
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	prepared := map[string]*sql.Stmt{}
	for _, query := range []string{floorStatement, keyByPrint} {
		if prepared[query], err = db.PrepareContext(ctx, query); err != nil {
			return nil, nil, err
		}
	}
	ask = func(ctx context.Context, query string, args ...any) scanner {
		return prepared[query].QueryRowContext(ctx, args...)
	}
	return ask, func() { _ = db.Close() }, nil
}

// openPgx opens a pool that prepares statements.
func openPgx(ctx context.Context, url string, connections int) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns, config.MinConns = int32(connections), int32(connections)
	config.ConnConfig.RuntimeParams["jit"] = "off"
	config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	return pgxpool.NewWithConfig(ctx, config)
}
