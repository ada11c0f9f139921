package clients_test

import (
	"context"
	_ "embed" // for the world
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/tests/servertest"
	"gatehouse/tests/stores"
	"gatehouse/tests/world"
)

// rolesWorld has a user in each role of a private group and of what lies in it.
//
//go:embed testdata/roles.yaml
var rolesWorld string

// graph is the graph of production over a store that holds rolesWorld. Its time is
// world.Now.
type graph struct {
	bootstrap.Ports
	http.Handler
	// file is the database; empty for a store in memory.
	file string
	// log is what the server logs.
	log *servertest.Log
}

// backend makes graphs over stores of one kind. Their files lie in the folders of t.
type backend struct {
	testing.TB
	settings config.Config
	// database says that the stores are SQLite databases, and not in memory.
	database bool
	template func() []byte
}

// onBackends runs a test in parallel on each backend.
func onBackends(t *testing.T, test func(t *testing.T, b backend)) {
	t.Helper()
	t.Parallel()
	for name, database := range map[string]bool{"memory": false, "SQLite": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newBackend(t, database))
		})
	}
}

func newBackend(t testing.TB, database bool) backend {
	t.Helper()
	settings := config.Default()
	settings.ExternalURL = "https://git.example.com"
	settings.Shell.SecretFile = secretFile(t, "0123456789abcdef0123456789abcdef")
	settings.Kas.SecretFile = secretFile(t, base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")))
	settings.Instance.KeyFile = secretFile(t, "the key of an instance that serves tests")
	settings.Gitaly.Storages = []config.Storage{{Name: "default", Address: "unix:/run/gitaly.sock"}}
	settings.Gitaly.Connect = false
	b := backend{TB: t, settings: settings, database: database}
	b.template = sync.OnceValue(func() []byte {
		file := stores.SQLiteFile(t)
		ports := stores.Gorm(t, file, false)
		world.Apply(t, ports.WorldImport, rolesWorld)
		if err := ports.Store.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return content
	})
	return b
}

// in returns the backend for a part of its test.
func (b backend) in(t *testing.T) backend {
	b.TB = t
	return b
}

// secretFile writes a file with that content and returns its path.
func secretFile(t testing.TB, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// with calls do with a new graph, and closes its store.
func (b backend) with(do func(g graph)) {
	b.Helper()
	g := graph{log: new(servertest.Log)}
	if b.database {
		folder, err := os.MkdirTemp("", "clients")
		if err != nil {
			b.Fatal(err)
		}
		defer os.RemoveAll(folder)
		g.file = filepath.Join(folder, "gatehouse.db")
		if err := os.WriteFile(g.file, b.template(), 0o600); err != nil {
			b.Fatal(err)
		}
		g.Ports = stores.Gorm(b, g.file, false)
	} else {
		g.Ports = stores.Memory(b)
		world.Apply(b, g.WorldImport, rolesWorld)
	}
	defer func() {
		if err := g.Store.Close(context.Background()); err != nil {
			b.Errorf("close the store: %v", err)
		}
	}()
	g.Handler = b.handler(g)
	do(g)
}

// handler builds the graph of production over the store of g.
func (b backend) handler(g graph) http.Handler {
	b.Helper()
	built, err := bootstrap.Build(b.settings, g.Ports, bootstrap.Fakes{Clock: world.Clock, Log: bootstrap.NewLogger(b.settings.Log, g.log)})
	if err != nil {
		b.Fatal(err)
	}
	return built.Handlers.Internal
}

// onPostgres returns a graph over a PostgreSQL database until the test ends.
func (b backend) onPostgres() graph {
	b.Helper()
	g := graph{Ports: stores.Fresh(b, stores.Postgres), log: new(servertest.Log)}
	world.Apply(b, g.WorldImport, rolesWorld)
	g.Handler = b.handler(g)
	return g
}

// answer is what the server answered.
type answer struct {
	status int
	header http.Header
	body   string
}

// call sends a request with a path behind /api/v4 and headers as name and value in turn.
func (g graph) call(method, path, body string, header ...string) answer {
	request := httptest.NewRequest(method, "/api/v4"+path, strings.NewReader(body))
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	return g.send(request)
}

func (g graph) send(request *http.Request) answer {
	recorder := httptest.NewRecorder()
	g.ServeHTTP(recorder, request)
	return answer{recorder.Code, recorder.Header(), recorder.Body.String()}
}

// role is a caller in rolesWorld: a username, or anonymous.
type role string

// The roles, of which all but admin, stranger and anonymous are those in the group acme.
const (
	admin      role = "admin"
	owner      role = "owner"
	maintainer role = "maintainer"
	developer  role = "developer"
	guest      role = "guest"
	stranger   role = "stranger"
	anonymous  role = "anonymous"
)

// roles are in the order of the columns of tables.
var roles = []role{admin, owner, maintainer, developer, guest, stranger, anonymous}

// token returns the header by which the role authenticates; none for anonymous.
func (r role) token() []string {
	if r == anonymous {
		return nil
	}
	return []string{"PRIVATE-TOKEN", "glpat-of-the-" + string(r)}
}
