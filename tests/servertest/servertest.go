// Package servertest starts whole servers for tests: the graph of production on
// a real database, called over real connections, in the process of the test or
// in one of its own that can be killed.
package servertest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"gatehouse/bootstrap"
	"gatehouse/bootstrap/config"
	"gatehouse/tests/pgtest"
	"gatehouse/tests/stores"
	"gatehouse/tests/world"
)

// Main runs the tests of a package that starts servers. At the end it stops
// PostgreSQL and fails if goroutines are left.
func Main(m *testing.M) {
	serveSpawned()
	goleak.VerifyTestMain(suite{m})
}

// suite stops PostgreSQL before goleak counts the goroutines.
type suite struct{ *testing.M }

// Run runs the tests.
func (s suite) Run() int { return pgtest.Main(s.M) }

// OnEach runs a test in parallel on PostgreSQL and on SQLite, each time with a
// database of its own that is migrated and holds no data.
func OnEach(t *testing.T, test func(t *testing.T, database string)) {
	t.Helper()
	onEach(t, stores.PostgresURL, stores.SQLiteFile, test)
}

// OnEachEmpty is OnEach with databases that the server has to migrate.
func OnEachEmpty(t *testing.T, test func(t *testing.T, database string)) {
	t.Helper()
	onEach(t, func(t testing.TB) string { return pgtest.Open(t) },
		func(t testing.TB) string { return filepath.Join(t.TempDir(), "gatehouse.db") }, test)
}

func onEach(t *testing.T, postgres, sqlite func(testing.TB) string, test func(*testing.T, string)) {
	t.Helper()
	t.Parallel()
	for name, open := range map[string]func(testing.TB) string{"PostgreSQL": postgres, "SQLite": sqlite} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// Settings returns the configuration of a server with all three listeners, a
// relative root and a folder of its own for socket and secrets. Each further
// setting is KEY=VALUE.
func Settings(t *testing.T, database string, more ...string) config.Config {
	t.Helper()
	return Load(t, Flags(t, database, more...))
}

// Flags returns the settings of Settings by key, for a program that is given them.
func Flags(t *testing.T, database string, more ...string) map[string]string {
	t.Helper()
	dir := folder(t)
	flags := map[string]string{
		"http.address": "127.0.0.1:0", "http.public_address": "127.0.0.1:0", "http.socket": filepath.Join(dir, "socket"),
		"http.relative_root": Root, "external_url": "https://git.example.com" + Root,
		"database.url": database, "shell.secret_file": filepath.Join(dir, "secret"), "instance.key_file": filepath.Join(dir, "key"),
		"kas.secret_file": filepath.Join(dir, "kas"), "spool.path": filepath.Join(dir, "spool"),
		"gitaly.storages": `[{name: default, address: "tcp://gitaly.example.com:8075", token: ` + GitalyToken + `}]`,
		"gitaly.connect":  "false", // no Gitaly listens there
		"log.level":       "debug", "log.format": "json",
	}
	for _, setting := range more {
		key, value, _ := strings.Cut(setting, "=")
		flags[key] = value
		if key == "gitaly.storages" { // the test's storages come from package gitalytest
			flags["gitaly.connect"] = "true"
		}
	}
	return flags
}

// Load returns the configuration of a server with these settings.
func Load(t *testing.T, flags map[string]string) config.Config {
	t.Helper()
	config, err := config.Load(config.Sources{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// Root is the relative root of every server: the path in front of each route.
const Root = "/gitlab"

// folder makes a folder with a path shorter than t.TempDir has: the path of a
// Unix socket has at most 107 bytes.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gatehouse")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// The secrets in World and in Settings.
const (
	GitalyToken = "gitaly-token-of-the-tests"
	PortalToken = "glpat-token-of-the-tests"
	AgentToken  = "agent-token-of-the-tests"
	TOTPSecret  = "JBSWY3DPEHPK3PXP"
)

// World is the world file of tests/world with secrets added.
var World = strings.Replace(world.Small, "username: dev,", "username: dev, two_factor: {totp_secret: "+TOTPSecret+"},", 1) + `
access_tokens:
  - {user: root, name: portal, scopes: [api], token: ` + PortalToken + `}
agents:
  - {id: 1, name: prod, project: acme/tools/cli, created_by: maint, tokens: [{name: default, token: ` + AgentToken + `}]}
`

// WithWorld makes the server apply a world file before it listens.
func WithWorld(t *testing.T, text string) bootstrap.Option {
	t.Helper()
	return bootstrap.WithWorld(bootstrap.World{Name: "the tests", World: world.Parse(t, text)})
}
