package bench_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"

	"gatehouse/domain/identity"
	"gatehouse/domain/source"
	"gatehouse/tests/servertest"
)

// The floor is a server that does only the necessary work for the same answer: it checks
// the token and runs one prepared statement. It has no rules, no log and no settings.

const (
	// floorStatement finds the project by its path.
	floorStatement = floorColumns + ", NULL" + floorTables + "JOIN routes r ON r.path = $2 JOIN projects p ON p.id = r.project_id" + floorRest
	// pushStatement finds the project by its number, and selects also who may push to the
	// branch.
	pushStatement = floorColumns + `,
	(SELECT max(e.level) FROM protections pr JOIN protection_entries e ON e.protection_id = pr.id
		WHERE pr.project_id = p.id AND pr.kind = 'branch' AND $3 LIKE replace(pr.pattern, '*', '%') AND e.verb = 'push')` +
		floorTables + "JOIN projects p ON p.id = $2" + floorRest
)

// These parts of a statement select the data of an answer and all that a decision on it depends on: the
// state of the key and the user, the project's flags, what its root namespace demands, and
// the highest role, the owner's or that of a membership or a share in the project, its group
// or a group above.
const (
	floorColumns = `SELECT u.id, u.username, u.state, k.expires_at < CURRENT_TIMESTAMP, p.id, p.path, p.visibility, p.archived, p.read_only, p.repository,
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
	), 0) END`
	floorTables = `
FROM keys k
JOIN users u ON u.id = k.user_id
`
	floorRest = `
JOIN namespaces n ON n.id = p.namespace_id
JOIN namespaces root ON root.id = coalesce(n.root_id, n.id)
WHERE k.id = $1`
)

const keyByPrint = `SELECT k.id, k.title, k.line, k.usage, k.created_at, u.name
FROM keys k JOIN users u ON u.id = k.user_id WHERE k.fingerprint = $1`

type floorRequest struct {
	Action       string `json:"action"`
	GLRepository string `json:"gl_repository"`
	Project      string `json:"project"`
	Changes      string `json:"changes"`
	Protocol     string `json:"protocol"`
	KeyID        string `json:"key_id"`
	CheckIP      string `json:"check_ip"`
	RelativePath string `json:"relative_path"`
	Env          string `json:"env"`
}

// floorQuarantine is where the objects of a push are until it is allowed.
type floorQuarantine struct {
	Objects    string   `json:"GIT_OBJECT_DIRECTORY_RELATIVE"`
	Alternates []string `json:"GIT_ALTERNATE_OBJECT_DIRECTORIES_RELATIVE"`
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
	// needed is the role that may push to the branch, if that is protected.
	needed *int64
}

// floor returns the handler. Requests need a token that is signed with the secret.
func floor(db floorDatabase) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(checkToken())
	engine.POST("/api/v4/internal/allowed", floorAllowed(db))
	engine.POST("/api/v4/internal/pre_receive", floorPreReceive(db))
	engine.POST("/api/v4/internal/post_receive", floorPostReceive(db))
	engine.GET("/api/v4/internal/authorized_keys", floorKeys(db))
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

func floorAllowed(db floorDatabase) gin.HandlerFunc {
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
		query, args := floorStatement, []any{key, strings.TrimSuffix(in.Project[1:], ".git")}
		if number := projectOf(in.GLRepository); number != 0 {
			query, args = pushStatement, []any{key, number, branchOf(in.Changes)}
		}
		var f access
		err = db.queryRow(c.Request.Context(), query, args...).
			Scan(&f.user, &f.username, &f.state, &f.expired, &f.project, &f.path, &f.visibility, &f.archived, &f.readOnly, &f.repository,
				&f.gone, &f.root, &f.protocols, &f.ips, &f.level, &f.needed)
		if err != nil {
			c.String(http.StatusInternalServerError, "%v", err)
			return
		}
		needed := int64(source.Reporter)
		if in.Action == "git-receive-pack" {
			needed = int64(source.Developer)
		}
		if f.needed != nil {
			needed = max(needed, *f.needed)
		}
		if f.level < needed && (f.visibility != "public" || in.Action == "git-receive-pack") {
			c.JSON(http.StatusNotFound, floorRefusal{Message: "The project you were looking for could not be found or you don't have permission to view it."})
			return
		}
		repository := "project-" + strconv.FormatInt(f.project, 10)
		quarantine := floorQuarantine{Alternates: []string{}}
		if in.Env != "" {
			if err := json.Unmarshal([]byte(in.Env), &quarantine); err != nil {
				c.String(http.StatusBadRequest, "%v", err)
				return
			}
		}
		c.JSON(http.StatusOK, floorResponse{
			Status: true, GLRepository: repository, ProjectPath: f.path, ProjectID: f.project, RootNamespaceID: f.root,
			GLID: "user-" + strconv.FormatInt(f.user, 10), Username: f.username, KeyType: "key", KeyID: key,
			GitConfig: []string{"uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"},
			Gitaly: floorGitaly{
				Repository: floorRepository{
					StorageName:  "default",
					RelativePath: "@hashed/6b/86/6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b.git",
					Objects:      quarantine.Objects, Alternates: quarantine.Alternates, GLRepository: repository, ProjectPath: f.path,
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

func floorKeys(db floorDatabase) gin.HandlerFunc {
	return func(c *gin.Context) {
		print, _ := identity.ParseBlob(c.Query("key"))
		var k floorKey
		var line, name string
		var created time.Time
		if err := db.queryRow(c.Request.Context(), keyByPrint, string(print)).Scan(&k.ID, &k.Title, &line, &k.Usage, &created, &name); err != nil {
			c.String(http.StatusInternalServerError, "%v", err)
			return
		}
		k.Key, k.CreatedAt = line+" "+name+" (localhost)", created.UTC().Format("2006-01-02T15:04:05.000Z")
		c.JSON(http.StatusOK, k)
	}
}
